"""Which iterations of a block's pipelined loop read and write packets of its streams."""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd

import numpy as np
from numpy.typing import NDArray

from hlsq.cost.iterations import Sweep, is_global, loop_iterations
from hlsq.cost.reuse import Split
from hlsq.cost.streams import packet_sizes, positions
from hlsq.graph import QBlock, QuantizedGraph
from hlsq.graph.ops import Conv2D, Dense, DepthwiseConv2D, Reshape, ZeroPad2D
from hlsq.graph.ops.base import spatial
from hlsq.graph.ops.pool2d import Pool2D

Indices = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Schedule:
    """One sample in a pipelined loop.

    Attributes:
        iterations: of the loop.
        reads: the iteration that reads each packet, the same of every input; ascending.
        writes: the iteration that computes each output packet; ascending.
    """

    iterations: int
    reads: Indices
    writes: Indices

    def last_read(self, iteration: Indices) -> Indices:
        """Index of the last packet read up to each iteration, where the loop runs for sample after sample; -1 for none.

        Args:
            iteration: counted over all samples.
        """
        sample, within = np.divmod(iteration, self.iterations)
        return sample * len(self.reads) + np.searchsorted(self.reads, within, side="right") - 1


def copying(count: int) -> Schedule:
    """A loop that hands ``count`` packets on, or discards them: one an iteration."""
    return Schedule(count, np.arange(count), np.arange(count))


def schedule(graph: QuantizedGraph, block: QBlock, split: Split | None) -> Schedule:
    """The loop of ``block``, as its C++ template has it.

    Args:
        graph: the network.
        block: of it.
        split: steps and parallelism of the block; None for one that only hands values on.
    """
    op = block.op
    steps, words = (1, 1) if split is None else (split.reuse_factor, split.window_words)
    iterations = loop_iterations(graph, block, split)
    count = positions(graph)
    packets, results = np.arange(count[block.inputs[0]]), np.arange(count[block.name])
    if isinstance(op, Dense):
        assert split is not None  # noqa: S101 - a dense layer has weights
        return Schedule(iterations, packets * (split.tap_steps // len(packets)), np.asarray([iterations - 1]))
    if isinstance(op, Pool2D) and is_global(graph, block):
        return Schedule(iterations, packets, np.asarray([iterations - 1]))
    if isinstance(op, Pool2D):
        return _window(graph, block, op.pool, op.strides, op.padding, steps, words)
    if isinstance(op, (Conv2D, DepthwiseConv2D)):
        assert block.weights is not None  # noqa: S101 - a graph's invariant
        kernel = block.weights.values.shape
        spans = [(kernel[n] - 1) * op.dilation[n] + 1 for n in range(2)]
        return _window(graph, block, (spans[0], spans[1]), op.strides, op.padding, steps, words)
    if isinstance(op, ZeroPad2D):
        return _window(graph, block, (1, 1), (1, 1), op.padding)
    if isinstance(op, Reshape):
        taken, given = (packet_sizes(graph)[name] for name in (block.inputs[0], block.name))
        part = gcd(taken, given)
        return Schedule(iterations, packets * (taken // part), (results + 1) * (given // part) - 1)
    return Schedule(iterations, packets * steps, results * steps + steps - 1)


def _window(
    graph: QuantizedGraph,
    block: QBlock,
    spans: tuple[int, int],
    strides: tuple[int, int],
    padding: tuple[int, int, int, int],
    steps: int = 1,
    words: int = 1,
) -> Schedule:
    """A window that stops at every output for ``steps`` iterations, as ``corner`` in window.h moves it.

    Between the outputs of a row it stops for ``words`` iterations.
    """
    before, after = spatial(graph.shapes[block.inputs[0]]), spatial(block.shape)
    rows, columns = (Sweep(before[n], spans[n], strides[n], padding[2 * n], after[n]) for n in range(2))
    y, x = (np.arange(s.places) + min(0, s.first) for s in (rows, columns))
    output = np.logical_and.outer(rows.stops(y), columns.stops(x))
    inside = np.logical_and.outer((y >= 0) & (y < rows.size), (x >= 0) & (x < columns.size))
    # Rows in which no window ends take the columns of the map alone.
    passed = rows.stops(y)[:, None] | ((x >= 0) & (x < columns.size))
    taken = np.where(output, steps, np.where(rows.stops(y), words, 1)[:, None])[passed]
    end = np.cumsum(taken)
    return Schedule(int(end[-1]), (end - taken)[inside[passed]], (end - 1)[output[passed]])
