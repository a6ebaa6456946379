"""Data sets and weights: where they are looked for, and what happens when they are missing or damaged."""

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from hlsq.data import digits, load_cifar10, load_mnist, load_resnet20_weights
from hlsq.errors import DataError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that HLSQ_DATA names, on a machine without internet."""

    def load_data() -> Any:
        raise Exception("URL fetch failure on https://example.org/data.tgz: None -- unreachable")  # as Keras does

    monkeypatch.setenv("HLSQ_DATA", str(tmp_path))
    offline = SimpleNamespace(load_data=load_data)
    monkeypatch.setitem(sys.modules, "keras", SimpleNamespace(datasets=SimpleNamespace(cifar10=offline, mnist=offline)))
    return tmp_path


def save(folder: Path, name: str, samples: int, shape: tuple[int, ...], **other: Any) -> None:
    rng = np.random.default_rng(0)
    arrays = {"x": rng.integers(0, 256, (samples, *shape), dtype=np.uint8), "y": rng.integers(0, 10, samples), **other}
    np.savez_compressed(folder / name, **arrays)


def test_local_files(folder: Path) -> None:
    save(folder, "cifar10_train.npz", 5, (32, 32, 3))
    save(folder, "cifar10_test.npz", 4, (32, 32, 3))
    (x_train, y_train), (x_test, y_test) = load_cifar10()
    assert x_train.shape == (5, 32, 32, 3)
    assert x_test.shape == (4, 32, 32, 3)
    assert x_train.dtype == np.uint8
    assert (y_train.shape, y_test.shape) == ((5,), (4,))
    assert y_test.dtype == np.int64


@pytest.mark.parametrize("present", [[], ["mnist_train.npz"], ["mnist_test.npz"]])
def test_neither_local_nor_to_download(folder: Path, present: list[str]) -> None:
    for name in present:
        save(folder, name, 2, (28, 28))
    with pytest.raises(DataError, match=r"mnist is not to be had: URL fetch failure.*HLSQ_DATA.*mnist_train\.npz"):
        load_mnist()


def test_through_keras(monkeypatch: pytest.MonkeyPatch) -> None:
    part = (np.zeros((3, 32, 32, 3), np.uint8), np.array([[1], [2], [3]], np.uint8))
    source = SimpleNamespace(cifar10=SimpleNamespace(load_data=lambda: (part, part)))
    monkeypatch.delenv("HLSQ_DATA", raising=False)
    monkeypatch.setitem(sys.modules, "keras", SimpleNamespace(datasets=source))
    (x, y), _ = load_cifar10()
    assert x.shape == (3, 32, 32, 3)
    assert y.tolist() == [1, 2, 3]
    assert y.dtype == np.int64


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "cannot be read"),
        (b"not a zip file", "cannot be read"),
        (b"PK\x03\x04 cut short", "cannot be read"),
    ],
)
def test_damaged_file(folder: Path, content: bytes, message: str) -> None:
    for part in ("train", "test"):
        (folder / f"mnist_{part}.npz").write_bytes(content)
    with pytest.raises(DataError, match=rf"mnist_train\.npz.*{message}.*fetch it again"):
        load_mnist()


def test_flipped_bytes_and_cut_off_archives(folder: Path) -> None:
    save(folder, "mnist_train.npz", 50, (28, 28))
    save(folder, "mnist_test.npz", 50, (28, 28))
    path = folder / "mnist_test.npz"
    whole = path.read_bytes()
    path.write_bytes(whole[:2000] + bytes(200) + whole[2200:])
    with pytest.raises(DataError, match=r"mnist_test\.npz cannot be read"):
        load_mnist()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"mnist_test\.npz cannot be read"):
        load_mnist()


def test_pickles_are_never_loaded(folder: Path) -> None:
    save(folder, "mnist_train.npz", 2, (28, 28), x=np.array([print, 1], dtype=object))
    save(folder, "mnist_test.npz", 2, (28, 28))
    with pytest.raises(DataError, match=r"cannot be read.*allow_pickle"):
        load_mnist()


def test_other_contents(folder: Path) -> None:
    save(folder, "mnist_test.npz", 2, (28, 28))
    save(folder, "mnist_train.npz", 2, (28, 29))
    with pytest.raises(DataError, match=r"uint8\[2, 28, 29\].*expected uint8\[samples, 28, 28\]"):
        load_mnist()
    save(folder, "mnist_train.npz", 2, (28, 28), x=np.zeros((2, 28, 28)))
    with pytest.raises(DataError, match="images float64"):
        load_mnist()
    save(folder, "mnist_train.npz", 2, (28, 28), y=np.zeros(3))
    with pytest.raises(DataError, match=r"labels \[3\]"):
        load_mnist()
    np.savez(folder / "mnist_train.npz", images=np.zeros(3))
    with pytest.raises(DataError, match="no array 'x'"):
        load_mnist()
    with (folder / "mnist_train.npz").open("wb") as file:
        np.save(file, np.zeros(3))
    with pytest.raises(DataError, match="not a zip file"):
        load_mnist()


def test_a_variable_that_names_no_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HLSQ_DATA", str(tmp_path / "typo"))
    for load in (load_cifar10, load_mnist, load_resnet20_weights):
        with pytest.raises(DataError, match="typo', which is no folder"):
            load()


def test_missing_weights_say_where_they_come_from(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataError, match=r"APoT_Quantization.*train\.py"):
        load_resnet20_weights()
    monkeypatch.delenv("HLSQ_DATA")
    with pytest.raises(DataError, match=r"APoT_Quantization.*train\.py"):
        load_resnet20_weights()


def test_weights_of_another_network(folder: Path) -> None:
    np.savez(folder / "resnet20_cifar10.npz", w=np.zeros(3))
    with pytest.raises(DataError, match=r"no array 'bn1\.running_var'; expected the weights of a CIFAR-10 ResNet-20"):
        load_resnet20_weights()


def test_digits_split_is_fixed() -> None:
    (x_train, y_train), (x_test, y_test) = digits()
    assert x_train.shape == (1437, 8, 8, 1)
    assert x_test.shape == (360, 8, 8, 1)
    assert x_train.dtype == np.float32
    assert (x_train.min(), x_train.max()) == (0, 1)
    assert (y_train.shape, y_test.shape) == ((1437,), (360,))
    assert all((y_test == c).sum() >= 25 for c in range(10))
    again = digits()
    assert np.array_equal(again[1][0], x_test)
    together = np.concatenate([x_train, x_test]).reshape(1797, -1)
    assert len(np.unique(together, axis=0)) == len(np.unique(again[0][0].reshape(1437, -1), axis=0)) + len(
        np.unique(x_test.reshape(360, -1), axis=0)
    ), "no image is in both parts"


@pytest.mark.realdata
def test_real_data() -> None:
    for load, shape in ((load_cifar10, (32, 32, 3)), (load_mnist, (28, 28))):
        (x_train, _), (x_test, y_test) = load()
        assert x_train.shape[1:] == shape
        assert x_test.shape == (10_000, *shape)
        assert np.bincount(y_test).min() > 800
    assert load_resnet20_weights()["fc.weight"].shape == (10, 64)
