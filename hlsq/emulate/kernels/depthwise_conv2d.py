"""Depthwise convolution as a sum over the taps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from hlsq.emulate.kernels.base import Kernel, Values, as_maps, pad_maps, windows
from hlsq.graph.ops import DepthwiseConv2D
from hlsq.graph.ops.base import Op


class DepthwiseConv2DKernel(Kernel[DepthwiseConv2D]):
    """Each channel with its own filters, kernel [kernel_h, kernel_w, in * multiplier]."""

    op: ClassVar[type[Op]] = DepthwiseConv2D

    def linear(self, op: DepthwiseConv2D, inputs: Sequence[Values], weights: Values | None) -> Values:
        """Maps [n, out_h, out_w, in * multiplier] (or as many axes as the input)."""
        assert weights is not None  # noqa: S101 - a graph's invariant, not a user's input
        x = inputs[0]
        maps = pad_maps(as_maps(x), op.padding)
        kh, kw, c_out = weights.shape
        gathered = windows(maps, (kh, kw), op.strides, op.dilation)
        n, out_h, out_w, _, _, c_in = gathered.shape
        filters = weights.reshape(kh, kw, c_in, c_out // c_in)
        out = np.zeros((n, out_h, out_w, c_in, c_out // c_in), dtype=x.dtype)
        for i in range(kh):
            for j in range(kw):
                out += gathered[:, :, :, i, j, :, None] * filters[i, j]
        return out.reshape(n, *(out_h, out_w, c_out)[4 - x.ndim :])
