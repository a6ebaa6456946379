"""What the report needs to know of a design."""

from __future__ import annotations

from hlsq.backends.vitis.asked import asked_of
from hlsq.backends.vitis.design import Design
from hlsq.backends.vitis.designs import AnyDesign
from hlsq.backends.vitis.folded.design import FoldedDesign
from hlsq.backends.vitis.folded.facts import folded_facts
from hlsq.backends.vitis.mac_array import MacArray
from hlsq.report.design import DesignFacts, MacFacts
from hlsq.report.model import PEReport, StreamReport


def design_facts(design: AnyDesign) -> DesignFacts:
    """``design`` as plain data."""
    return folded_facts(design) if isinstance(design, FoldedDesign) else _dataflow_facts(design)


def _dataflow_facts(design: Design) -> DesignFacts:
    options = design.options
    return DesignFacts(
        project=options.top,
        part=options.part,
        capacity=options.capacity,
        clock_period=options.clock_period,
        io_type=options.io_type,
        word_bits=options.word_bits,
        macs={b.block.name: _mac_facts(b.mac) for b in design.blocks if b.mac is not None},
        operators=design.operators,
        streams=_streams(design) if options.io_type == "io_stream" else (),
        estimate=design.estimate,
        asked=asked_of(design),
        pace=design.pace_in_words,
    )


def _mac_facts(mac: MacArray) -> MacFacts:
    split = mac.split
    pe = PEReport(mac.pe.kind, split.pes, split.tap_block, split.output_block, split.reuse_factor)
    return MacFacts(pe, mac.rom.bits, mac.sum_bits)


def _streams(design: Design) -> tuple[StreamReport, ...]:
    found = []
    for stream in design.streams:
        tensor = design.tensors[stream.tensor]
        found.append(
            StreamReport(stream.reader or "", stream.tensor, stream.depth, tensor.word * tensor.interval.width)
        )
    return tuple(found)
