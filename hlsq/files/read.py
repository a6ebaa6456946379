"""The one place where files with data are read: JSON, NumPy's archives and arrays.

What a file cannot be is found here, what its values may be by whoever asked for it (``Field``). Whatever is wrong ends
in the exception that the caller names.
"""

from __future__ import annotations

import json
import math
import os
import stat
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsq.errors import HlsqError
from hlsq.escape import shown
from hlsq.files.fields import Field, one_line

MAX_JSON_BYTES = 1 << 28
PROJECT_FILE = "hlsq_project.json"
"""By its presence a folder is a project."""
MAX_DEPTH = 64
"""Lists and objects inside each other."""
SMALLEST = float(np.finfo(np.float64).smallest_normal)
LEAST_INTEGER, MOST_INTEGER = -(2**63), 2**64 - 1


class _Repeated:
    """Key under which an object remembers which of its keys the file has twice."""


def read_json(path: str | Path, error: type[HlsqError], what: str) -> Field:
    """The object that a JSON file holds.

    Args:
        path: of the file.
        error: class of the exception.
        what: the file is meant to be, for messages.

    Raises:
        HlsqError: (``error``) no file to read, too large, no JSON, a key that is there twice, a number that is none or
            that 64 bits cannot hold, or lists and objects nested deeper than anything hlsq writes.
    """
    try:
        text = _read_bytes(path, error, what).decode("utf-8")
    except UnicodeDecodeError as problem:
        raise error(f"{path} is not {what}: it is not text in UTF-8 (byte {problem.start})") from None
    return parse_json(text, error, str(path), what)


def parse_json(text: str, error: type[HlsqError], file: str, what: str) -> Field:
    """The object that JSON ``text`` of ``file`` holds; raises as ``read_json`` does."""
    try:
        value = json.loads(text, object_pairs_hook=_object, parse_float=_float, parse_constant=lambda _: math.nan)
    except RecursionError:
        raise error(f"{file} is not {what}: lists or objects are nested more than {MAX_DEPTH} deep") from None
    except ValueError as problem:  # its syntax, or a whole number of thousands of digits
        raise error(f"{file} is not JSON: {problem}") from None
    found = Field(value, error, file)
    if not isinstance(value, dict):
        raise found.expected("an object ({...}) at the top level")
    _check(found, 0)
    return found


def read_archive(path: str | Path, error: type[HlsqError], limit: int | None = None) -> dict[str, NDArray[Any]]:
    """All arrays of an ``.npz`` archive by name; none of them of objects.

    Args:
        path: of the archive.
        error: class of the exception.
        limit: most bytes of all arrays together, unpacked.

    Raises:
        HlsqError: (``error``) no such file, no archive, or a damaged, encrypted or pickled member.
    """
    with _numpy_errors(path, error):
        _check_regular(path)
        with zipfile.ZipFile(path) as archive:
            _check_members(archive.infolist(), limit)
        with np.load(path, allow_pickle=False) as arrays:
            if not isinstance(arrays, np.lib.npyio.NpzFile):
                raise ValueError("it is no .npz archive")
            found = {name: arrays[name] for name in arrays.files}
            if broken := [name for name, value in found.items() if not isinstance(value, np.ndarray)]:
                raise ValueError(f"its member {broken[0]!r} is no array")
            return found


def read_array(path: str | Path, error: type[HlsqError]) -> NDArray[Any]:
    """The array of an ``.npy`` file, mapped into memory; not of objects.

    Raises:
        HlsqError: (``error``) no such file, or no array.
    """
    with _numpy_errors(path, error):
        _check_regular(path)
        found = np.load(path, allow_pickle=False, mmap_mode="r")
        if not isinstance(found, np.ndarray):
            raise ValueError("it is no .npy array")
        return found


def read_start(path: str | Path, count: int = 1024) -> bytes:
    """The first bytes of a file; with a ``count`` of -1 all of them.

    Raises:
        OSError: it cannot be read, or is no regular file.
    """
    _check_regular(path)
    with Path(path).open("rb") as file:
        return file.read(count)


def _read_bytes(path: str | Path, error: type[HlsqError], what: str) -> bytes:
    try:
        data = read_start(path, MAX_JSON_BYTES + 1)
    except (OSError, ValueError) as problem:  # ValueError: a zero byte in the path
        raise error(f"cannot read {what} from {path}: {getattr(problem, 'strerror', None) or problem}") from problem
    if len(data) > MAX_JSON_BYTES:
        raise error(f"{path} is not {what}: it has more than {MAX_JSON_BYTES >> 20} MiB")
    return data


def _check_regular(path: str | Path) -> None:
    """Refuse devices and pipes, which may never end or never begin."""
    mode = os.stat(path).st_mode
    if stat.S_ISDIR(mode):
        raise OSError(0, "it is a folder")
    if not stat.S_ISREG(mode):
        raise OSError(0, "it is no regular file")


def _object(pairs: list[tuple[str, Any]]) -> dict[Any, Any]:
    found: dict[Any, Any] = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        found[_Repeated] = next(key for key in keys if keys.count(key) > 1)
    return found


def _float(text: str) -> float:
    """The number, or NaN where it is not zero but smaller than what float64 holds with full precision."""
    value = float(text)
    mantissa = text.lower().partition("e")[0]
    return math.nan if abs(value) < SMALLEST and mantissa.strip("-0.") else value


def _check(field: Field, depth: int) -> None:
    """Refuse in all of ``field`` what JSON's grammar allows and hlsq never writes."""
    value = field.value
    if isinstance(value, (dict, list)) and depth == MAX_DEPTH:
        raise field.fail(f"lists or objects are nested more than {MAX_DEPTH} deep")
    if isinstance(value, dict):
        if _Repeated in value:
            raise field.fail(f"the key {shown(value[_Repeated])} is there twice")
        for key, item in value.items():
            _check(field.at(key, item), depth + 1)
    elif isinstance(value, list):
        if all(type(item) is int and LEAST_INTEGER <= item <= MOST_INTEGER for item in value):
            return
        for item in field.sequence():
            _check(item, depth + 1)
    elif type(value) is float and not math.isfinite(value):
        raise field.fail("NaN, an infinity, or a number too large or too small for 64 bits; expected a finite number")
    elif type(value) is int and not LEAST_INTEGER <= value <= MOST_INTEGER:
        raise field.fail("a whole number that 64 bits cannot hold")


def _check_members(members: list[zipfile.ZipInfo], limit: int | None) -> None:
    for member in members:
        if member.flag_bits & 1:
            raise ValueError(f"its member {member.filename!r} is encrypted; save the arrays without a password")
    if limit is not None and (total := sum(member.file_size for member in members)) > limit:
        raise ValueError(f"its arrays have {total} bytes; at most {limit} are read")
    names = [member.filename for member in members]
    if len(set(names)) < len(names):
        raise ValueError(f"the member {next(n for n in names if names.count(n) > 1)!r} is there twice")


@contextmanager
def _numpy_errors(path: str | Path, error: type[HlsqError]) -> Iterator[None]:
    """NumPy, zipfile and zlib raise a dozen kinds of exceptions for damaged files; all of them mean the same."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what NumPy says of files by other versions
            yield
    except Exception as problem:
        reason = getattr(problem, "strerror", None) or str(problem) or type(problem).__name__
        raise error(f"{path} cannot be read: {one_line(reason)}") from problem
