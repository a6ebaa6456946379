"""Convolution as matrix products over gathered windows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from hlsq.emulate.kernels.base import SCRATCH, Finish, Kernel, Values, as_maps, pad_maps, windows
from hlsq.emulate.products import multiply
from hlsq.graph.ops import Conv2D
from hlsq.graph.ops.base import Op

TILE_BYTES = 3 << 20
"""Gathered windows per matrix product: few steps for the interpreter, which two threads have to share."""
WIDENED_BYTES = 1 << 20
"""The same where gathering also widens the values, which pays as long as they are still in the cache."""


class Conv2DKernel(Kernel[Conv2D]):
    """Convolution, kernel [kernel_h, kernel_w, in, out]."""

    op: ClassVar[type[Op]] = Conv2D

    def linear(self, op: Conv2D, inputs: Sequence[Values], weights: Values | None) -> Values:
        """Maps [n, out_h, out_w, out] (or as many axes as the input)."""
        assert weights is not None  # noqa: S101 - a graph's invariant, not a user's input
        x = inputs[0]
        maps = pad_maps(as_maps(x), op.padding)
        height, width = _output_size(op, maps, weights)
        out = np.empty((len(x), height, width, weights.shape[3]), dtype=x.dtype)
        _tiles(op, maps, weights, out, lambda acc, target: np.copyto(target, acc, casting="same_kind"))
        return out.reshape(len(x), *out.shape[1:][4 - x.ndim :])

    def apply(self, op: Conv2D, inputs: Sequence[Values], weights: Values | None, finish: Finish, out: Values) -> None:
        """Tile by tile."""
        assert weights is not None  # noqa: S101 - a graph's invariant, not a user's input
        x = as_maps(inputs[0])
        maps = _padded(x, op)
        height, width = _output_size(op, maps, weights)
        _tiles(op, maps, weights, out.reshape(len(x), height, width, -1), finish)


def _output_size(op: Conv2D, maps: Values, weights: Values) -> tuple[int, int]:
    kh, kw = weights.shape[:2]
    height = (maps.shape[1] - op.dilation[0] * (kh - 1) - 1) // op.strides[0] + 1
    width = (maps.shape[2] - op.dilation[1] * (kw - 1) - 1) // op.strides[1] + 1
    return height, width


def _padded(maps: Values, op: Conv2D) -> Values:
    if not any(op.padding):
        return np.ascontiguousarray(maps)
    top, bottom, left, right = op.padding
    n, h, w, c = maps.shape
    # The border of this array stays zero, because only its inside is ever written.
    padded = SCRATCH.get(f"pad {op.padding}", (n, h + top + bottom, w + left + right, c), maps.dtype)
    padded[:, top : top + h, left : left + w] = maps
    return padded


def _tiles(op: Conv2D, maps: Values, weights: Values, out: Values, sink: Callable[[Values, Values], Any]) -> None:
    """Hand the sums of products, tile by tile, to ``sink`` with the part of ``out`` they belong to."""
    kh, kw, c_in, c_out = weights.shape
    n, height, width, _ = out.shape
    taps = kh * kw * c_in
    matrix = weights.reshape(taps, c_out)
    gathered = windows(maps, (kh, kw), op.strides, op.dilation)
    per_sample = height * width * taps * weights.itemsize
    most = TILE_BYTES if maps.dtype == weights.dtype else WIDENED_BYTES
    samples = max(1, min(n, most // per_sample))
    rows = height if samples > 1 else max(1, min(height, most // (per_sample // height)))
    rows = -(-height // -(-height // rows))
    for sample in range(0, n, samples):
        for row in range(0, height, rows):
            source = gathered[sample : sample + samples, row : row + rows]
            target = out[sample : sample + samples, row : row + rows]
            tile = SCRATCH.get("tile", source.shape, weights.dtype)
            np.copyto(tile, source)
            acc = SCRATCH.get("acc", target.shape, weights.dtype)
            multiply(tile.reshape(-1, taps), matrix, out=acc.reshape(-1, c_out))
            sink(acc, target)
