"""Weights as signed digits of radix 4: the decoder of one, and the PE that gets it decoded.

A decoded digit is three lines: one (the tap), two (the tap doubled), negative. Positions share a weight,
and so its decoder.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from units.library import adder, extended
from units.unit import Integers, Port, Unit

TAPS = (2, 4, 6, 8, 9, 12, 16)
DIGITS = (1, 2, 3, 4, 6, 8)
LINES = 3


def multiples(a: int, digits: int, out: str) -> str:
    """Wire ``out`` [a + 2 * digits] = the sum of the multiples of x that the lines of w select, a carry chain each."""
    text, width, low = "", a + 2, ""
    for row in range(digits):
        one, two, negative = (f"w[{LINES * row + line}]" for line in range(LINES))
        single, double = extended("x", a, width), extended("x", a, width, 1)
        digit = f"(({{{width}{{{one}}}}} & {single}) | ({{{width}{{{two}}}}} & {double})) ^ {{{width}{{{negative}}}}}"
        below = f"r{row - 1}"
        above = f"{{{{2{{{below}[{width - 1}]}}}}, {below}[{width - 1}:2]}}" if row else f"{width}'d0"
        text += adder(f"r{row}", width, above, digit, negative)
        low = f", r{row - 1}[1:0]{low}" if row else low
    return text + f"wire [{a + 2 * digits - 1}:0] {out} = {{r{digits - 1}{low}}};\n"


def selected(values: Mapping[str, Integers], digits: int) -> Integers:
    """The product; lines that no weight of ``2 * digits`` bits is decoded to select nothing in particular."""
    lines, weight = values["w"], np.zeros_like(values["w"])
    wrong = np.zeros(lines.shape, dtype=bool)
    for row in range(digits):
        one, two, negative = (lines >> (LINES * row + line) & 1 for line in range(LINES))
        weight = weight + np.where(negative, -(one + 2 * two), one + 2 * two) * 4**row
        wrong |= (one & two == 1) | (np.abs(weight) > 2 * 4**row)
    return np.ma.array(values["x"] * weight, mask=wrong)


def decoder(digits: int, powers: bool) -> str:
    """Lines of the digits of an integer w, or, where ``mode`` is set, of a code [sign | 0 or exponent + 1]."""
    magnitude = magnitude_bits(digits)
    text = f"wire s = w[{magnitude}]; wire [{magnitude - 1}:0] m = w[{magnitude - 1}:0];\n" if powers else ""
    for row in range(digits):
        high, middle = f"w[{2 * row + 1}]", f"w[{2 * row}]"
        low = f"w[{2 * row - 1}]" if row else "1'b0"
        one = f"{middle} ^ {low}"
        two = f"({high} ^ {middle}) & ~({one})"
        negative = f"{high} & ~({middle} & {low})"
        if powers:
            text += f"wire p{row} = m == {2 * row + 1}, q{row} = m == {2 * row + 2};\n"
            one, two = f"mode ? p{row} : {one}", f"mode ? q{row} : {two}"
            negative = f"mode ? s & (p{row} | q{row}) : {negative}"
        for line, value in enumerate((one, two, negative)):
            text += f"assign result[{LINES * row + line}] = {value};\n"
    return text


def decoded(values: Mapping[str, Integers], digits: int) -> Integers:
    """The lines of each weight."""
    codes, lines = values["w"], np.zeros_like(values["w"])
    magnitude = magnitude_bits(digits)
    size, sign = codes & ((1 << magnitude) - 1), codes >> magnitude & 1
    shifts = values.get("mode", np.zeros_like(codes))
    for row in range(digits):
        bits = codes << 1 >> 2 * row & 7
        digit = (bits + 1 >> 1) - 4 * (bits >> 2)
        power = np.where(size == 2 * row + 1, 1, np.where(size == 2 * row + 2, 2, 0)) * np.where(sign, -1, 1)
        chosen = np.where(shifts, power, digit)
        line = (np.abs(chosen) == 1) | (np.abs(chosen) == 2) << 1 | (chosen < 0) << 2
        lines = lines | line << (LINES * row)
    return lines


def magnitude_bits(digits: int) -> int:
    """Of a code whose largest power of two takes the highest digit."""
    return (2 * digits).bit_length()


def units() -> Iterator[Unit]:
    """PEs and decoders."""
    for digits in DIGITS:
        lines = Port("w", LINES * digits, signed=False)
        for a in TAPS:

            def times_digits(values: Mapping[str, Integers], digits: int = digits) -> Integers:
                return selected(values, digits)

            yield Unit(
                unit="digits",
                kind="select",
                widths=(a, digits),
                inputs=(Port("x", a), lines),
                output=Port("y", a + 2 * digits),
                body=multiples(a, digits, "p") + "assign result = p;",
                expected=times_digits,
            )
        for kind, powers in (("integer", False), ("dual", True)):

            def lines_of(values: Mapping[str, Integers], digits: int = digits) -> Integers:
                return decoded(values, digits)

            code = Port("w", max(2 * digits, (magnitude_bits(digits) + 1) * powers), signed=False)
            yield Unit(
                unit="decoder",
                kind=kind,
                widths=(digits,),
                inputs=(code, Port("mode", 1, signed=False)) if powers else (code,),
                output=Port("y", LINES * digits, signed=False),
                body=decoder(digits, powers),
                expected=lines_of,
            )
