"""What the report needs to know of any design, whatever its architecture."""

from __future__ import annotations

from hlsq.backends.vitis.asked import asked_of
from hlsq.backends.vitis.design import Design
from hlsq.backends.vitis.folded.design import FoldedDesign
from hlsq.backends.vitis.folded.pipelined import PipelinedDesign
from hlsq.report.design import DesignFacts


def plain_facts(design: Design | FoldedDesign | PipelinedDesign) -> DesignFacts:
    """``design`` as plain data, without what its architecture adds."""
    options = design.options
    return DesignFacts(
        project=options.top,
        part=options.part,
        capacity=options.capacity,
        clock_period=options.clock_period,
        io_type=options.io_type,
        word_bits=options.word_bits,
        macs={},
        operators={},
        estimate=design.estimate,
        asked=asked_of(design),
        pace=design.pace_in_words,
    )
