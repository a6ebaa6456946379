"""Multipliers of LUTs: pairs of partial products in one carry chain each, and a tree of adders.

In a LUT of six inputs two partial products meet before the carry, so eight rows are four chains; the counts that
are published of Vivado's multipliers are those of this form.
"""

from __future__ import annotations

from collections.abc import Iterator

from units.library import adder, extended
from units.unit import Port, Unit

TAPS = (2, 3, 4, 5, 6, 7, 8, 9, 12, 16)
WEIGHTS = (2, 3, 4, 5, 6, 7, 8, 12, 16)


def product(a: int, b: int, out: str, x: str = "x", w: str = "w") -> str:
    """Wire ``out`` [a + b bits] = x [a bits, signed] * w [b bits, signed]."""
    text = ""
    rows: list[tuple[str, int, int]] = []  # name, bits, zeros to its right
    for place in range(0, b, 2):
        name = f"{out}_row{place}"
        width = a + 3 if place + 1 < b else a + 2
        low = f"({extended(x, a, width)} & {{{width}{{{w}[{place}]}}}})"
        if place + 1 == b:  # the sign's row alone
            text += adder(name, width, f"{width}'d0", f"{low} ^ {{{width}{{{w}[{place}]}}}}", f"{w}[{place}]")
        else:
            high = f"({extended(x, a, width, 1)} & {{{width}{{{w}[{place + 1}]}}}})"
            if place + 2 == b:  # the last is negative
                high = f"({high} ^ {{{width}{{{w}[{place + 1}]}}}})"
            text += adder(name, width, low, high, f"{w}[{place + 1}]" if place + 2 == b else "1'b0")
        rows.append((name, width, place))
    return text + sum_rows(rows, a + b, out)


def sum_rows(rows: list[tuple[str, int, int]], width: int, out: str) -> str:
    """Wire ``out`` [width] = the sum of rows (name, bits, zeros to its right), added in pairs; low bits pass by."""
    text = ""
    level = 0
    while len(rows) > 1:
        following = []
        for index in range(0, len(rows) - 1, 2):
            (a, a_bits, a_left), (b, b_bits, b_left) = rows[index : index + 2]
            apart = b_left - a_left
            bits = min(max(a_bits, b_bits + apart) + 1, width - a_left)
            name = f"{out}_sum{level}_{index}"
            upper = bits - apart
            high = f"{{{{{max(upper - (a_bits - apart), 0)}{{{a}[{a_bits - 1}]}}}}, {a}[{a_bits - 1}:{apart}]}}"
            if upper <= a_bits - apart:
                high = f"{a}[{apart + upper - 1}:{apart}]"
            low = extended(b, b_bits, upper) if upper > b_bits else f"{b}[{upper - 1}:0]"
            text += adder(f"{name}_high", upper, high, low)
            below = f", {a}[{apart - 1}:0]" if apart else ""
            text += f"wire [{bits - 1}:0] {name} = {{{name}_high{below}}};\n"
            following.append((name, bits, a_left))
        if len(rows) % 2:
            following.append(rows[-1])
        rows = following
        level += 1
    name, bits, _ = rows[0]
    value = extended(name, bits, width) if bits < width else f"{name}[{width - 1}:0]"
    return text + f"wire [{width - 1}:0] {out} = {value};\n"


def units() -> Iterator[Unit]:
    """Signed taps by signed weights, in LUTs."""
    for a in TAPS:
        for b in WEIGHTS:
            yield Unit(
                unit="multiply",
                kind="lut",
                widths=(a, b),
                inputs=(Port("x", a), Port("w", b)),
                output=Port("y", a + b),
                body=product(a, b, "p") + "assign result = p;",
                expected=lambda values: values["x"] * values["w"],
            )
