"""Registers that hold the window of a block: the taps that its PEs see, from one cycle to the next."""

from __future__ import annotations

from math import prod

from hlsq.cost.iterations import is_global
from hlsq.cost.reuse import Split
from hlsq.graph import Interval, QBlock, QuantizedGraph
from hlsq.graph.ops import AveragePool2D, Conv2D, Dense, DepthwiseConv2D, MaxPool2D
from hlsq.memory.taps import tap_bits


def window_registers(graph: QuantizedGraph, block: QBlock, split: Split | None) -> int:
    """Bits of the registers that hold the window, or the packet of a dense layer; 0 for a block without.

    Idle PEs have taps, too. Columns that a dilation leaves out are held as well, between those of the window.
    """
    op, source = block.op, block.inputs[0]
    bits = tap_bits(graph, source)
    channels = graph.shapes[source][-1]
    if isinstance(op, MaxPool2D):
        # A window of one column is what arrives, and is not held.
        held = not is_global(graph, block) and op.pool[1] > 1
        fmt = graph.formats[source]
        return prod(op.pool) * channels * Interval(fmt.qmin, fmt.qmax).width if held else 0
    if split is None:
        return 0
    if isinstance(op, AveragePool2D):
        slots = split.output_steps * split.output_block
        return 0 if is_global(graph, block) else prod(op.pool) * slots * bits
    slots = split.tap_steps * split.tap_block
    if isinstance(op, Dense):
        return slots // split.products.packets * bits
    if not isinstance(op, (Conv2D, DepthwiseConv2D)):
        return 0
    assert block.weights is not None  # noqa: S101 - a graph's invariant
    height, width = block.weights.values.shape[:2]
    rows = split.output_steps * split.output_block // split.products.group if split.products.group else 1
    gap = op.dilation[1] - 1 if width > 1 else 0
    return (slots * rows + height * width * gap * channels) * bits
