"""Packets of streamed tensors, and how deep the stream of a skip connection must be.

A streamed block can write an output packet only after it has read certain input packets: a convolution waits until its
line buffers hold a whole window. Where two branches meet again, the stream of the shorter one must hold everything that
arrives while the longer one fills its buffers, or the network stands still for ever. ``stream_depths`` computes exactly
how much that is.
"""

from __future__ import annotations

from math import prod

import numpy as np
from numpy.typing import NDArray

from hlsq.graph import QBlock, QuantizedGraph
from hlsq.graph.ops import Add, Concatenate, Conv2D, Dense, DepthwiseConv2D, Identity, Reshape, ZeroPad2D
from hlsq.graph.ops.base import spatial
from hlsq.graph.ops.pool2d import Pool2D

Indices = NDArray[np.int64]

MINIMUM_DEPTH = 2


def packet_sizes(graph: QuantizedGraph) -> dict[str, int]:
    """Values in one packet of every input and block: the channels of one position.

    A flattened map that only dense layers read keeps its packets, so that flattening costs no hardware.
    """
    sizes = {i.name: i.shape[-1] for i in graph.inputs}
    for block in graph.blocks:
        readers = graph.consumers(block.name)
        flat = isinstance(block.op, Reshape) and len(block.shape) == 1
        keep = flat and all(isinstance(r.op, (Dense, Reshape)) for r in readers)
        sizes[block.name] = sizes[block.inputs[0]] if keep else block.shape[-1]
    return sizes


def positions(graph: QuantizedGraph) -> dict[str, int]:
    """Packets of one sample of every input and block."""
    sizes = packet_sizes(graph)
    return {name: prod(shape) // sizes[name] for name, shape in graph.shapes.items()}


def last_needed(graph: QuantizedGraph, block: QBlock) -> Indices:
    """For each output packet of ``block``, the index of the last packet it needs of its inputs; -1 for none."""
    sizes = packet_sizes(graph)
    source = block.inputs[0]
    shape = graph.shapes[source]
    count = prod(block.shape) // sizes[block.name]
    outputs = np.arange(count)
    op = block.op
    if isinstance(op, (Add, Concatenate, Identity)):
        return outputs
    if isinstance(op, Reshape):
        return ((outputs + 1) * sizes[block.name] - 1) // sizes[source]
    if isinstance(op, ZeroPad2D):
        return _last_read(shape, op.padding, (1, 1), (1, 1), count)
    if isinstance(op, (Conv2D, DepthwiseConv2D)):
        assert block.weights is not None  # noqa: S101 - a graph's invariant
        kh, kw = block.weights.values.shape[:2]
        span = (op.dilation[0] * (kh - 1) + 1, op.dilation[1] * (kw - 1) + 1)
        return _last_read(shape, op.padding, span, op.strides, count)
    if isinstance(op, Pool2D):
        return _last_read(shape, op.padding, op.pool, op.strides, count)
    return np.full(count, prod(shape) // sizes[source] - 1)


def _last_read(
    shape: tuple[int, ...],
    padding: tuple[int, int, int, int],
    span: tuple[int, int],
    strides: tuple[int, int],
    count: int,
) -> Indices:
    """Index of the last real position at or before the lower right corner of each window, in raster order."""
    height, width, _ = spatial(shape)
    top, _, left, right = padding
    out_w = (width + left + right - span[1]) // strides[1] + 1
    index = np.arange(count)
    y = (index // out_w) * strides[0] + span[0] - 1 - top
    x = (index % out_w) * strides[1] + span[1] - 1 - left
    inside = y * width + np.clip(x, -1, width - 1)
    return np.where(y < 0, -1, np.where(y >= height, height * width - 1, inside))


def arrivals(graph: QuantizedGraph) -> dict[str, Indices]:
    """When each packet of each tensor exists, in cycles, if every block moved one packet per cycle and never waited."""
    count = positions(graph)
    times: dict[str, Indices] = {i.name: np.arange(count[i.name]) for i in graph.inputs}
    for block in graph.blocks:
        needed = last_needed(graph, block)
        ready = np.zeros(len(needed), dtype=np.int64)
        for source in block.inputs:
            ready = np.maximum(ready, np.where(needed >= 0, times[source][np.maximum(needed, 0)], 0))
        # A packet leaves when it is ready, and a cycle after the one before it.
        turn = np.arange(len(needed))
        times[block.name] = turn + np.maximum.accumulate(ready - turn)
    return times


def stream_depths(graph: QuantizedGraph) -> dict[tuple[str, int], int]:
    """Depth of every stream that enters a block with several inputs, keyed by (block, input number).

    The depth is the largest number of packets that have arrived on that input while the block still waits for
    another one, plus the usual two. Slower blocks change when packets move but not which ones must have moved before
    others, so a network that flows in one schedule flows in every one.
    """
    times = arrivals(graph)
    depths: dict[tuple[str, int], int] = {}
    for block in graph.blocks:
        if len(block.inputs) < 2:
            continue
        consumed = last_needed(graph, block)
        for number, source in enumerate(block.inputs):
            arrived = np.searchsorted(times[source], times[block.name], side="right")
            waiting = int(np.max(arrived - consumed))
            depths[block.name, number] = max(waiting, 0) + MINIMUM_DEPTH
    return depths
