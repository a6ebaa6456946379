"""Memories of LUTs: a table that is read, a line that delays, and a memory that is written and read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from units.unit import Integers, Port, Unit

DEPTHS = (16, 32, 64, 128, 256, 512)
WIDTHS = (4, 8)
DELAYS = (4, 16, 32, 64, 128, 256)
LINES = (1, 8, 32)
RINGS = (16, 32, 64, 128, 256, 512)
RING_WIDTHS = (3, 6, 12, 24, 48)


def units() -> Iterator[Unit]:
    """ROMs with random contents, shift registers, memories of one port to write and one to read."""
    for depth in DEPTHS:
        for width in WIDTHS:
            contents = np.random.default_rng(depth + width).integers(0, 1 << width, depth)
            loads = "".join(f"rom[{i}] = {width}'d{value};" for i, value in enumerate(contents))

            def read(values: Mapping[str, Integers], contents: Integers = contents) -> Integers:
                return contents[values["a"]]

            yield Unit(
                unit="rom",
                kind="lut",
                widths=(depth, width),
                inputs=(Port("a", depth.bit_length() - 1, signed=False),),
                output=Port("y", width, signed=False),
                body=f"reg [{width - 1}:0] rom [0:{depth - 1}];\ninitial begin {loads} end\nassign result = rom[a];",
                expected=read,
            )
    for depth in DELAYS:
        for width in LINES:
            line = (
                f"reg [{width - 1}:0] held [0:{depth - 2}]; integer i;\n"
                f"always @(posedge clk) begin held[0] <= x; for (i = 1; i < {depth - 1}; i = i + 1) "
                f"held[i] <= held[i-1]; end\nassign result = held[{depth - 2}];"
            )
            yield Unit(
                unit="line",
                kind="srl",
                widths=(depth, width),
                inputs=(Port("x", width),),
                output=Port("y", width),
                body=line,
                expected=lambda values: values["x"],
                delay=depth,
            )
    for depth in RINGS:
        for width in RING_WIDTHS:
            yield _ring(depth, width)


def _ring(depth: int, width: int) -> Unit:
    address = (depth - 1).bit_length()
    body = (
        f"reg [{width - 1}:0] held [0:{depth - 1}];\nalways @(posedge clk) if (write) held[to] <= x;\n"
        "assign result = held[from];"
    )

    def kept(values: Mapping[str, Integers]) -> Integers:
        cycles, samples = values["x"].shape
        memory, column = np.zeros((depth, samples), np.int64), np.arange(samples)
        result = np.zeros((cycles, samples), np.int64)
        for cycle in range(cycles - 1):
            result[cycle + 1] = memory[values["from"][cycle], column]
            to, write = values["to"][cycle], values["write"][cycle] == 1
            memory[to[write], column[write]] = values["x"][cycle][write]
        return result

    places = [Port(name, address, signed=False) for name in ("to", "from")]
    return Unit(
        "ring", "lutram", (depth, width),
        (Port("write", 1, signed=False), *places, Port("x", width, signed=False)), Port("y", width, signed=False), body,
        kept, memories=True, clocked=True,
    )  # fmt: skip
