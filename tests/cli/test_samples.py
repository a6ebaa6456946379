"""Samples from files and data sets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hlsq import data
from hlsq.cli.samples import load_labelled_samples, load_samples
from hlsq.errors import InputError

X = np.arange(24, dtype=np.float32).reshape(6, 4)
Y = np.arange(6)


def test_npy_file_gives_its_array(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", X)
    np.testing.assert_array_equal(load_samples(str(tmp_path / "x.npy")), X)


def test_limit_takes_the_first_samples(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", X)
    np.testing.assert_array_equal(load_samples(str(tmp_path / "x.npy"), limit=2), X[:2])


@pytest.mark.parametrize("arrays", [{"x": X, "y": Y}, {"anything": X}])
def test_archive_gives_x_or_its_only_array(tmp_path: Path, arrays: dict[str, Any]) -> None:
    np.savez(tmp_path / "x.npz", **arrays)
    np.testing.assert_array_equal(load_samples(str(tmp_path / "x.npz")), X)


def test_archive_without_x_gives_one_array_per_input(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", left=X, right=X + 1)
    samples = load_samples(str(tmp_path / "x.npz"), limit=3)
    assert isinstance(samples, dict)
    assert list(samples) == ["left", "right"]
    np.testing.assert_array_equal(samples["right"], X[:3] + 1)


def test_digits_come_from_the_asked_part() -> None:
    (train, _), (test, _) = data.digits()
    np.testing.assert_array_equal(load_samples("digits", limit=20), train[:20])
    assert len(load_samples("digits")) == 1000
    np.testing.assert_array_equal(load_samples("digits", "test"), test)


@pytest.mark.realdata
@pytest.mark.parametrize(("name", "shape"), [("mnist", (28, 28, 1)), ("cifar10", (32, 32, 3))])
def test_data_sets_are_scaled_as_their_networks_expect(name: str, shape: tuple[int, ...]) -> None:
    samples = load_samples(name, "test", limit=8)
    assert isinstance(samples, np.ndarray)
    assert samples.shape == (8, *shape)
    assert samples.dtype == np.float32
    assert np.abs(samples).max() < 4


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda path: None, "cannot be read"),
        (lambda path: path.write_bytes(b"not an array"), "cannot be read"),
        (lambda path: np.save(path, X[:0]), "at least one sample"),
        (lambda path: np.save(path, np.float32(3)), "at least one sample"),
        (lambda path: np.save(path, np.array(["a", "b"])), "expected numbers"),
        (lambda path: np.save(path, np.array([{}]), allow_pickle=True), "cannot be read"),
    ],
    ids=["missing", "damaged", "empty", "scalar", "text", "pickle"],
)
def test_file_without_samples_is_named(tmp_path: Path, write: Any, message: str) -> None:
    path = tmp_path / "x.npy"
    write(path)
    with pytest.raises(InputError, match=message) as caught:
        load_samples(str(path))
    assert "x.npy" in str(caught.value)


def test_damaged_and_empty_archives(tmp_path: Path) -> None:
    (tmp_path / "bad.npz").write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(InputError, match="cannot be read"):
        load_samples(str(tmp_path / "bad.npz"))
    np.savez(tmp_path / "empty.npz")
    with pytest.raises(InputError, match="empty"):
        load_samples(str(tmp_path / "empty.npz"))


def test_other_names_list_what_is_allowed() -> None:
    with pytest.raises(InputError, match="cifar10, digits, mnist"):
        load_samples("imagenet")


def test_limit_must_be_positive() -> None:
    with pytest.raises(InputError, match="at least 1"):
        load_samples("digits", limit=0)


def test_labelled_samples_of_several_inputs(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", left=X, right=X + 1, y=Y)
    samples, labels = load_labelled_samples(str(tmp_path / "x.npz"), limit=4)
    assert isinstance(samples, dict)
    assert list(samples) == ["left", "right"]
    np.testing.assert_array_equal(samples["right"], X[:4] + 1)
    np.testing.assert_array_equal(labels, Y[:4])


def test_labelled_digits_are_those_of_the_test_part() -> None:
    _, (test, labels) = data.digits()
    x, y = load_labelled_samples("digits", 30)
    np.testing.assert_array_equal(x, test[:30])
    np.testing.assert_array_equal(y, labels[:30])


def test_labels_of_one_input_only(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", left=X, right=X[:2], y=Y)
    with pytest.raises(InputError, match="2 samples, but labels 'y'"):
        load_labelled_samples(str(tmp_path / "x.npz"))
    with pytest.raises(InputError, match="limit of 0"):
        load_labelled_samples("digits", 0)
