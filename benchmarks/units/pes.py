"""PEs without a multiplier, and the dual PE in both of its forms (DoubleQExt Fig. 5)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from units.library import adder, extended
from units.multipliers import product
from units.unit import Integers, Port, Unit

TAPS = (2, 4, 6, 8, 9, 12, 16)
EXPONENT_BITS = (1, 2, 3, 4)
DUAL_TAPS = (4, 6, 8, 9, 12, 16)
WEIGHT_BITS = 8


def power(code: Integers, exponent_bits: int) -> Integers:
    """Value of the codes [sign | not zero | exponent]."""
    magnitude = np.where(code >> exponent_bits & 1, 1 << (code & ((1 << exponent_bits) - 1)), 0)
    return np.where(code >> (exponent_bits + 1) & 1, -magnitude, magnitude)


def shifted(a: int, exponent_bits: int, out: str, code: str = "w") -> str:
    """Wire ``out`` [a + 2^exponent_bits] = x times the power of two of ``code``: shift, zero, sign."""
    width = a + (1 << exponent_bits)
    negative = f"{code}[{exponent_bits + 1}]"
    return (
        f"wire [{width - 1}:0] {out}_far = {extended('x', a, width)} << {code}[{exponent_bits - 1}:0];\n"
        f"wire [{width - 1}:0] {out}_on = ({code}[{exponent_bits}] ? {out}_far : {width}'d0)"
        f" ^ {{{width}{{{negative}}}}};\n" + adder(out, width, f"{width}'d0", f"{out}_on", negative)
    )


def booth(a: int, out: str) -> str:
    """Wire ``out`` [a + 8]: four signed digits of radix 4, of an integer or of a code, each a carry chain."""
    text = "wire s = w[4], v = w[3]; wire [2:0] e = w[2:0];\n"
    width = a + 2
    for row in range(WEIGHT_BITS // 2):
        below = f"w[{2 * row - 1}]" if row else "1'b0"
        text += (
            f"wire h{row} = v & (e[2:1] == 2'd{row});\n"
            f"wire [2:0] t{row} = mode ? {{h{row} & s, h{row} & ~s, h{row} & (s ^ e[0])}}\n"
            f"  : {{w[{2 * row + 1}], w[{2 * row}], {below}}};\n"
            f"wire one{row} = t{row}[1] ^ t{row}[0];\n"
            f"wire two{row} = t{row}[2] ? ~t{row}[1] & ~t{row}[0] : t{row}[1] & t{row}[0];\n"
        )
        single, double = extended("x", a, width), extended("x", a, width, 1)
        digit = (
            f"(({{{width}{{one{row}}}}} & {single}) | ({{{width}{{two{row}}}}} & {double})) ^ {{{width}{{t{row}[2]}}}}"
        )
        previous = f"r{row - 1}"
        above = f"{{{{2{{{previous}[{width - 1}]}}}}, {previous}[{width - 1}:2]}}" if row else f"{width}'d0"
        text += adder(f"r{row}", width, above, digit, f"t{row}[2]")
    return text + f"wire [{a + WEIGHT_BITS - 1}:0] {out} = {{r3, r2[1:0], r1[1:0], r0[1:0]}};\n"


def units() -> Iterator[Unit]:
    """PEs that shift, that negate, and that do what a mode says."""
    for a in TAPS:
        for bits in EXPONENT_BITS:

            def times_power(values: Mapping[str, Integers], bits: int = bits) -> Integers:
                return np.asarray(values["x"] * power(values["w"], bits))

            yield Unit(
                unit="shift",
                kind="varying",
                widths=(a, bits),
                inputs=(Port("x", a), Port("w", bits + 2, signed=False)),
                output=Port("y", a + (1 << bits)),
                body=shifted(a, bits, "p") + "assign result = p;",
                expected=times_power,
            )
        yield Unit(
            unit="sign",
            kind="varying",
            widths=(a,),
            inputs=(Port("x", a), Port("w", 1, signed=False)),
            output=Port("y", a + 1),
            body=adder("p", a + 1, f"{a + 1}'d0", f"{extended('x', a, a + 1)} ^ {{{a + 1}{{w[0]}}}}", "w[0]")
            + "assign result = p;",
            expected=lambda values: np.where(values["w"], -values["x"], values["x"]),
        )
    for a in DUAL_TAPS:
        selected = product(a, WEIGHT_BITS, "m") + shifted(a, 3, "q") + "assign result = mode ? q : m;"
        for kind, body in (("mux", selected), ("booth", booth(a, "p") + "assign result = p;")):
            yield Unit(
                unit="dual",
                kind=kind,
                widths=(a,),
                inputs=(Port("x", a), Port("w", WEIGHT_BITS), Port("mode", 1, signed=False)),
                output=Port("y", a + WEIGHT_BITS),
                body=body,
                expected=lambda v: v["x"] * np.where(v["mode"], power(v["w"] & 31, 3), v["w"]),
            )
