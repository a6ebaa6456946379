"""What one block consists of, and what that takes. Streams and memories between blocks are in ``links``."""

from __future__ import annotations

from math import prod

from hlsq.cost.estimate.arithmetic import finishing, products
from hlsq.cost.estimate.cells import NOTHING, cells
from hlsq.cost.estimate.choices import Choices, PEs
from hlsq.cost.estimate.model import Resources
from hlsq.cost.estimate.storage import ram, rom
from hlsq.cost.iterations import is_global
from hlsq.cost.registers import window_registers
from hlsq.cost.reuse import Split
from hlsq.cost.streams import packet_sizes
from hlsq.cost.wires import is_wire
from hlsq.errors import UnsupportedLayerError
from hlsq.graph import QBlock, QuantizedGraph
from hlsq.graph.ops import (
    Add,
    AveragePool2D,
    Concatenate,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    Identity,
    MaxPool2D,
    Reshape,
    ZeroPad2D,
)
from hlsq.graph.ops.base import spatial
from hlsq.graph.ops.pool2d import Pool2D
from hlsq.memory.taps import tap_bits

KNOWN = (Add, AveragePool2D, Concatenate, Conv2D, Dense, DepthwiseConv2D, Identity, MaxPool2D, Reshape, ZeroPad2D)
HANDSHAKE = Resources(lut=30, ff=40)
"""Start, done and stall of a function's pipeline, beside its counters: an assumption, of some 0.1 % of a small part."""


def block_parts(
    graph: QuantizedGraph, block: QBlock, split: Split | None, pes: PEs | None, choices: Choices
) -> dict[str, Resources]:
    """Resources by part; empty for a wire.

    Args:
        graph: the network.
        block: of it.
        split: steps and parallelism; None for a block that only hands values on.
        pes: of a block with weights.
        choices: options of the design.

    Raises:
        UnsupportedLayerError: an operation whose cost is unknown.
    """
    if not isinstance(block.op, KNOWN):
        kinds = ", ".join(op.kind for op in KNOWN)
        raise UnsupportedLayerError(block.name, type(block.op).__name__, "has no known cost", kinds)
    if is_wire(graph, block):
        return {}
    found: dict[str, Resources] = {}
    if pes is not None and split is not None and block.weights is not None:
        found |= products(graph, block, split, pes, choices.multipliers)
        if split.reuse_factor > 1:
            found["weights"] = rom(split.reuse_factor, split.pes * block.weights.format.bits, choices.roms)
        found["tap selection"] = _selection(graph, block, split)
    found |= finishing(graph, block, split, choices.multipliers)
    found |= _of_operation(graph, block, split)
    found["windows"] = _window(graph, block, split)
    found["line buffers"] = _lines(graph, block, split, choices)
    found["packets"] = _packets(graph, block, split)
    found["control"] = _control(graph, block, split)
    return {name: part for name, part in found.items() if part != NOTHING}


def _selection(graph: QuantizedGraph, block: QBlock, split: Split) -> Resources:
    """The taps of each step: one of as many as there are steps for every lane and bit."""
    bits = tap_bits(graph, block.inputs[0])
    if isinstance(block.op, Dense):
        return _mux(split.tap_steps // split.products.packets, bits * split.tap_block)
    if split.products.group:
        rows = max(1, split.output_block // split.products.group)
        return _mux(split.tap_steps * split.output_steps, bits * split.tap_block * rows)
    return _mux(split.tap_steps, bits * split.tap_block)


def _mux(inputs: int, bits: int) -> Resources:
    return cells("mux", "binary", inputs, 8).times(bits / 8) if inputs > 1 else NOTHING


def _of_operation(graph: QuantizedGraph, block: QBlock, split: Split | None) -> dict[str, Resources]:
    """What operations without weights compute."""
    op, source = block.op, block.inputs[0]
    bits = graph.intervals[source].width
    if isinstance(op, MaxPool2D):
        compared = 1 if is_global(graph, block) else prod(op.pool) - 1
        return {"comparisons": cells("max", "signed", bits).times(compared * graph.shapes[source][-1])}
    if split is None:
        return {}
    if isinstance(op, AveragePool2D):
        width = block.accumulator.width
        if is_global(graph, block):
            # Sums of all channels grow at once; requantisers take them in groups.
            channels = graph.shapes[source][-1]
            chosen = _mux(split.output_steps, width * split.output_block)
            return {"sums": cells("accumulator", "select", bits, width).times(channels) + chosen}
        return {"sums": cells("tree", "pipelined", prod(op.pool), bits).times(split.output_block)}
    if isinstance(op, Add):
        width = block.accumulator.width
        sums = cells("tree", "pipelined", max(2, len(block.inputs)), max(1, width - 1)).times(split.output_block)
        return {"sums": sums}
    return {}


def _window(graph: QuantizedGraph, block: QBlock, split: Split | None) -> Resources:
    bits = window_registers(graph, block, split)
    return cells("window", "moving", 64).times(bits / 64) if bits else NOTHING


def _lines(graph: QuantizedGraph, block: QBlock, split: Split | None, choices: Choices) -> Resources:
    """Rows of a map that a window still needs, each a memory; the input vector of a dense layer."""
    op, source = block.op, block.inputs[0]
    if isinstance(op, Dense):
        if split is None or split.output_steps == 1:
            return NOTHING
        return ram(split.tap_steps, split.tap_block * tap_bits(graph, source), choices.lines)
    if isinstance(op, (Conv2D, DepthwiseConv2D)) and block.weights is not None:
        rows = (block.weights.values.shape[0] - 1) * op.dilation[0]
    elif isinstance(op, Pool2D) and not is_global(graph, block):
        rows = op.pool[0] - 1
    else:
        return NOTHING
    _, width, channels = spatial(graph.shapes[source])
    return ram(width, channels * tap_bits(graph, source), choices.lines).times(rows) if rows else NOTHING


def _packets(graph: QuantizedGraph, block: QBlock, split: Split | None) -> Resources:
    """Registers of a packet that leaves, which is put together group by group, and of those that were taken."""
    sizes = packet_sizes(graph)
    held = sizes[block.name] * block.interval.width
    if split is not None and split.output_steps > 1 and block.weights is None:
        # Groups of outputs take their part of each input's packet.
        for name in block.inputs:
            width = graph.intervals[name].width
            held += sizes[name] * width
    chosen = NOTHING
    if split is not None and split.output_steps > 1 and isinstance(block.op, (Add, Identity)):
        for name in block.inputs:
            chosen += _mux(split.output_steps, graph.intervals[name].width * split.output_block)
    return Resources(ff=held) + chosen


def _control(graph: QuantizedGraph, block: QBlock, split: Split | None) -> Resources:
    """Counters of rows, columns, steps and groups."""
    loops = [*spatial(graph.shapes[block.inputs[0]])[:2]] if len(graph.shapes[block.inputs[0]]) > 1 else [1]
    if split is not None:
        loops += [split.tap_steps, split.output_steps]
    loops = [size for size in loops if size > 1]
    if not loops:
        return HANDSHAKE
    bits = max(size.bit_length() for size in loops)
    return cells("control", "nest", len(loops), bits) + HANDSHAKE
