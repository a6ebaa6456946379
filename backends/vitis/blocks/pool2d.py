"""Pooling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from hlsq.backends.vitis.blocks.base import BlockCode, Memory
from hlsq.cost.iterations import is_global
from hlsq.graph import Interval
from hlsq.graph.ops import AveragePool2D, MaxPool2D
from hlsq.graph.ops.base import Op
from hlsq.graph.ops.pool2d import AverageWeights, Pool2D, average_weights


@dataclass(frozen=True, eq=False)
class PoolCode(BlockCode):
    """Common to both kinds."""

    headers: ClassVar[tuple[str, ...]] = ("pooling.h",)

    @property
    def pool(self) -> Pool2D:
        """The operation."""
        assert isinstance(self.block.op, Pool2D)  # noqa: S101 - registered for these
        return self.block.op

    @property
    def is_global(self) -> bool:
        """Whether one window covers the whole map, so that no line buffer is needed."""
        return is_global(self.design.graph, self.block)

    @property
    def memory(self) -> Memory | None:
        """Rows above the one that arrives."""
        return None if self.is_global else self.lines(self.pool.pool[0] - 1)


@dataclass(frozen=True, eq=False)
class MaxPoolCode(PoolCode):
    """Maximum; padding holds the smallest integer."""

    op: ClassVar[type[Op]] = MaxPool2D
    template: ClassVar[str] = "max_pool.h.j2"

    @property
    def tap(self) -> Interval:
        """Integers as they are: a zero point makes no difference to which is the largest."""
        return self.result.interval


@dataclass(frozen=True, eq=False)
class AveragePoolCode(PoolCode):
    """Weighted sum, divided by the requantisation."""

    op: ClassVar[type[Op]] = AveragePool2D
    template: ClassVar[str] = "average_pool.h.j2"

    @property
    def weights(self) -> AverageWeights:
        """Factors of windows that overhang the border."""
        assert isinstance(self.block.op, AveragePool2D)  # noqa: S101 - registered for it
        return average_weights(self.block.op, self.in_map)
