"""Damaged files of samples: one error that names the file, or arrays of numbers."""

from __future__ import annotations

import io
from functools import partial
from pathlib import Path

import numpy as np
from damage import attempt, changed_archive, changed_bytes, encrypted_archive

from hlsq.cli.samples import load_labelled_samples, load_samples
from hlsq.errors import InputError

FILES = 250


def test_arrays(tmp_path: Path) -> None:
    path = tmp_path / "x.npy"
    np.save(path, np.linspace(0, 1, 60).reshape(5, 3, 4).astype(np.float32))
    good = path.read_bytes()
    for number in range(FILES):
        rng = np.random.default_rng([5, number])
        damaged = changed_bytes(rng, good[:128] if rng.random() < 0.7 else good)  # mostly in the header
        path.write_bytes(damaged + good[128:])
        where = f"seed [5, {number}]: {path.read_bytes()!r}"
        found = attempt(partial(load_samples, str(path)), (InputError,), [path], where)
        if found is not None:
            assert isinstance(found, np.ndarray), where
            assert found.dtype.kind in "fiu", where


def test_archives(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    buffer = io.BytesIO()
    np.savez_compressed(buffer, x=np.arange(600).reshape(50, 3, 4) * 0.5, y=np.arange(50))
    good = buffer.getvalue()
    for number in range(FILES):
        rng = np.random.default_rng([6, number])
        path.write_bytes(changed_bytes(rng, good) if rng.random() < 0.5 else changed_archive(rng, good))
        where = f"seed [6, {number}]: {path.read_bytes()!r}"
        found = attempt(partial(load_labelled_samples, str(path)), (InputError,), [path], where)
        if found is not None:
            samples, labels = found
            assert all(len(x) == len(labels) for x in (samples.values() if isinstance(samples, dict) else [samples]))
    path.write_bytes(encrypted_archive(good))
    assert attempt(partial(load_samples, str(path)), (InputError,), ["is encrypted"], "") is None
