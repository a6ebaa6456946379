"""What a kernel does, and how the one for an operation is found."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from hlsq.discovery import import_all
from hlsq.errors import GraphError
from hlsq.graph.ops.base import Op, Pads, spatial

Values = NDArray[Any]
OpT = TypeVar("OpT", bound=Op)


class Scratch(threading.local):
    """Work arrays that a thread uses again and again, so that the memory stays in its cache.

    All blocks share them: what one leaves there is not kept for it.
    """

    def __init__(self) -> None:
        self._arrays: dict[tuple[Any, ...], Values] = {}

    def get(self, tag: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Values:
        """An array of this shape; zeros when it is asked for the first time."""
        key = (tag, shape, dtype)
        if key not in self._arrays:
            self._arrays[key] = np.zeros(shape, dtype)
        return self._arrays[key]


SCRATCH = Scratch()


class Finish(Protocol):
    """What follows the sum of products: bias, scale, activation and requantisation."""

    def __call__(self, acc: Values, out: Values) -> None:
        """Write the outputs for accumulators ``acc`` [..., channels] to ``out`` of the same shape."""


class Kernel(ABC, Generic[OpT]):
    """The linear part of one operation: no bias, scale, activation or requantisation."""

    op: ClassVar[type[Op]]
    _kernels: ClassVar[dict[type[Op], type[Kernel[Any]]]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        Kernel._kernels[cls.op] = cls

    @abstractmethod
    def linear(self, op: OpT, inputs: Sequence[Values], weights: Values | None) -> Values:
        """Result for ``inputs`` of shape [samples, ...] whose zero is 0; the same dtype as the inputs.

        Sums are exact whenever every partial sum is exact in that dtype; matrix products sum in that of ``weights``.
        """

    def apply(self, op: OpT, inputs: Sequence[Values], weights: Values | None, finish: Finish, out: Values) -> None:
        """``linear``, then ``finish``; a kernel may do both piece by piece, while the sums lie in the cache."""
        finish(self.linear(op, inputs, weights), out)


def kernel_for(op: Op) -> Kernel[Any]:
    """The kernel of ``op``.

    Raises:
        GraphError: no module of this package has one.
    """
    import_all("hlsq.emulate.kernels")
    cls = Kernel._kernels.get(type(op))
    if cls is None:
        raise GraphError(f"operation {op.kind!r} has no kernel in hlsq.emulate.kernels")
    return cls()


def as_maps(values: Values) -> Values:
    """``values`` seen as [samples, height, width, channels]."""
    return values.reshape(values.shape[0], *spatial(values.shape[1:]))


def pad_maps(maps: Values, padding: Pads, fill: float = 0) -> Values:
    """Maps [n, h, w, c] with rows and columns of ``fill`` around."""
    top, bottom, left, right = padding
    if not any(padding):
        return np.ascontiguousarray(maps)
    n, h, w, c = maps.shape
    padded = np.full((n, h + top + bottom, w + left + right, c), fill, dtype=maps.dtype)
    padded[:, top : top + h, left : left + w] = maps
    return padded


def windows(
    maps: Values, window: tuple[int, int], strides: tuple[int, int], dilation: tuple[int, int] = (1, 1)
) -> Values:
    """A view [n, out_h, out_w, window_h, window_w, c] of all window positions of contiguous ``maps``."""
    n, h, w, c = maps.shape
    out_h = (h - dilation[0] * (window[0] - 1) - 1) // strides[0] + 1
    out_w = (w - dilation[1] * (window[1] - 1) - 1) // strides[1] + 1
    sn, sh, sw, sc = maps.strides
    # as_strided does the same ten times slower, which counts for small maps.
    return np.ndarray(
        (n, out_h, out_w, window[0], window[1], c),
        maps.dtype,
        maps,
        strides=(sn, sh * strides[0], sw * strides[1], sh * dilation[0], sw * dilation[1], sc),
    )
