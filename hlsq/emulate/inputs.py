"""Checking the samples a user hands in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hlsq.errors import HlsqError, InputError
from hlsq.graph.ops import Shape

PIECE = 64


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
) -> dict[str, NDArray[Any]]:
    """``data`` as arrays of real numbers [samples, ...] by input name.

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
    elif len(inputs) == 1 and not (
        isinstance(data, (list, tuple)) and len(data) == 1 and np.ndim(data[0]) == len(inputs[0].shape) + 1
    ):
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
    return checked


def _checked(item: NetworkInput, data: ArrayLike, error: type[HlsqError]) -> NDArray[Any]:
    array = np.asarray(data)
    if array.dtype.kind not in "fiub":
        raise error(f"input {item.name!r} has values of type {array.dtype}; expected numbers {_shape(item)}")
    if array.ndim != len(item.shape) + 1 or array.shape[1:] != tuple(item.shape):
        hint = "; add the axis of samples in front" if array.shape == tuple(item.shape) else ""
        raise error(f"input {item.name!r} has shape {list(array.shape)}; expected {_shape(item)}{hint}")
    if not len(array):
        raise error(f"input {item.name!r} has no samples; expected {_shape(item)} with at least one")
    if not np.isfinite(array).all():
        raise error(
            f"input {item.name!r} has {int((~np.isfinite(array)).sum())} values that are NaN or infinite; "
            f"expected {_shape(item)}, all finite"
        )
    return array


def _shape(item: NetworkInput) -> str:
    return f"[samples, {', '.join(map(str, item.shape))}]"
