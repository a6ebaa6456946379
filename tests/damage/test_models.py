"""Damaged model files: one error of hlsq that names the file or the layer, or a network."""

from __future__ import annotations

import io
import zipfile
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from damage import attempt, changed_bytes, changed_json

from hlsq.converters.keras import read_model
from hlsq.errors import HlsqError

FILES = 30
"""Of each kind."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import keras

    folder = tmp_path_factory.mktemp("models")
    layers = keras.layers
    model = keras.Sequential(
        [keras.Input((6, 6, 2)), layers.Conv2D(3, 3), layers.ReLU(), layers.Flatten(), layers.Dense(2, name="fc")]
    )
    model.save(folder / "model.keras")
    model.save(folder / "model.h5")
    (folder / "model.json").write_text(model.to_json())
    model.save_weights(folder / "model.weights.h5")
    return folder


def changed_keras(rng: np.random.Generator, content: bytes) -> bytes:
    """A ``.keras`` file one of whose members is damaged."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = sorted(members)[rng.integers(len(members))]
    if name.endswith(".json") and rng.random() < 0.8:
        members[name] = changed_json(rng, members[name].decode()).encode()
    else:
        members[name] = changed_bytes(rng, members[name])
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for member, data in members.items():
            archive.writestr(member, data)
    return buffer.getvalue()


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file:UserWarning")
@pytest.mark.parametrize("name", ["model.keras", "model.h5", "model.json"])
@pytest.mark.slow(10)
def test_models(made: Path, tmp_path: Path, name: str) -> None:
    good = (made / name).read_bytes()
    path = tmp_path / name
    weights = made / "model.weights.h5" if name == "model.json" else None
    for number in range(FILES):
        rng = np.random.default_rng([8, number])
        if name == "model.json":
            damaged = changed_json(rng, good.decode()).encode()
        else:
            damaged = (
                changed_keras(rng, good) if name == "model.keras" and rng.random() < 0.7 else changed_bytes(rng, good)
            )
        path.write_bytes(damaged)
        where = f"seed [8, {number}], {path} of {len(damaged)} bytes {damaged[:2000] if name == 'model.json' else ''!r}"
        attempt(partial(read_model, path, weights=weights), (HlsqError,), [name, "layer ", "conv2d", "fc"], where)
