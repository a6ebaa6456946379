"""The data sets and pretrained weights of the examples, tests and benchmarks.

Files are looked for in the folder that the environment variable ``HLSQ_DATA`` names, else the data sets are read
through ``keras.datasets``, which downloads them once. hlsq ships none of them.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsq.errors import DataError
from hlsq.files.read import read_archive

VARIABLE = "HLSQ_DATA"
DIGITS_TEST = 360

Images = NDArray[Any]
Labels = NDArray[Any]
Split = tuple[tuple[Images, Labels], tuple[Images, Labels]]
"""((x_train, y_train), (x_test, y_test))"""


def load_cifar10() -> Split:
    """CIFAR-10: uint8 images [samples, 32, 32, 3] RGB and int64 labels [samples].

    The test set always has its 10,000 images in the official order; a local training file may hold fewer than 50,000.

    Raises:
        DataError: not to be had, or a file is damaged.
    """
    return _load_split("cifar10", (32, 32, 3))


def load_mnist() -> Split:
    """MNIST: uint8 images [samples, 28, 28] and int64 labels [samples].

    Raises:
        DataError: not to be had, or a file is damaged.
    """
    return _load_split("mnist", (28, 28))


def load_resnet20_weights() -> dict[str, NDArray[np.float32]]:
    """Pretrained float weights of ResNet-20 for CIFAR-10, the network that DoubleQ quantises, by PyTorch name.

    Convolutions are [out, in, kernel_h, kernel_w], the linear layer [out, in]; ``hlsq.zoo.resnet20`` builds the Keras
    model from them.

    Raises:
        DataError: not to be had, or the file is damaged; says where the weights come from and what to do instead.
    """
    path = _local("resnet20_cifar10.npz")
    if path is None:
        raise DataError(
            f"the pretrained ResNet-20 weights were not found: set {VARIABLE} to a folder with resnet20_cifar10.npz, "
            "which holds the float ResNet-20 checkpoint (92.96 % on CIFAR-10) of "
            "https://github.com/yhhhli/APoT_Quantization under its PyTorch names; "
            "or train a network of your own with projects/resnet20_cifar10/train.py"
        )
    weights = {name: np.asarray(array, dtype=np.float32) for name, array in _read(path).items()}
    if missing := sorted(
        {"conv1.weight", "bn1.running_var", "layer3.2.conv2.weight", "fc.weight", "fc.bias"} - set(weights)
    ):
        raise DataError(f"{path}: no array {missing[0]!r}; expected the weights of a CIFAR-10 ResNet-20")
    return weights


def digits() -> Split:
    """Scikit-learn's digits: float32 images [samples, 8, 8, 1] from 0 to 1 and int64 labels; always the same split.

    1,437 images to train on and 360 held back, drawn once by a fixed permutation.
    """
    from sklearn.datasets import load_digits

    bunch = load_digits()
    x = (bunch.images / 16.0).astype(np.float32)[..., None]
    y = bunch.target.astype(np.int64)
    order = np.random.default_rng(2021).permutation(len(x))
    test, train = order[:DIGITS_TEST], order[DIGITS_TEST:]
    return (x[train], y[train]), (x[test], y[test])


def _load_split(name: str, shape: tuple[int, ...]) -> Split:
    paths = [_local(f"{name}_{part}.npz") for part in ("train", "test")]
    if paths[0] is None or paths[1] is None:
        return _from_keras(name)
    train, test = (_images(path, shape) for path in paths if path is not None)
    return train, test


def _local(name: str) -> Path | None:
    folder = os.environ.get(VARIABLE)
    if not folder:
        return None
    if not Path(folder).is_dir():
        raise DataError(f"{VARIABLE} is {folder!r}, which is no folder; correct it, or unset it to use keras.datasets")
    path = Path(folder) / name
    return path if path.is_file() else None


def _read(path: Path) -> dict[str, NDArray[Any]]:
    try:
        return read_archive(path, DataError)
    except DataError as error:
        raise DataError(f"{error}; fetch it again") from None


def _images(path: Path, shape: tuple[int, ...]) -> tuple[Images, Labels]:
    arrays = _read(path)
    if missing := {"x", "y"} - set(arrays):
        raise DataError(f"{path}: no array {min(missing)!r}; expected images under 'x' and labels under 'y'")
    x, y = arrays["x"], arrays["y"]
    if x.dtype != np.uint8 or x.shape[1:] != shape or y.shape != x.shape[:1]:
        raise DataError(
            f"{path}: images {x.dtype}{list(x.shape)} with labels {list(y.shape)}; "
            f"expected uint8[samples, {', '.join(map(str, shape))}] with one label each"
        )
    return x, y.astype(np.int64)


def _from_keras(name: str) -> Split:
    import keras

    try:
        (x_train, y_train), (x_test, y_test) = getattr(keras.datasets, name).load_data()
    except Exception as error:  # a failed download raises a bare Exception
        raise DataError(
            f"{name} is not to be had: {error}. Set {VARIABLE} to a folder with {name}_train.npz and {name}_test.npz "
            "(uint8 images under 'x', labels under 'y'), or run where keras.datasets can download it"
        ) from error
    return (x_train, y_train.reshape(-1).astype(np.int64)), (x_test, y_test.reshape(-1).astype(np.int64))
