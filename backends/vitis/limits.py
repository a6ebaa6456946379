"""What Vitis HLS does not accept, in one table: limits that users of other flows ran into, with what the tool said."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limit:
    """One limit of the tool.

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
    """All of them. The defaults are those of Vitis HLS 2022.2 to 2025.1.

    Attributes:
        stream_bits: of one word of an ``hls::stream``, or of a struct at a port. Streams inside are packed bit by bit;
            at a port every value takes the bits of its machine integer, which is what counts here.
        reshape_bits: of one element of an array after ``ARRAY_RESHAPE``.
        partition_elements: of an array that ``ARRAY_PARTITION`` takes apart completely. Without an option it is 1,024;
            the option that raises it is one of Vivado HLS, which Vitis HLS may not know any more.
        loop_copies: of the body of nested loops that are unrolled.
    """

    stream_bits: Limit = Limit(
        4096, "bits", "error HLS 214-256: bit-width after aggregation is larger than 4096 (hls4ml 1245)"
    )
    reshape_bits: Limit = Limit(
        65536, "bits", "error XFORM 203-133: reshaped elements exceed the maximum bitwidth of 65536 (hls4ml 506, 623)"
    )
    partition_elements: Limit = Limit(
        1024, "elements", "error XFORM 203-103: partitioned elements exceed the threshold of 1024 (hls4ml 134, 1157)"
    )
    loop_copies: Limit = Limit(4096, "copies", "error XFORM 203-504: Stop unrolling loop (hls4ml 904, 1013)")


TOOL_LIMITS = ToolLimits()
