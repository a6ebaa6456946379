"""Sums of products on their way to an accumulator: how large they get, and FxP-QNet's widths for them."""

from __future__ import annotations

from hlsq.graph.lowering.accumulate import product_bounds
from hlsq.graph.quantized import Interval, QBlock, QuantizedGraph

EDGE_BITS = 32
"""Of the accumulators of first and last layers."""
INNER_BITS = 16
"""Of those of all others."""


def partial_sums(graph: QuantizedGraph, block: QBlock) -> Interval:
    """All integers that sums of some of the products of a block with weights can take, without its bias."""
    assert block.weights is not None  # noqa: S101 - the caller looked
    source, zero = graph.intervals[block.inputs[0]], graph.formats[block.inputs[0]].offset
    deviation = Interval(source.lo - zero, source.hi - zero).with_zero()
    taps = block.weights.values.reshape(-1, block.shape[-1])
    return product_bounds(block.name, taps, deviation, 0).interval.with_zero()


def edge_layers(graph: QuantizedGraph) -> set[str]:
    """First and last layers: those that read an input or give an output, else the first and last with weights."""
    weighted = [block for block in graph.blocks if block.weights is not None]
    inputs = {item.name for item in graph.inputs}
    first = [b.name for b in weighted if inputs.intersection(b.inputs)] or [b.name for b in weighted[:1]]
    last = [b.name for b in weighted if b.name in graph.outputs] or [b.name for b in weighted[-1:]]
    return {*first, *last}
