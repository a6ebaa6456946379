"""The files that examples of the command line name."""

from __future__ import annotations

from pathlib import Path

import pytest

FILES = [
    "model.keras",
    "model.h5",
    "mnist.keras",
    "qkeras_model.h5",
    "qkeras_model.json",
    "qkeras_model.weights.h5",
    "plan.json",
    "x.npy",
    "x_train.npz",
    "x_test.npy",
    "xy_val.npz",
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with the files of the examples; only their names matter."""
    monkeypatch.chdir(tmp_path)
    for name in FILES:
        (tmp_path / name).write_text("{nothing" if name == "plan.json" else "nothing")
    (tmp_path / "build" / "net").mkdir(parents=True)
    (tmp_path / "build" / "net" / "hlsq_project.json").write_text("nothing")
    return tmp_path
