"""Maximum and average over windows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import lcm
from typing import ClassVar

from hlsq.errors import GraphError
from hlsq.graph.ops.base import Op, Pads, Shape, restore, spatial, whole, window_size


@dataclass(frozen=True)
class Pool2D(Op):
    """A window that slides over the map; padded positions do not take part.

    Args:
        pool: window (height, width).
        strides: (vertical, horizontal).
        padding: (top, bottom, left, right).
        squeeze: drop height and width, which must have become 1 (global pooling).
    """

    pool: tuple[int, int] = field(metadata=whole(2, 1))
    strides: tuple[int, int] = field(metadata=whole(2, 1))
    padding: Pads = field(default=(0, 0, 0, 0), metadata=whole(4, 0))
    squeeze: bool = False

    def output_shape(self, shapes: Sequence[Shape], kernel: Shape | None) -> Shape:
        """Shape of the output map, or [channels] when squeezed."""
        height, width, channels = spatial(shapes[0])
        top, bottom, left, right = self.padding
        if max(top, bottom) >= self.pool[0] or max(left, right) >= self.pool[1]:
            raise GraphError(f"padding {self.padding} would hold a whole window {self.pool}; it must be smaller")
        out_h = window_size(height, self.pool[0], self.strides[0], top, bottom)
        out_w = window_size(width, self.pool[1], self.strides[1], left, right)
        return restore(out_h, out_w, channels, (channels,) if self.squeeze else shapes[0])


@dataclass(frozen=True)
class MaxPool2D(Pool2D):
    """Largest value of each window; keeps the format."""

    kind: ClassVar[str] = "max_pool2d"
    accumulates: ClassVar[bool] = False


@dataclass(frozen=True)
class AveragePool2D(Pool2D):
    """Mean of each window; the reciprocal is folded into the requantisation, or multiplied with if a plan says so."""

    kind: ClassVar[str] = "average_pool2d"


@dataclass(frozen=True)
class AverageWeights:
    """Integer weights that make one divisor right for every window position.

    A window that overhangs the border holds fewer values. With ``rows[i] * columns[j]`` as the weight of the sum at
    output (i, j), the mean is the weighted sum divided by ``divisor`` everywhere.
    """

    rows: tuple[int, ...]
    columns: tuple[int, ...]
    divisor: int

    @property
    def uniform(self) -> bool:
        """Whether every window holds the same number of values (all weights are 1)."""
        return set(self.rows) == set(self.columns) == {1}


def average_weights(op: AveragePool2D, shape: Shape) -> AverageWeights:
    """Weights of ``op`` on an input of ``shape``."""
    height, width, _ = spatial(shape)
    top, bottom, left, right = op.padding
    rows = _counts(height, op.pool[0], op.strides[0], top, bottom)
    columns = _counts(width, op.pool[1], op.strides[1], left, right)
    row_lcm, column_lcm = lcm(*rows), lcm(*columns)
    return AverageWeights(
        rows=tuple(row_lcm // count for count in rows),
        columns=tuple(column_lcm // count for count in columns),
        divisor=row_lcm * column_lcm,
    )


def _counts(size: int, window: int, stride: int, before: int, after: int) -> list[int]:
    starts = [i * stride - before for i in range(window_size(size, window, stride, before, after))]
    return [max(1, min(start + window, size) - max(start, 0)) for start in starts]
