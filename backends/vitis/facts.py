"""What the report needs to know of a design."""

from __future__ import annotations

from dataclasses import replace

from hlsq.backends.vitis.design import Design
from hlsq.backends.vitis.designs import AnyDesign
from hlsq.backends.vitis.folded.design import FoldedDesign
from hlsq.backends.vitis.folded.facts import folded_facts
from hlsq.backends.vitis.folded.pipelined import PipelinedDesign
from hlsq.backends.vitis.folded.pipelined_facts import pipelined_facts
from hlsq.backends.vitis.mac_array import MacArray
from hlsq.backends.vitis.plain_facts import plain_facts
from hlsq.report.design import DesignFacts, MacFacts
from hlsq.report.model import PEReport, StreamReport


def design_facts(design: AnyDesign) -> DesignFacts:
    """``design`` as plain data."""
    if isinstance(design, PipelinedDesign):
        return pipelined_facts(design)
    return folded_facts(design) if isinstance(design, FoldedDesign) else _dataflow_facts(design)


def _dataflow_facts(design: Design) -> DesignFacts:
    return replace(
        plain_facts(design),
        macs={b.block.name: _mac_facts(b.mac) for b in design.blocks if b.mac is not None},
        operators=design.operators,
        streams=_streams(design) if design.options.io_type == "io_stream" else (),
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
