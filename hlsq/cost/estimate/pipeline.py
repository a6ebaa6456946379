"""Stages of a block's pipeline: cycles from the read that an iteration does to the write that follows from it.

An assumption about what Vitis HLS schedules at 200 MHz on 7 series: a stage each to read and to write a stream, to read
a line buffer, to select taps, and to read a ROM; one for a PE, four for a product in DSP slices; one for every level of
an adder tree and for an accumulator; one for a bias, two for a shift with its rounding and a clamp.
"""

from __future__ import annotations

from collections.abc import Mapping

from hlsq.cost.estimate.cells import in_dsp
from hlsq.cost.estimate.choices import Choices, Multipliers, PEs
from hlsq.cost.estimate.facts import Facts, Requantiser, facts_of
from hlsq.cost.reuse import Split
from hlsq.graph import QBlock, QuantizedGraph
from hlsq.graph.ops import Add, AveragePool2D, MaxPool2D

DSP_STAGES = 4
COPY_STAGES = 2
"""Of a process that only hands on: a read and a write."""


def pipeline_depths(
    graph: QuantizedGraph, splits: Mapping[str, Split], pes: Mapping[str, PEs], choices: Choices
) -> dict[str, int]:
    """``pipeline_depth`` of all blocks that are no wires, by name."""
    return {
        block.name: pipeline_depth(facts, block, splits.get(block.name), pes.get(block.name), choices)
        for block in graph.blocks
        if not (facts := facts_of(graph, block)).wire
    }


def pipeline_depth(facts: Facts, block: QBlock, split: Split | None, pes: PEs | None, choices: Choices) -> int:
    """Stages of the pipeline of a block that is no wire; arguments as for ``block_parts``."""
    op, where = block.op, choices.multipliers
    stages = COPY_STAGES + ((facts.height > 1 or facts.pool > 1) and not facts.whole)
    if pes is not None and split is not None:
        varies = split.reuse_factor > 1
        stages += 2 * varies + (split.tap_block - 1).bit_length() + (split.tap_steps > 1)
        multiplies = pes.kind == "multiply" and varies
        stages += DSP_STAGES if multiplies and in_dsp(facts.taps[0] + facts.code, where) else 1
    elif isinstance(op, (AveragePool2D, MaxPool2D)):
        stages += 1 if facts.whole else (facts.pool - 1).bit_length()
    elif isinstance(op, Add):
        stages += (len(facts.taps) - 1).bit_length()
    stages += facts.bias + facts.shifted
    if facts.gain:
        stages += DSP_STAGES if in_dsp(facts.accumulator + facts.gain, where) else 1
    # Inputs of a concatenation have requantisers side by side.
    return int(stages + max(_requantising(requant, where) for requant in facts.requantisers))


def _requantising(requant: Requantiser | None, where: Multipliers) -> int:
    """Stages of one requantiser; 0 for none."""
    if requant is None:
        return 0
    if not requant.factor:
        return 2
    return 2 + (DSP_STAGES if in_dsp(requant.source + requant.factor, where) else 1)
