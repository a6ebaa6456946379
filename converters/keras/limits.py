"""How much a model file may unpack to, and what else is in it: checked before anything of it is unpacked."""

from __future__ import annotations

import io
import math
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hlsq.errors import ModelFileError, OptionError

VARIABLE = "HLSQ_MODEL_LIMITS"
WEIGHTS = "model.weights.h5"
CONFIGS = ("config.json", "metadata.json")
SMALL = 16 << 20
"""Bytes that may come of however few: a small array of zeros packs well."""


@dataclass(frozen=True)
class Limit:
    """One limit.

    Args:
        what: is limited.
        most: how many or how much of it, before the environment variable multiplies it.
    """

    what: str
    most: int

    def check(self, found: float, where: str) -> None:
        """Refuse what is beyond the limit.

        Raises:
            ModelFileError: ``found`` is more than is allowed.
            OptionError: the environment variable is no number.
        """
        factor = _factor()
        if found <= self.most * factor:
            return
        enough = math.ceil(found / self.most)
        raise ModelFileError(
            f"{where} has {math.ceil(found):,} {self.what}; at most {math.floor(self.most * factor):,} are read, as "
            "models need far less. If you trust the file, raise all such limits by the environment variable "
            f"{VARIABLE}={enough}"
        )


MEMBERS = Limit("members", 1000)
OBJECTS = Limit("groups, arrays and links", 100_000)
CONFIG = Limit("bytes of configuration once unpacked", 32 << 20)
TOTAL = Limit("bytes once unpacked", 4 << 30)
RATIO = Limit("times as many bytes unpacked as packed", 200)


def check_config(size: int, where: str) -> None:
    """Refuse a configuration of ``size`` bytes if that is too many."""
    CONFIG.check(size, where)


def check_archive(path: Path, archive: zipfile.ZipFile) -> None:
    """Refuse a ``.keras`` file that unpacks to too much, or whose weights are not all in it.

    Sizes are those that the archive itself declares; zipfile unpacks no more than these.

    Raises:
        ModelFileError: it is so; names the member, its size and the limit.
    """
    members = archive.infolist()
    MEMBERS.check(len(members), str(path))
    names = [member.filename for member in members]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ModelFileError(f"{path}: there are several {twice!r} in it; save the model again")
    for member in members:
        where = f"{path}: its member {member.filename!r}"
        (CONFIG if member.filename in CONFIGS else TOTAL).check(member.file_size, where)
        if member.file_size > SMALL:
            RATIO.check(member.file_size / max(member.compress_size, 1), where)
    TOTAL.check(sum(member.file_size for member in members), str(path))
    if WEIGHTS in names:
        check_hdf5(io.BytesIO(archive.read(WEIGHTS)), f"{path}: its member {WEIGHTS!r}")


def check_hdf5(source: Path | io.BytesIO, where: str) -> None:
    """Refuse an HDF5 file that unpacks to too much, or whose arrays lie in other files.

    Raises:
        ModelFileError: it is so; names the array, its size and the limit.
        OSError, RuntimeError, KeyError: whatever h5py raises for a damaged file.
    """
    import h5py

    with h5py.File(source, "r") as file:
        links: list[tuple[str, int]] = []
        file.id.links.visit(lambda name, info: links.append((name.decode(errors="replace"), info.type)), info=True)
        OBJECTS.check(len(links), where)
        for name, kind in links:
            if kind != h5py.h5l.TYPE_HARD:
                raise ModelFileError(f"{where}: {name!r} in it is a link to elsewhere; save the model again")
        sizes: list[int] = []
        _check_attributes(file, where)
        file.visititems(lambda name, part: _check_part(part, f"{where}: {name!r} in it", sizes))
        TOTAL.check(sum(sizes), where)


def _check_part(part: Any, where: str, sizes: list[int]) -> None:
    """Check a group or an array, and note its size."""
    import h5py

    _check_attributes(part, where)
    if not isinstance(part, h5py.Dataset):
        return
    if part.external or part.is_virtual:
        raise ModelFileError(f"{where} has its values in other files; save the model again")
    size = part.size * part.dtype.itemsize if part.size else 0
    TOTAL.check(size, where)
    if size > SMALL:
        RATIO.check(size / max(part.id.get_storage_size(), 1), where)
    sizes.append(size)


def _check_attributes(part: Any, where: str) -> None:
    for name in part.attrs:
        found = part.attrs.get_id(name)
        size = found.get_space().get_simple_extent_npoints() * found.get_type().get_size()
        CONFIG.check(size, f"{where}: its attribute {name!r}")


def _factor() -> float:
    given = os.environ.get(VARIABLE, "1")
    try:
        factor = float(given)
    except ValueError:
        factor = math.nan
    if not 1 <= factor < math.inf:
        raise OptionError(f"{VARIABLE}={given!r}: expected by how many times to raise limits, a number of at least 1")
    return factor
