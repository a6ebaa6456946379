"""Which iterations of a block's pipelined loop read and write words of its streams."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import gcd

import numpy as np
from numpy.typing import NDArray

from hlsq.cost.iterations import Sweep, is_global, loop_iterations
from hlsq.cost.reuse import Split
from hlsq.cost.streams import packet_sizes, positions
from hlsq.graph import QBlock, QuantizedGraph
from hlsq.graph.ops import Conv2D, Dense, DepthwiseConv2D, Reshape, Windows, ZeroPad2D
from hlsq.graph.ops.base import spatial
from hlsq.graph.ops.pool2d import Pool2D

Indices = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Schedule:
    """One sample in a pipelined loop.

    Attributes:
        iterations: of the loop.
        reads: of each input, the iteration that reads each word; ascending.
        writes: the iteration that computes each word of the output; ascending.
    """

    iterations: int
    reads: tuple[Indices, ...]
    writes: Indices


def copying(count: int) -> Schedule:
    """A loop that hands ``count`` words on, or discards them: one an iteration."""
    return Schedule(count, (np.arange(count),), np.arange(count))


def schedule(
    graph: QuantizedGraph, block: QBlock, split: Split | None, words: Mapping[str, int] | None = None
) -> Schedule:
    """The loop of ``block``, as its C++ template has it.

    Args:
        graph: the network.
        block: of it.
        split: steps and parallelism of the block; None for one that only hands values on.
        words: of a packet of every tensor (see ``stream_words``); None for one each.
    """
    iterations, reads, writes = _packets(graph, block, split)
    given = dict.fromkeys((*block.inputs, block.name), 1) if words is None else words
    if not isinstance(block.op, Dense):
        return _transferred(iterations, reads, writes, [given[name] for name in block.inputs], given[block.name])
    # Each word is used as it comes.
    assert split is not None  # noqa: S101 - a dense layer has weights
    count = len(reads) * given[block.inputs[0]]
    taken = _transferred(iterations, reads[:0], writes, [1], given[block.name])
    return Schedule(taken.iterations, (np.arange(count) * (split.tap_steps // count),), taken.writes)


def _transferred(iterations: int, reads: Indices, writes: Indices, taken: Sequence[int], sent: int) -> Schedule:
    """A loop over packets with the iterations in which words.h merely takes or sends a word between the others.

    Words of inputs come side by side, the last one of the largest input in the iteration that uses the packet. Those of
    a result leave in the iterations after the one that made it.

    Args:
        iterations: of the loop over packets.
        reads: the iteration that uses each packet.
        writes: the iteration that makes each packet.
        taken: words of a packet of each input.
        sent: words of a packet of the output.
    """
    before, after = max(taken) - 1, sent if sent > 1 else 0

    def place(found: Indices) -> Indices:
        return (
            found
            + before * np.searchsorted(reads, found, side="right")
            + after * np.searchsorted(writes, found, side="left")
        )

    used, made = place(reads), place(writes)
    return Schedule(
        iterations + before * len(reads) + after * len(writes),
        tuple(np.add.outer(used - before, np.arange(words)).ravel() for words in taken),
        made if not after else np.add.outer(made + 1, np.arange(sent)).ravel(),
    )


def _packets(graph: QuantizedGraph, block: QBlock, split: Split | None) -> tuple[int, Indices, Indices]:
    """Iterations of the loop, and those that use and make each packet, if packets had one word each."""
    op = block.op
    steps, words = (1, 1) if split is None else (split.reuse_factor, split.window_words)
    iterations = loop_iterations(graph, block, split)
    count = positions(graph)
    packets, results = np.arange(count[block.inputs[0]]), np.arange(count[block.name])
    if isinstance(op, Dense):
        return iterations, packets, np.asarray([iterations - 1])
    if isinstance(op, Pool2D) and is_global(graph, block):
        return iterations, packets, np.asarray([iterations - 1])
    if isinstance(op, Pool2D):
        return _window(graph, block, op.pool, op.strides, op.padding, steps, words)
    if isinstance(op, (Conv2D, DepthwiseConv2D)):
        assert block.weights is not None  # noqa: S101 - a graph's invariant
        kernel = block.weights.values.shape
        spans = [(kernel[n] - 1) * op.dilation[n] + 1 for n in range(2)]
        return _window(graph, block, (spans[0], spans[1]), op.strides, op.padding, steps, words)
    if isinstance(op, Windows):
        return _window(graph, block, op.spans, op.strides, op.padding)
    if isinstance(op, ZeroPad2D):
        return _window(graph, block, (1, 1), (1, 1), op.padding)
    if isinstance(op, Reshape):
        taken, given = (packet_sizes(graph)[name] for name in (block.inputs[0], block.name))
        part = gcd(taken, given)
        return iterations, packets * (taken // part), (results + 1) * (given // part) - 1
    return iterations, packets * steps, results * steps + steps - 1


def _window(
    graph: QuantizedGraph,
    block: QBlock,
    spans: tuple[int, int],
    strides: tuple[int, int],
    padding: tuple[int, int, int, int],
    steps: int = 1,
    words: int = 1,
) -> tuple[int, Indices, Indices]:
    """A window that stops at every output for ``steps`` iterations, as ``corner`` in corner.h moves it.

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
    return int(end[-1]), (end - taken)[inside[passed]], (end - 1)[output[passed]]
