"""What the report needs to know of a design."""

from __future__ import annotations

from collections.abc import Mapping

from hlsq.backends.vitis.design import Design
from hlsq.backends.vitis.mac_array import MacArray
from hlsq.report.asked import Asked
from hlsq.report.design import DesignFacts, MacFacts
from hlsq.report.model import PEReport, StreamReport


def design_facts(design: Design) -> DesignFacts:
    """``design`` as plain data."""
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
        asked=_asked(design),
        pace=design.pace_in_words,
    )


def _asked(design: Design) -> Asked:
    """The same of a loaded design, for which what a target chose is as if it had been given."""
    asked, given = design.settled, None if design.options.has_target else design.options.reuse_factor
    return Asked(
        "fit" if asked.wants_fit else None,
        asked.target_interval,
        asked.target_fps,
        asked.interval,
        asked.utilization,
        dict(given) if isinstance(given, Mapping) else given,
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
