"""How many products a block needs for one output position."""

from __future__ import annotations

from dataclasses import dataclass

from hlsq.graph import QBlock
from hlsq.graph.ops import DepthwiseConv2D


@dataclass(frozen=True)
class Products:
    """The products of one output position: each of ``outputs`` values sums ``taps`` of them."""

    taps: int
    outputs: int

    @property
    def total(self) -> int:
        """Number of products."""
        return self.taps * self.outputs


def products_of(block: QBlock) -> Products | None:
    """Products of one output position of ``block``; None for a block without weights."""
    if block.weights is None:
        return None
    shape = block.weights.values.shape
    if isinstance(block.op, DepthwiseConv2D):
        return Products(shape[0] * shape[1], shape[2])
    taps = 1
    for axis in shape[:-1]:
        taps *= axis
    return Products(taps, shape[-1])
