"""``make_report``: collects what a network, its plan and its design tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import prod

from hlsq.cost import products_of
from hlsq.emulate.deviation import Deviation
from hlsq.formats import Format
from hlsq.graph import DyadicRequant, Graph, Interval, QBlock, QuantizedGraph, Requant, ThresholdRequant
from hlsq.graph.lowering.requant import working_interval
from hlsq.graph.ops import Concatenate
from hlsq.graph.ops.base import spatial
from hlsq.memory import BlockMemory, measure
from hlsq.plan import Plan
from hlsq.report.curve import curve_of
from hlsq.report.design import DesignFacts, MacFacts
from hlsq.report.histograms import weight_histograms
from hlsq.report.lengths import word_lengths
from hlsq.report.model import (
    BlockReport,
    DeviationReport,
    FormatReport,
    InputReport,
    OutputReport,
    PlanReport,
)
from hlsq.report.report import Report


def make_report(
    graph: QuantizedGraph,
    design: DesignFacts,
    plan: Plan | None = None,
    float_graph: Graph | None = None,
    deviations: Mapping[str, Deviation] | None = None,
    accuracy: Mapping[str, float] | None = None,
) -> Report:
    """The report of a design; a loaded project's is the same as the converted one's.

    Args:
        graph: the integer network.
        design: what the backend tells of its hardware.
        plan: the formats it was quantised with, where they are known.
        float_graph: the float network, where it is known.
        deviations: roundings by block, counted on the first calibration samples.
        accuracy: results that the user added, name to value.
    """
    memory = measure(graph, design.word_bits, {name: mac.rom_bits for name, mac in design.macs.items()})
    if design.program is not None:  # whole maps lie in memory, and no rows of them elsewhere
        memory = replace(memory, blocks=tuple(replace(block, line_buffer_bits=0) for block in memory.blocks))
    found = {name: DeviationReport(d.values, d.differing, d.largest) for name, d in (deviations or {}).items()}
    blocks = tuple(
        _block_report(graph, block, design, plan, memory.by_name[block.name], found.get(block.name))
        for block in graph.blocks
    )
    joins = {block.name for block in graph.blocks if len(block.inputs) > 1}
    return Report(
        network=graph.name,
        project=design.project,
        part=design.part,
        capacity=design.capacity,
        clock_period=design.clock_period,
        io_type=design.io_type,
        plan=None if plan is None else PlanReport(plan.scheme, plan.batch_norm, dict(plan.options), dict(plan.info)),
        inputs=tuple(InputReport(i.name, tuple(i.shape), describe(i.format)) for i in graph.inputs),
        outputs=tuple(
            OutputReport(name, tuple(graph.shapes[name]), describe(graph.formats[name]), graph.host.get(name))
            for name in graph.outputs
        ),
        blocks=blocks,
        joins=tuple(stream for stream in design.streams if stream.block in joins),
        stream_bits=sum(stream.bits for stream in design.streams),
        widest_stream_bits=design.widest_stream_bits,
        memory=memory,
        estimate=design.estimate,
        asked=design.asked,
        pace=design.pace,
        deviation_samples=_samples(graph, found),
        accuracy=dict(accuracy or {}),
        word_lengths=tuple(word_lengths(graph, plan)),
        curve=tuple(curve_of(plan.info)) if plan is not None else (),
        histograms=tuple(weight_histograms(graph.blocks, float_graph, plan)),
        program=design.program,
        synthesis=design.synthesis,
    )


def describe(fmt: Format) -> FormatReport:
    """A format in short."""
    return FormatReport(
        kind=fmt.kind,
        bits=fmt.bits,
        signed=fmt.qmin < 0,
        step=(float(fmt.step.min()), float(fmt.step.max())),
        channels=fmt.channels,
        zero_point=fmt.offset,
    )


def _block_report(
    graph: QuantizedGraph,
    block: QBlock,
    design: DesignFacts,
    plan: Plan | None,
    memory: BlockMemory,
    deviation: DeviationReport | None,
) -> BlockReport:
    mac = design.macs.get(block.name)
    formats = plan.blocks.get(block.name) if plan is not None else None
    sums = block.op.accumulates and not isinstance(block.op, Concatenate)
    scale = block.scale
    scale_format = scale.format if scale is not None else None
    shift_format = scale.shift_format if scale is not None else None
    return BlockReport(
        name=block.name,
        operation=block.op.kind,
        activation=block.activation,
        layers=block.layers,
        inputs=block.inputs,
        input_shapes=tuple(tuple(graph.shapes[name]) for name in block.inputs),
        output_shape=tuple(block.shape),
        weight_shape=None if block.weights is None else tuple(block.weights.values.shape),
        weight_format=None if block.weights is None else describe(block.weights.format),
        bias_format=None if block.bias is None else _constant(formats.bias if formats else None, "accumulator's step"),
        scale_format=None if scale is None else _constant(scale_format, "dyadic"),
        shift_format=None if shift_format is None else str(describe(shift_format)),
        output_format=describe(block.format),
        accumulator=(block.accumulator.lo, block.accumulator.hi) if sums else None,
        accumulator_bits=_sum_bits(block, mac) if sums else 0,
        scaled_bits=0 if scale is None else _signed_bits(block.scaled.union(block.accumulator)),
        requant=_requant_words(block),
        requant_bits=_requant_bits(graph, block),
        pe=None if mac is None else mac.pe,
        operators=design.operators.get(block.name),
        macs=_macs(graph, block),
        memory=memory,
        deviation=deviation,
    )


def _constant(fmt: Format | None, otherwise: str) -> str:
    return otherwise if fmt is None else str(describe(fmt))


def _macs(graph: QuantizedGraph, block: QBlock) -> int:
    products = products_of(block, graph)
    if products is None:
        return 0
    height, width, _ = spatial(block.shape)
    return products.total * height * width


def _requant_words(block: QBlock) -> str:
    kinds = dict.fromkeys(_words(requant) for requant in (block.requant, *block.input_requants) if requant is not None)
    if kinds:
        return " / ".join(kinds)
    return "none" if block.op.accumulates else "keeps its input's format"


def _words(requant: Requant) -> str:
    if isinstance(requant, ThresholdRequant):
        rows, steps = requant.thresholds.shape
        return f"{steps} thresholds" + (f" x {rows} ch" if rows > 1 else "")
    low, high = min(requant.shift), max(requant.shift)
    shift = f">> {low}" if low == high else f">> {low}..{high}"
    per_channel = f" ({len(requant.multiplier)} ch)" if len(requant.multiplier) > 1 else ""
    if requant.is_shift:
        return f"{shift}{per_channel}"
    return f"x {max(requant.multiplier).bit_length()} bit {shift}{per_channel}"


def _requant_bits(graph: QuantizedGraph, block: QBlock) -> int:
    """Signed type between the accumulator (or a concatenation's input) and the output."""
    widths = [0]
    if isinstance(block.requant, DyadicRequant):
        widths.append(_signed_bits(working_interval(block.requant, block.scaled)))
    for requant, source in zip(block.input_requants, block.inputs, strict=False):
        if isinstance(requant, DyadicRequant):
            fmt = graph.formats[source]
            whole = graph.intervals[source].union(Interval(fmt.qmin, fmt.qmax))
            deviation = Interval(whole.lo - fmt.offset, whole.hi - fmt.offset).with_zero()
            widths.append(_signed_bits(working_interval(requant, deviation)))
    return max(widths)


def _sum_bits(block: QBlock, mac: MacFacts | None) -> int:
    """Of the type of partial sums: what an option fixes, else that of the accumulator."""
    given = mac.sum_bits if mac is not None else None
    return given or _signed_bits(block.accumulator)


def _signed_bits(interval: Interval) -> int:
    """Bits of the signed type that holds ``interval``; sums and products are always signed."""
    return interval.width + (not interval.signed)


def _samples(graph: QuantizedGraph, deviations: dict[str, DeviationReport]) -> int | None:
    for name, found in deviations.items():
        return found.values // prod(graph.shapes[name])
    return None
