"""What Vitis HLS does not accept, in one table: limits that users of other flows ran into, with what the tool said."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Limit:
    """A number that the tool does not go beyond.

    Attributes:
        most: the largest value it takes.
        unit: of the value, for messages.
        source: where it is known from.
    """

    most: int
    unit: str
    source: str


@dataclass(frozen=True)
class ToolLimits:
    """All of them: those of Vitis HLS 2022.2 to 2025.1, or of Vivado HLS where nobody has tried later versions.

    Attributes:
        word_bits: of one word of a stream, or of a struct in a memory or at a port. Inside words are packed bit by bit;
            at a port every value takes the bits of its machine integer, which is what counts here.
        reshape_bits: of one element of an array after ``ARRAY_RESHAPE``.
        partition_elements: of an array that ``ARRAY_PARTITION`` takes apart completely, with the option that the
            project's Tcl sets where an array has more than ``default_partition``. It is one of Vivado HLS; Vitis HLS
            may not know it any more.
        default_partition: the same without the option.
        loop_copies: of the body of nested loops that are unrolled.
    """

    word_bits: Limit = Limit(4096, "bits", "HLS 214-256, bit-width after aggregation; hls4ml issue 1245")
    reshape_bits: Limit = Limit(65536, "bits", "XFORM 203-133, bitwidth of reshaped elements; hls4ml issues 506, 623")
    partition_elements: Limit = Limit(4096, "elements", "config_array_partition -maximum_size; hls4ml issue 1157")
    default_partition: Limit = Limit(1024, "elements", "XFORM 203-103, partitioned elements; hls4ml issues 134, 1157")
    loop_copies: Limit = Limit(4096, "copies", "XFORM 203-504, stop unrolling loop; hls4ml issues 904, 1013")


TOOL_LIMITS = ToolLimits()


@dataclass(frozen=True)
class Rule:
    """Something that must not stand in the C++ of a design.

    Attributes:
        what: it is.
        pattern: regular expression that finds it in one file.
        unless: regular expression that excuses it, if the file has it as well; empty for never.
        source: where it is known from.
    """

    what: str
    pattern: str
    unless: str
    source: str

    def broken_by(self, text: str) -> bool:
        """Whether a file with this ``text`` breaks it."""
        return bool(re.search(self.pattern, text)) and not (self.unless and re.search(self.unless, text))


RULES = (
    Rule(
        "an AXI master port of other elements than words of 64 bits, which must be a multiple of 8 bits",
        r"#pragma HLS INTERFACE[^\n]*\bm_axi\b",
        r"const hlsq::uint<64> \*memory\b",
        "v++ 203-801, must be a multiple of 8 for AXI4 master port; heterocl issue 261",
    ),
    Rule(
        "a stream of its own outside a dataflow region",
        r"\n\s+(static )?hls::stream<[^>]*> \w+[;({]",
        r"#pragma HLS DATAFLOW",
        "UG1399: a stream between functions needs processes that run at once",
    ),
    Rule(
        "STABLE, which repeats rows of stream arguments in co-simulation",
        r"#pragma HLS STABLE\b",
        "",
        "UG1399: stable is for arguments that are not written while the region runs",
    ),
)
