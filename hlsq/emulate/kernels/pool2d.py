"""Maximum and weighted sum over windows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from hlsq.emulate.kernels.base import Kernel, Values, as_maps, pad_maps, windows
from hlsq.graph.ops import AveragePool2D, MaxPool2D
from hlsq.graph.ops.base import Op
from hlsq.graph.ops.pool2d import Pool2D, average_weights


class MaxPool2DKernel(Kernel[MaxPool2D]):
    """Largest value of each window."""

    op: ClassVar[type[Op]] = MaxPool2D

    def linear(self, op: MaxPool2D, inputs: Sequence[Values], weights: Values | None) -> Values:
        """Maps [n, out_h, out_w, c] (or squeezed)."""
        x = inputs[0]
        lowest = -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min
        maps = pad_maps(as_maps(x), op.padding, fill=lowest)
        gathered = windows(maps, op.pool, op.strides)
        out = gathered[:, :, :, 0, 0].copy()
        for i in range(op.pool[0]):
            for j in range(op.pool[1]):
                np.maximum(out, gathered[:, :, :, i, j], out=out)
        return _shaped(op, x, out)


class AveragePool2DKernel(Kernel[AveragePool2D]):
    """Sum of each window, weighted so that ``average_weights(...).divisor`` divides every position alike."""

    op: ClassVar[type[Op]] = AveragePool2D

    def linear(self, op: AveragePool2D, inputs: Sequence[Values], weights: Values | None) -> Values:
        """Weighted sums [n, out_h, out_w, c] (or squeezed)."""
        x = inputs[0]
        maps = pad_maps(as_maps(x), op.padding)
        gathered = windows(maps, op.pool, op.strides)
        out = np.zeros((gathered.shape[0], *gathered.shape[1:3], gathered.shape[5]), dtype=x.dtype)
        for i in range(op.pool[0]):
            for j in range(op.pool[1]):
                out += gathered[:, :, :, i, j]
        factors = average_weights(op, x.shape[1:])
        if not factors.uniform:
            out *= np.multiply.outer(factors.rows, factors.columns)[:, :, None].astype(x.dtype)
        return _shaped(op, x, out)


def _shaped(op: Pool2D, x: Values, out: Values) -> Values:
    n, out_h, out_w, channels = out.shape
    if op.squeeze:
        return out.reshape(n, channels)
    return out.reshape(n, *(out_h, out_w, channels)[4 - x.ndim :])
