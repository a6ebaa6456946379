"""Iterations of each block's pipelined loop for one sample: the cycles it needs at an initiation interval of 1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import gcd

import numpy as np
from numpy.typing import NDArray

from hlsq.cost.reuse import Split
from hlsq.cost.streams import packet_sizes, positions
from hlsq.cost.wires import is_wire
from hlsq.cost.words import transfer_iterations
from hlsq.graph import QBlock, QuantizedGraph
from hlsq.graph.ops import Conv2D, Dense, DepthwiseConv2D, Reshape, Windows
from hlsq.graph.ops.base import spatial
from hlsq.graph.ops.pool2d import Pool2D


@dataclass(frozen=True)
class Sweep:
    """Rows or columns of a map along one axis, and the window that moves over them.

    Attributes:
        size: of the map.
        span: of the window, with the places that a dilation leaves out.
        stride: from one output to the next.
        before: padding above or to the left.
        outputs: windows along the axis.
    """

    size: int
    span: int
    stride: int
    before: int
    outputs: int

    @property
    def places(self) -> int:
        """Places of the window's lower right corner that it passes.

        All of the map, and of the padding as much as the first and the last output need. Padding that merely stands
        before the map does not pass: a window starts with it.
        """
        last = self.first + (self.outputs - 1) * self.stride
        return max(self.size, last + 1) - min(0, self.first)

    @property
    def first(self) -> int:
        """The place where the first output's window ends, counted from the start of the map."""
        return self.span - 1 - self.before

    def stops(self, places: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether a window ends at each of ``places``."""
        output, rest = np.divmod(places - self.first, self.stride)
        return (rest == 0) & (output >= 0) & (output < self.outputs)


@dataclass(frozen=True)
class LoopCycles:
    """Iterations of a block's loop for one sample, by how its products are spread.

    Attributes:
        fixed: those that are the same whatever the parallelism.
        per_step: how many more there are for every cycle that a position takes.
        per_word: how many more there are for every word of a memory that holds the window.
    """

    fixed: int
    per_step: int
    per_word: int = 0

    def at(self, split: Split | None) -> int:
        """Iterations with ``split``; None for a block that only hands values on."""
        steps, words = (1, 1) if split is None else (split.reuse_factor, split.window_words)
        return self.fixed + self.per_step * steps + self.per_word * words


def loop_iterations(
    graph: QuantizedGraph, block: QBlock, split: Split | None, words: Mapping[str, int] | None = None
) -> int:
    """Iterations of the loop of ``block`` for one sample; none for a wire.

    Args:
        graph: the network.
        block: of it.
        split: steps and parallelism of the block; None for one that only hands values on.
        words: of a packet of every tensor (see ``stream_words``); None for one each.
    """
    return loop_cycles(graph, block, words).at(split)


def loop_cycles(graph: QuantizedGraph, block: QBlock, words: Mapping[str, int] | None = None) -> LoopCycles:
    """Iterations of the loop of ``block`` for one sample, as a line over the cycles that a position takes.

    A window takes one more for every place where none ends, or one for every word of its memory where others of the row
    are ends; packets of several words take more for their transfers.
    A wire takes none.

    Args:
        graph: the network.
        block: of it.
        words: of a packet of every tensor (see ``stream_words``); None for one each.
    """
    if is_wire(graph, block):
        return LoopCycles(0, 0)
    found = _computing(graph, block)
    return replace(found, fixed=found.fixed + (0 if words is None else transfer_iterations(graph, block, words)))


def _computing(graph: QuantizedGraph, block: QBlock) -> LoopCycles:
    """Iterations that compute or hand values on."""
    op = block.op
    if isinstance(op, Dense):
        return LoopCycles(0, 1)
    if isinstance(op, (Conv2D, DepthwiseConv2D)):
        assert block.weights is not None  # noqa: S101 - a graph's invariant
        kernel = block.weights.values.shape
        spans = [(kernel[n] - 1) * op.dilation[n] + 1 for n in range(2)]
        return _window(graph, block, (spans[0], spans[1]), op.strides, op.padding)
    if isinstance(op, Windows):
        return _window(graph, block, op.spans, op.strides, op.padding)
    if isinstance(op, Pool2D):
        if is_global(graph, block):
            return LoopCycles(positions(graph)[block.inputs[0]] - 1, 1)
        return _window(graph, block, op.pool, op.strides, op.padding)
    if isinstance(op, Reshape):
        sizes = packet_sizes(graph)
        taken, given = sizes[block.inputs[0]], sizes[block.name]
        return LoopCycles(positions(graph)[block.name] * given // gcd(given, taken), 0)
    return LoopCycles(0, positions(graph)[block.name])


def is_global(graph: QuantizedGraph, block: QBlock) -> bool:
    """Whether the only window of a pool is the whole map, so that it needs no memory of rows."""
    op = block.op
    return isinstance(op, Pool2D) and op.pool == spatial(graph.shapes[block.inputs[0]])[:2] and not any(op.padding)


def _window(
    graph: QuantizedGraph,
    block: QBlock,
    spans: tuple[int, int],
    strides: tuple[int, int],
    padding: tuple[int, int, int, int],
) -> LoopCycles:
    """Rows in which no window ends take the columns of the map alone."""
    before, after = spatial(graph.shapes[block.inputs[0]]), spatial(block.shape)
    rows, columns = (Sweep(before[n], spans[n], strides[n], padding[2 * n], after[n]) for n in range(2))
    other = rows.places - rows.outputs
    windows = rows.outputs * columns.outputs
    return LoopCycles(other * columns.size, windows, rows.outputs * columns.places - windows)
