"""Convolution as matrix products over gathered windows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from hlsq.emulate.kernels.base import Kernel, Values, as_maps, pad_maps, windows
from hlsq.graph.ops import Conv2D
from hlsq.graph.ops.base import Op

TILE_BYTES = 1 << 19
"""Gathered windows per matrix product: small enough to stay in a core's second-level cache."""


class Conv2DKernel(Kernel[Conv2D]):
    """Convolution, kernel [kernel_h, kernel_w, in, out]."""

    op: ClassVar[type[Op]] = Conv2D

    def linear(self, op: Conv2D, inputs: Sequence[Values], weights: Values | None) -> Values:
        """Maps [n, out_h, out_w, out] (or as many axes as the input)."""
        assert weights is not None  # noqa: S101 - a graph's invariant, not a user's input
        x = inputs[0]
        maps = pad_maps(as_maps(x), op.padding)
        kh, kw, c_in, c_out = weights.shape
        gathered = windows(maps, (kh, kw), op.strides, op.dilation)
        n, out_h, out_w = gathered.shape[:3]
        taps = kh * kw * c_in
        matrix = np.ascontiguousarray(weights.reshape(taps, c_out))
        out = np.empty((n, out_h, out_w, c_out), dtype=x.dtype)
        if taps == c_in and op.strides == (1, 1):
            np.matmul(maps.reshape(-1, c_in), matrix, out=out.reshape(-1, c_out))
        else:
            rows = max(1, min(out_h, TILE_BYTES // (out_w * taps * x.itemsize)))
            tile = np.empty((rows, out_w, kh, kw, c_in), dtype=x.dtype)
            for sample in range(n):
                for row in range(0, out_h, rows):
                    part = tile[: min(rows, out_h - row)]
                    np.copyto(part, gathered[sample, row : row + rows])
                    target = out[sample, row : row + rows].reshape(-1, c_out)
                    np.matmul(part.reshape(-1, taps), matrix, out=target)
        return out.reshape(n, *_axes(x, out_h, out_w, c_out))


def _axes(x: Values, out_h: int, out_w: int, channels: int) -> tuple[int, ...]:
    return (out_h, out_w, channels)[4 - x.ndim :]
