"""Registers that hold the window of a block from cycle to cycle, and how its PEs select their taps from them."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from hlsq.cost.iterations import is_global
from hlsq.cost.reuse import Split
from hlsq.graph import Interval, QBlock, QuantizedGraph
from hlsq.graph.ops import AveragePool2D, Conv2D, Dense, DepthwiseConv2D, MaxPool2D, Windows
from hlsq.memory.taps import tap_bits


@dataclass(frozen=True)
class TapSelect:
    """What selects the taps of a cycle from registers: a multiplexer for every bit that PEs see of them.

    The first step's input is what moves into the window in the same cycle; the others are registers.

    Attributes:
        steps: inputs of each; with one step PEs see the registers, and nothing is selected.
        lanes: taps that the steps see at a time, those of idle PEs included.
        bits: of a tap.
    """

    steps: int = 1
    lanes: int = 0
    bits: int = 0

    @property
    def multiplexers(self) -> int:
        """Of one bit and ``steps`` inputs."""
        return self.lanes * self.bits if self.steps > 1 else 0

    @property
    def inputs(self) -> int:
        """Of all multiplexers together, in bits."""
        return self.steps * self.multiplexers


def tap_select(graph: QuantizedGraph, block: QBlock, split: Split | None) -> TapSelect:
    """How the PEs of ``block``, or the adders of an average, get their taps; nothing for a block that has no window."""
    op, source = block.op, block.inputs[0]
    bits = tap_bits(graph, source)
    if split is None:
        return TapSelect()
    if isinstance(op, AveragePool2D) and not is_global(graph, block):
        return TapSelect(split.output_steps, prod(op.pool) * split.output_block, bits)
    if isinstance(op, Dense):
        return TapSelect(split.tap_steps // split.products.packets, split.tap_block, bits)
    if not isinstance(op, (Conv2D, DepthwiseConv2D)):
        return TapSelect()
    slots, rows = _slots(split), _rows(split)
    lanes = slots // split.tap_steps * _channels(split)
    return TapSelect(slots * rows // lanes, lanes, bits)


def window_registers(graph: QuantizedGraph, block: QBlock, split: Split | None) -> int:
    """Bits of the registers that hold the window, or the packet of a dense layer; 0 for a block without.

    Idle PEs have taps, too. Columns that a dilation leaves out are held as well, between those of the window. Where a
    memory holds all columns but the newest, registers hold that, and all columns of what steps see beside whole strips.
    """
    op, source = block.op, block.inputs[0]
    bits = tap_bits(graph, source)
    channels = graph.shapes[source][-1]
    if isinstance(op, MaxPool2D):
        # A window of one column is what arrives, and is not held.
        held = not is_global(graph, block) and op.pool[1] > 1
        return prod(op.pool) * channels * _carried(graph, source) if held else 0
    if isinstance(op, Windows):
        # As of a maximum, a window of one column is what arrives.
        return op.window[0] * op.spans[1] * channels * _carried(graph, source) if op.window[1] > 1 else 0
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
    gap = op.dilation[1] - 1 if width > 1 else 0
    groups = channels if split.products.group else 1
    strips = max(0, height * channels // groups - split.tap_steps * split.strips) * groups  # that no memory holds
    return (_slots(split) * _rows(split) + strips * width * gap) * bits


def _carried(graph: QuantizedGraph, source: str) -> int:
    """Bits of a value as it comes, zero point included."""
    fmt = graph.formats[source]
    return Interval(fmt.qmin, fmt.qmax).width


def window_memory(graph: QuantizedGraph, block: QBlock, split: Split | None) -> tuple[int, int] | None:
    """Words of the memory that holds all columns of the window but the newest, and bits of a word; None without one."""
    op = block.op
    if split is None or split.window_words == 1 or not isinstance(op, (Conv2D, DepthwiseConv2D)):
        return None
    older = (split.products.columns - 1) * op.dilation[1]
    return split.window_words, older * split.strips * _channels(split) * tap_bits(graph, block.inputs[0])


def _slots(split: Split) -> int:
    """Taps in registers that the steps of a convolution see, of one channel where each output sees one.

    Those of the newest column, and those that a memory leaves to registers.
    """
    return split.tap_steps * (split.strips + split.loose)


def _channels(split: Split) -> int:
    """Channels that a step sees; 1 where all outputs see all taps."""
    return max(1, split.output_block // split.products.group) if split.products.group else 1


def _rows(split: Split) -> int:
    """Channels with taps of their own, those of idle PEs included."""
    return split.output_steps * split.output_block // split.products.group if split.products.group else 1
