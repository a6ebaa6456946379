"""Samples named on a command line: a file with arrays, or one of the known data sets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from numpy.typing import NDArray

from hlsq import data
from hlsq.errors import InputError
from hlsq.files.read import read_archive, read_array

Samples = NDArray[Any] | dict[str, NDArray[Any]]
Part = Literal["train", "test"]

DATA_SET_LIMIT = 1000


Labelled = tuple[NDArray[Any], NDArray[Any]]
LABELS = "y"
SUFFIXES = (".npy", ".npz")


def _digits(part: Part) -> Labelled:
    train, test = data.digits()
    return train if part == "train" else test


def _mnist(part: Part) -> Labelled:
    from hlsq.zoo import mnist

    train, test = data.load_mnist()
    x, y = train if part == "train" else test
    return mnist.preprocess(x), y


def _cifar10(part: Part) -> Labelled:
    from hlsq.zoo import resnet20

    train, test = data.load_cifar10()
    x, y = train if part == "train" else test
    return resnet20.preprocess(x), y


DATA_SETS: dict[str, Callable[[Part], Labelled]] = {"digits": _digits, "mnist": _mnist, "cifar10": _cifar10}


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
    _check_limit(limit)
    if source in DATA_SETS:
        if limit is None and part == "train":
            limit = DATA_SET_LIMIT
        return DATA_SETS[source](part)[0][:limit]
    arrays = _read(source)
    if not isinstance(arrays, dict):
        return _checked(arrays, source)[:limit]
    return _samples(arrays, source, limit)


def load_labelled_samples(source: str, limit: int | None = None) -> tuple[Samples, NDArray[Any]]:
    """Network inputs and their labels, to evaluate a network with.

    Args:
        source: path of an ``.npz`` archive with the labels as ``y`` and samples as ``load_samples`` takes them, or a
            data set's name, which gives the first 1,000 of its test part unless told.
        limit: take only the first samples.

    Returns:
        One array [samples, ...], or one per input name; and labels [samples, ...].

    Raises:
        InputError: no such file or data set, no labels, or not one for each sample.
        DataError: the data set is not to be had.
    """
    _check_limit(limit)
    if source in DATA_SETS:
        x, y = DATA_SETS[source]("test")
        return x[: limit or DATA_SET_LIMIT], y[: limit or DATA_SET_LIMIT]
    arrays = _read(source)
    if not isinstance(arrays, dict) or LABELS not in arrays:
        found = f"arrays {', '.join(map(repr, arrays))}" if isinstance(arrays, dict) else "a single array"
        raise InputError(f"evaluation samples {source!r}: {found}; expected an .npz archive with labels as {LABELS!r}")
    labels = arrays.pop(LABELS)
    samples = _samples(arrays, source, None)
    for array in samples.values() if isinstance(samples, dict) else [samples]:
        if labels.ndim < 1 or len(array) != len(labels):
            raise InputError(
                f"evaluation samples {source!r}: {len(array)} samples, but labels {LABELS!r} of shape "
                f"{list(labels.shape)}; expected one label for each sample"
            )
    if isinstance(samples, dict):
        return {name: array[:limit] for name, array in samples.items()}, labels[:limit]
    return samples[:limit], labels[:limit]


def _check_limit(limit: int | None) -> None:
    if limit is not None and limit < 1:
        raise InputError(f"a limit of {limit} samples was asked for; at least 1 is needed")


def _read(source: str) -> NDArray[Any] | dict[str, NDArray[Any]]:
    """The array or the arrays of a file."""
    path = Path(source)
    if path.suffix not in SUFFIXES:
        raise InputError(f"samples {source!r}: expected an .npy or .npz file, or one of {', '.join(sorted(DATA_SETS))}")
    return read_array(path, InputError) if path.suffix == ".npy" else read_archive(path, InputError)


def _samples(arrays: dict[str, NDArray[Any]], source: str, limit: int | None) -> Samples:
    """Samples among the arrays of an archive."""
    if not arrays:
        raise InputError(f"samples {source!r}: the archive is empty; expected the samples as 'x'")
    if len(arrays) == 1 or "x" in arrays:
        return _checked(arrays.get("x", next(iter(arrays.values()))), source)[:limit]
    return {name: _checked(array, f"{source}: {name}")[:limit] for name, array in arrays.items()}


def _checked(samples: NDArray[Any], source: str) -> NDArray[Any]:
    if samples.ndim < 1 or len(samples) == 0 or samples.dtype.kind not in "fiu":
        raise InputError(
            f"samples {source!r}: {samples.dtype} array of shape {list(samples.shape)}; "
            "expected numbers of shape [samples, ...] with at least one sample"
        )
    return samples
