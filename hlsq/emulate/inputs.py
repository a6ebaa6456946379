"""Checking the samples a user hands in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hlsq.errors import HlsqError, InputError
from hlsq.escape import visible
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
    arrays: dict[str, Any]
    if isinstance(data, Mapping):
        arrays = {str(k): v for k, v in data.items()}
    elif len(inputs) == 1 and not (
        isinstance(data, (list, tuple))
        and len(data) == 1
        and as_array(data[0], _described(inputs[0]), error).ndim == len(inputs[0].shape) + 1
    ):
        arrays = {names[0]: data}
    elif isinstance(data, (list, tuple)) and len(data) == len(inputs):
        arrays = dict(zip(names, data, strict=True))
    else:
        raise error(f"the network has {len(inputs)} inputs ({_listed(names)}); give one array for each, by name")
    if set(arrays) != set(names):
        raise error(f"inputs are named {_listed(sorted(arrays))}; the network's are {_listed(names)}")
    checked = {i.name: _checked(i, arrays[i.name], error) for i in inputs}
    counts = {name: len(x) for name, x in checked.items()}
    if len(set(counts.values())) != 1:
        raise error(f"the inputs have different numbers of samples: {counts}")
    return checked


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(visible, names))


def as_array(data: Any, what: str, error: type[HlsqError] = InputError) -> NDArray[Any]:
    """``data`` as an array of any type.

    Args:
        data: array, nested lists of one length each, or whatever converts itself.
        what: what it is and should be, for the message.
        error: class of the exception.

    Raises:
        InputError: (or ``error``) it cannot be an array, as lists of different lengths cannot, or some of it is masked.
    """
    try:
        array = np.asarray(data)
    except Exception as problem:  # NumPy's own, or whatever the conversion of a foreign object raises
        reason = next(iter(str(problem).splitlines()), type(problem).__name__)
        raise error(f"{what}; a {type(data).__name__} was given that is no array: {reason}") from problem
    if np.ma.is_masked(data):
        raise error(f"{what}; an array was given of which {int(np.ma.getmaskarray(data).sum())} values are masked")
    return array


def _checked(item: NetworkInput, data: Any, error: type[HlsqError]) -> NDArray[Any]:
    array = as_array(data, _described(item), error)
    if array.dtype.kind not in "fiub":
        raise error(f"input {item.name!r} has values of type {array.dtype}; expected numbers {_shape(item)}")
    if array.ndim != len(item.shape) + 1 or array.shape[1:] != tuple(item.shape):
        hint = "; add the axis of samples in front" if array.shape == tuple(item.shape) else ""
        raise error(f"input {item.name!r} has shape {list(array.shape)}; expected {_shape(item)}{hint}")
    if not len(array):
        raise error(f"input {item.name!r} has no samples; expected {_shape(item)} with at least one")
    # In pieces, since the answers for all values take memory of their own.
    bad = sum(int((~np.isfinite(array[start : start + PIECE])).sum()) for start in range(0, len(array), PIECE))
    if bad:
        raise error(
            f"input {item.name!r} has {bad} values that are NaN or infinite; expected {_shape(item)}, all finite"
        )
    return array


def _described(item: NetworkInput) -> str:
    return f"input {item.name!r} takes numbers {_shape(item)}"


def _shape(item: NetworkInput) -> str:
    return f"[samples, {', '.join(map(str, item.shape))}]"
