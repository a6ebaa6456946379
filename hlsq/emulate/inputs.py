"""Checking the samples a user hands in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hlsq.errors import HlsqError, InputError
from hlsq.graph.ops import Shape


class NetworkInput(Protocol):
    """Name and per-sample shape of a network's input."""

    @property
    def name(self) -> str:
        """Name."""

    @property
    def shape(self) -> Shape:
        """Shape per sample."""


def as_inputs(
    inputs: Sequence[NetworkInput],
    data: ArrayLike | Mapping[str, ArrayLike] | Sequence[ArrayLike],
    error: type[HlsqError] = InputError,
) -> dict[str, NDArray[np.floating]]:
    """``data`` as float arrays [samples, ...] by input name.

    Args:
        inputs: the network's inputs.
        data: one array for a network with one input; a mapping by name, or a list in order, for several.
        error: class of the exception.

    Raises:
        InputError: (or ``error``) wrong names, shape, type, number of samples, or values that are not finite.
    """
    names = [i.name for i in inputs]
    arrays: dict[str, ArrayLike]
    if isinstance(data, Mapping):
        arrays = {str(k): v for k, v in data.items()}
    elif len(inputs) == 1 and not (isinstance(data, (list, tuple)) and len(data) == 1 and np.ndim(data[0]) > 0):
        arrays = {names[0]: data}  # type: ignore[dict-item]
    elif isinstance(data, (list, tuple)) and len(data) == len(inputs):
        arrays = dict(zip(names, data, strict=True))
    else:
        raise error(f"the network has {len(inputs)} inputs ({', '.join(names)}); give one array for each, by name")
    if set(arrays) != set(names):
        raise error(f"inputs are named {', '.join(sorted(arrays))}; the network's are {', '.join(names)}")
    checked = {i.name: _checked(i, arrays[i.name], error) for i in inputs}
    counts = {name: len(x) for name, x in checked.items()}
    if len(set(counts.values())) != 1:
        raise error(f"the inputs have different numbers of samples: {counts}")
    if next(iter(counts.values())) == 0:
        raise error("there are no samples; give at least one")
    return checked


def _checked(item: NetworkInput, data: ArrayLike, error: type[HlsqError]) -> NDArray[np.floating]:
    array = np.asarray(data)
    if array.dtype.kind not in "fiub":
        raise error(f"input {item.name!r} has values of type {array.dtype}; expected numbers")
    if array.ndim != len(item.shape) + 1 or array.shape[1:] != tuple(item.shape):
        hint = "; add the axis of samples in front" if array.shape == tuple(item.shape) else ""
        raise error(
            f"input {item.name!r} has shape {list(array.shape)}; expected [samples, "
            f"{', '.join(map(str, item.shape))}]{hint}"
        )
    real = array if array.dtype in (np.float32, np.float64) else array.astype(np.float64)
    if not np.isfinite(real).all():
        raise error(f"input {item.name!r} has {int((~np.isfinite(real)).sum())} values that are NaN or infinite")
    return real
