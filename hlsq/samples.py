"""Samples named on a command line: a file with arrays, or one of the known data sets."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from hlsq import data
from hlsq.errors import InputError

Samples = NDArray[Any] | dict[str, NDArray[Any]]
Part = Literal["train", "test"]

DATA_SET_LIMIT = 1000


def _digits(part: Part) -> NDArray[Any]:
    train, test = data.digits()
    return (train if part == "train" else test)[0]


def _mnist(part: Part) -> NDArray[Any]:
    from hlsq.zoo import mnist

    train, test = data.load_mnist()
    return mnist.preprocess((train if part == "train" else test)[0])


def _cifar10(part: Part) -> NDArray[Any]:
    from hlsq.zoo import resnet20

    train, test = data.load_cifar10()
    return resnet20.preprocess((train if part == "train" else test)[0])


DATA_SETS: dict[str, Callable[[Part], NDArray[Any]]] = {"digits": _digits, "mnist": _mnist, "cifar10": _cifar10}


def load_samples(source: str, part: Part = "train", limit: int | None = None) -> Samples:
    """Network inputs from a file or a data set.

    Args:
        source: path of an ``.npy`` array or an ``.npz`` archive, or ``digits``, ``mnist`` or ``cifar10``, scaled as the
            networks of ``hlsq.zoo`` expect them. An archive holds one array, or the samples as ``x``, or one array per
            input of the network under the input's name.
        part: which part of a data set; files have none.
        limit: take only the first samples; a data set gives 1,000 of its training part unless told.

    Returns:
        One array [samples, ...], or one per input name.

    Raises:
        InputError: no such file or data set, or nothing in it that could be samples.
        DataError: the data set is not to be had.
    """
    if limit is not None and limit < 1:
        raise InputError(f"a limit of {limit} samples was asked for; at least 1 is needed")
    if source in DATA_SETS:
        if limit is None and part == "train":
            limit = DATA_SET_LIMIT
        return _first(DATA_SETS[source](part), limit)
    path = Path(source)
    if path.suffix not in (".npy", ".npz"):
        raise InputError(f"samples {source!r}: expected an .npy or .npz file, or one of {', '.join(sorted(DATA_SETS))}")
    try:
        loaded = np.load(path, allow_pickle=False, mmap_mode="r")
        arrays = {name: loaded[name] for name in loaded.files} if isinstance(loaded, np.lib.npyio.NpzFile) else loaded
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(f"samples {source!r} cannot be read: {error}") from error
    if not isinstance(arrays, dict):
        return _first(_checked(arrays, source), limit)
    if not arrays:
        raise InputError(f"samples {source!r}: the archive is empty; expected the samples as 'x'")
    if len(arrays) == 1 or "x" in arrays:
        return _first(_checked(arrays.get("x", next(iter(arrays.values()))), source), limit)
    return {name: _first(_checked(array, f"{source}: {name}"), limit) for name, array in arrays.items()}


def _first(samples: NDArray[Any], limit: int | None) -> NDArray[Any]:
    return samples if limit is None else samples[:limit]


def _checked(samples: NDArray[Any], source: str) -> NDArray[Any]:
    if samples.ndim < 1 or len(samples) == 0 or not np.issubdtype(samples.dtype, np.number):
        raise InputError(
            f"samples {source!r}: {samples.dtype} array of shape {list(samples.shape)}; "
            "expected numbers of shape [samples, ...] with at least one sample"
        )
    return samples
