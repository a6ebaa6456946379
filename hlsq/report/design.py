"""What a backend tells of its design, as plain data, so that the report knows no backend."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hlsq.cost.estimate.model import Estimate
from hlsq.cost.operators import Operators
from hlsq.cost.parts import Part
from hlsq.report.asked import Asked
from hlsq.report.model import PEReport, StreamReport
from hlsq.report.program import ProgramReport
from hlsq.report.synthesis import SynthesisReport


@dataclass(frozen=True)
class MacFacts:
    """The PEs of one block with weights.

    Attributes:
        pe: kind and number; None where blocks share PEs.
        rom_bits: of the words that hold its weights, with unused bits and idle PEs.
        sum_bits: of the signed type of partial sums, where an option fixes it; else they have the accumulator's type.
    """

    pe: PEReport | None
    rom_bits: int
    sum_bits: int | None = None


@dataclass(frozen=True)
class DesignFacts:
    """The hardware of a network.

    Attributes:
        project: name of the top function.
        part: FPGA part.
        capacity: what the part has; None if unknown.
        clock_period: in nanoseconds.
        io_type: ``io_stream`` or ``io_parallel``.
        word_bits: width of the memory words that hold packed codes.
        macs: of the blocks with weights, by name.
        operators: what of each block works in every cycle, by name; none where blocks share it.
        estimate: what it costs and how fast it is.
        asked: from what the number of PEs follows.
        pace: what limits how fast it is, in words, and what of a target could not be done; empty if nothing takes time.
        streams: all connections between blocks; the network's outputs go to the block ``""``. None in io_parallel.
        program: of a folded accelerator; None for a dataflow design.
        synthesis: what tools found for its SystemVerilog.
    """

    project: str
    part: str
    capacity: Part | None
    clock_period: float
    io_type: str
    word_bits: int
    macs: Mapping[str, MacFacts]
    operators: Mapping[str, Operators]
    estimate: Estimate
    asked: Asked
    pace: str
    streams: tuple[StreamReport, ...] = ()
    program: ProgramReport | None = None
    synthesis: tuple[SynthesisReport, ...] = ()

    @property
    def widest_stream_bits(self) -> int:
        """Bits of one word of the widest stream; 0 without streams."""
        return max((stream.packet_bits for stream in self.streams), default=0)
