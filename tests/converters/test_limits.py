"""Files that unpack to far more than a model needs are refused before that, as are links out of them."""

from __future__ import annotations

import json
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from hlsq.converters.keras.limits import CONFIG, MEMBERS, OBJECTS, RATIO, TOTAL, check_hdf5
from hlsq.converters.keras.saved import read_saved
from hlsq.errors import ModelFileError, OptionError

MB = 1 << 20
STRUCTURE = json.dumps({"class_name": "Sequential", "config": {"name": "m", "layers": []}})


def weights(path: Path, fill: Callable[[h5py.File], Any] = lambda file: None) -> bytes:
    """An HDF5 file, as bytes too."""
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = STRUCTURE
        fill(file)
    return path.read_bytes()


def archive(path: Path, **members: bytes) -> Path:
    """A ``.keras`` file; names have ``_`` in place of the dot."""
    content = {"config_json": STRUCTURE.encode(), "metadata_json": b'{"keras_version": "3.0"}'} | members
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in content.items():
            file.writestr(name.replace("_", "."), data)
    return path


def test_a_configuration_of_a_hundred_megabytes_is_not_unpacked(tmp_path: Path) -> None:
    path = archive(tmp_path / "model.keras", config_json=STRUCTURE.encode() + b" " * (100 * MB))
    assert path.stat().st_size < MB
    tracemalloc.start()
    with pytest.raises(
        ModelFileError,
        match=r"model.keras: its member 'config.json' has 104,857,\d+ bytes of configuration once unpacked; at most "
        r"33,554,432 are read.*HLSQ_MODEL_LIMITS=4$",
    ):
        read_saved(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10 * MB


def test_limits_can_be_raised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = archive(tmp_path / "model.keras", config_json=STRUCTURE.encode() + b" " * (40 * MB))
    monkeypatch.setenv("HLSQ_MODEL_LIMITS", "2")
    with pytest.raises(ModelFileError, match=r"times as many bytes unpacked as packed; at most 400.*LIMITS=\d+"):
        read_saved(path)
    monkeypatch.setenv("HLSQ_MODEL_LIMITS", "6")
    assert read_saved(path).config["class_name"] == "Sequential"
    for wrong in ("0.5", "much", "nan", "inf", "-1", ""):
        monkeypatch.setenv("HLSQ_MODEL_LIMITS", wrong)
        with pytest.raises(OptionError, match=f"HLSQ_MODEL_LIMITS='{wrong}'"):
            read_saved(path)


def test_archives(tmp_path: Path) -> None:
    many = archive(tmp_path / "many.keras", **{f"m{n}": b"" for n in range(MEMBERS.most)})
    with pytest.raises(ModelFileError, match=r"many.keras has 1,002 members; at most 1,000"):
        read_saved(many)
    packed = archive(tmp_path / "packed.keras", assets_x=bytes(20 * MB))
    with pytest.raises(ModelFileError, match=r"'assets.x' has [\d,]+ times as many bytes"):
        read_saved(packed)
    twice = archive(tmp_path / "twice.keras")
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(twice, "a") as file:
        file.writestr("config.json", "{}")
    with pytest.raises(ModelFileError, match=r"several 'config.json'"):
        read_saved(twice)


@pytest.mark.parametrize("kind", ["h5", "keras", "json"])
def test_arrays(kind: str, tmp_path: Path) -> None:
    """In a file of their own, in an archive, or beside a structure."""

    def refused(fill: Callable[[h5py.File], Any], message: str) -> None:
        data = weights(tmp_path / "w.h5", fill)
        (tmp_path / "m.json").write_text(STRUCTURE)
        with zipfile.ZipFile(archive(tmp_path / "m.keras"), "a") as file:
            file.writestr("model.weights.h5", data)
        names = {"keras": ["m.keras"], "h5": ["w.h5"], "json": ["m.json", "w.h5"]}[kind]
        with pytest.raises(ModelFileError, match=message):
            read_saved(*(tmp_path / name for name in names))

    (tmp_path / "secret").write_bytes(bytes(8))
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["d"] = np.zeros(2)
    layout = h5py.VirtualLayout((2,), "f4")
    layout[:] = h5py.VirtualSource(str(tmp_path / "other.h5"), "d", (2,))
    refused(lambda f: f.create_dataset("g/d", (20 * MB,), "u1", chunks=(MB,)), r"'g/d'.* times as many bytes")
    refused(lambda f: f.create_dataset("g/d", (1 << 40,), "f4", chunks=(MB,)), r"'g/d'.* 4,398,046,511,104 bytes once")
    outside = [(str(tmp_path / "secret"), 0, 8)]
    refused(lambda f: f.create_dataset("d", (2,), "f4", external=outside), "'d'.*other files")
    refused(lambda f: f.create_virtual_dataset("d", layout), "'d'.*other files")
    refused(lambda f: f.__setitem__("a/b", h5py.ExternalLink(tmp_path / "other.h5", "d")), "'a/b'.*link to elsewhere")
    refused(lambda f: f.__setitem__("a", h5py.SoftLink("/b")), "'a'.*link to elsewhere")


def test_a_long_attribute_and_too_many_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "w.h5"
    with h5py.File(path, "w", libver="latest") as file:
        file.attrs.create("long", np.zeros(CONFIG.most // 8 + 1))
    with pytest.raises(ModelFileError, match=r"its attribute 'long' has 33,554,440 bytes of configuration"):
        check_hdf5(path, "x")
    with h5py.File(path, "w") as file:
        for n in range(300):
            file.create_group(f"g{n}")
        file["g0/loop"] = file["/"]
    check_hdf5(path, "x")
    monkeypatch.setattr("hlsq.converters.keras.limits.OBJECTS", type(OBJECTS)(OBJECTS.what, 299))
    with pytest.raises(ModelFileError, match=r"x has 30\d groups, arrays and links; at most 299"):
        check_hdf5(path, "x")


def test_structures(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    with path.open("wb") as file:
        file.truncate(CONFIG.most + 1)
    weights(tmp_path / "w.h5")
    with pytest.raises(ModelFileError, match=r"model.json has 33,554,433 bytes of configuration"):
        read_saved(path, tmp_path / "w.h5")
    with h5py.File(tmp_path / "m.h5", "w") as h5:
        h5.attrs["model_config"] = STRUCTURE + " " * CONFIG.most
    with pytest.raises(ModelFileError, match=r"its attribute 'model_config' has [\d,]+ bytes of configuration"):
        read_saved(tmp_path / "m.h5")


def test_large_models_are_far_below_the_limits() -> None:
    """A structure of 1,000 layers of 10 kB, weights of 100 million parameters, and arrays that hardly pack."""
    assert CONFIG.most > 1000 * 10_000
    assert TOTAL.most > 4 * 100_000_000
    assert RATIO.most > 100
