"""Convolutions whose windows are made by a process of their own: the same network as other blocks."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from functools import lru_cache

from hlsq.graph.ops import Conv2D, Windows
from hlsq.graph.quantized import Interval, QBlock, QuantizedGraph, QWeights


def with_separate_windows(graph: QuantizedGraph, names: Collection[str]) -> QuantizedGraph:
    """``graph`` with each convolution of ``names`` as two blocks: its windows, and what it computes of each of them.

    The second has the convolution's name, and gives the same integers.

    Args:
        graph: the network; itself if there are no ``names``.
        names: of blocks that are convolutions.
    """
    return _separated(graph, tuple(sorted(names))) if names else graph


# What is known of a graph is known by it: those who ask for the same blocks get the same one.
@lru_cache(maxsize=16)
def _separated(graph: QuantizedGraph, names: tuple[str, ...]) -> QuantizedGraph:
    blocks: list[QBlock] = []
    taken = set(graph.shapes)
    for block in graph.blocks:
        if block.name not in names:
            blocks.append(block)
            continue
        windows = _windows(graph, block, taken)
        taken.add(windows.name)
        blocks += [windows, _single_positions(block, windows)]
    return replace(graph, blocks=tuple(blocks))


def _windows(graph: QuantizedGraph, block: QBlock, taken: Collection[str]) -> QBlock:
    op, source = block.op, block.inputs[0]
    assert isinstance(op, Conv2D)  # noqa: S101 - the caller looked
    assert block.weights is not None  # noqa: S101 - a graph's invariant
    height, width = block.weights.values.shape[:2]
    windows = Windows((height, width), op.strides, op.padding, op.dilation)
    fmt, interval = graph.formats[source], graph.intervals[source]
    if any(op.padding):
        interval = interval.union(Interval(fmt.offset, fmt.offset))
    name = f"{block.name}_windows"
    while name in taken:
        name += "_"
    shape = windows.output_shape([graph.shapes[source]], None)
    return QBlock(name, windows, block.inputs, shape, fmt, interval, interval, interval)


def _single_positions(block: QBlock, windows: QBlock) -> QBlock:
    assert block.weights is not None  # noqa: S101 - the caller looked
    values = block.weights.values
    weights = QWeights(values.reshape(1, 1, -1, values.shape[-1]), block.weights.format)
    return replace(block, op=Conv2D(), inputs=(windows.name,), weights=weights)
