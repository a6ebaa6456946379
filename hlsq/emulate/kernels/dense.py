"""Fully connected layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from hlsq.emulate.kernels.base import Kernel, Values
from hlsq.emulate.products import multiply
from hlsq.graph.ops import Dense
from hlsq.graph.ops.base import Op


class DenseKernel(Kernel[Dense]):
    """Matrix product, kernel [in, out]."""

    op: ClassVar[type[Op]] = Dense

    def linear(self, op: Dense, inputs: Sequence[Values], weights: Values | None) -> Values:
        """[n, out]."""
        assert weights is not None  # noqa: S101 - a graph's invariant, not a user's input
        x = inputs[0]
        return multiply(x.astype(weights.dtype, copy=False), weights).astype(x.dtype, copy=False)
