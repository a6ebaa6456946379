"""What one block consists of, and what that takes. Streams and memories between blocks are in ``links``.

Units of ``hlsq.cost.units``, as many as the C++ of the block has side by side, and memories as Vivado lays them out.
"""

from __future__ import annotations

from collections.abc import Iterator

from hlsq.cost.estimate.arithmetic import addition, average, held, largest, products
from hlsq.cost.estimate.cells import Named, cells, gathered, selection
from hlsq.cost.estimate.choices import Choices, PEs
from hlsq.cost.estimate.facts import Facts, facts_of
from hlsq.cost.estimate.finish import concatenated, finishing
from hlsq.cost.estimate.model import Memory, Resources
from hlsq.cost.estimate.pipeline import pipeline_depth
from hlsq.cost.estimate.storage import memory_cells, ram, rom
from hlsq.cost.multipliers import multipliers_of
from hlsq.cost.registers import tap_select, window_memory, window_registers
from hlsq.cost.requantisers import requantisers_of
from hlsq.cost.reuse import Split
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
    Windows,
    ZeroPad2D,
)

KNOWN = (
    Add, AveragePool2D, Concatenate, Conv2D, Dense, DepthwiseConv2D, Identity, MaxPool2D, Reshape, Windows, ZeroPad2D,
)  # fmt: skip
HANDSHAKE = Resources(lut=30, ff=20)
"""States, start and end of a function, and the stall of its pipeline, beside its counters: an assumption."""


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
    if type(block.op) not in KNOWN:
        kinds = ", ".join(op.kind for op in KNOWN)
        raise UnsupportedLayerError(block.name, type(block.op).__name__, "has no known cost", kinds)
    facts = facts_of(graph, block)
    if facts.wire:
        return {}
    found = _computed(graph, facts, block, split, pes, choices)
    found += _taps(graph, facts, block, split)
    found += [(memory.component, memory_cells(memory)) for memory in block_memories(graph, block, split, choices)]
    found.append(("control", _control(facts, split, pipeline_depth(facts, block, split, pes, choices))))
    return gathered(found)


def block_memories(graph: QuantizedGraph, block: QBlock, split: Split | None, choices: Choices) -> Iterator[Memory]:
    """Weights, tables, rows of the input, columns of a window, and the vector that a dense layer keeps.

    Arguments as for ``block_parts``.
    """
    facts = facts_of(graph, block)
    if facts.wire:
        return
    if split is not None and block.weights is not None:
        # Bits of a word that hold no code are read by nobody, so they are not there.
        yield rom("weights", split.reuse_factor, split.pes * facts.code, choices.storage_of("roms", block.name))
    if split is not None and facts.table:
        yield rom("tables", split.output_steps, split.output_block * facts.table, "auto")
    if split is not None and isinstance(block.op, Dense) and split.output_steps > 1:
        width = split.tap_block * facts.taps[0]
        yield ram("kept vector", 1, split.tap_steps, width, choices.storage_of("lines", block.name))
    if facts.height > 1 and not facts.whole:
        width = facts.channels * facts.taps[0]
        yield ram("line buffers", facts.height - 1, facts.width, width, choices.storage_of("lines", block.name))
    if (window := window_memory(graph, block, split)) is not None:
        yield ram("windows", 1, *window, "lutram")


def _computed(
    graph: QuantizedGraph, facts: Facts, block: QBlock, split: Split | None, pes: PEs | None, choices: Choices
) -> Named:
    op = block.op
    if isinstance(op, Concatenate):
        return concatenated(facts, split, choices)
    if split is None:
        return largest(facts) if isinstance(op, MaxPool2D) else [("packets", _handed_on(facts, block))]
    kinds, others = requantisers_of(graph, block, split), multipliers_of(graph, block, split)
    found: Named = []
    if pes is not None:
        found += products(facts, split, pes, choices)
    elif isinstance(op, AveragePool2D):
        found += average(facts, split, others.average, choices)
    elif isinstance(op, Add):
        found += addition(facts, block, split, choices)
    elif isinstance(op, Identity):
        found += held(facts, split)
    return found + finishing(facts, split, kinds, others, choices)


def _handed_on(facts: Facts, block: QBlock) -> Resources:
    """The output's packet, and of a reshape the input's, which both move."""
    if not isinstance(block.op, Reshape):
        return Resources(ff=facts.packet * facts.out)
    bits = facts.packets[0] * facts.out
    return Resources(selection(2, 8).lut / 8 * bits, bits + facts.packet * facts.out)


def _taps(graph: QuantizedGraph, facts: Facts, block: QBlock, split: Split | None) -> Named:
    """Registers of the window, what selects from them, and what subtracts zero points on the way there."""
    found: Named = []
    if bits := window_registers(graph, block, split):
        found.append(("windows", cells("window", "moving", 8) + Resources(ff=bits - 8)))
    if (window := window_memory(graph, block, split)) is not None:
        # A LUT makes two bits of its word padding at the start of a row.
        found.append(("windows", Resources(lut=window[1] / 2)))
    if split is not None:
        chosen = tap_select(graph, block, split)
        if chosen.multiplexers:
            # The first step sees what moves into the registers: a LUT a bit for the neighbour, or padding.
            found.append(("tap selection", selection(chosen.steps, chosen.multiplexers)))
            found.append(("tap selection", Resources(lut=chosen.multiplexers)))
        if facts.offsets[0] and not isinstance(block.op, (Add, Concatenate)):
            found.append(("zero points", Resources(lut=facts.taps[0] * facts.packets[0])))
    return found


def _control(facts: Facts, split: Split | None, stages: int) -> Resources:
    """Counters of the loop nest, the handshake, and a flag for each stage of the pipeline."""
    steps = 1 if split is None else split.reuse_factor
    bits = max(2, (facts.positions * steps).bit_length())
    nested = 4 if (facts.height > 1 or facts.pool > 1) and not facts.whole else 1
    if split is not None:
        nested += (split.tap_steps > 1) + (split.output_steps > 1) + (steps > 1)
    # Those of rows, columns and steps have some half of the bits each.
    counters = cells("control", "nest", 1, bits) + cells("control", "nest", nested, max(2, bits // 2))
    return counters + HANDSHAKE + Resources(ff=stages)
