"""What follows the sum: requantisation, ReLU, clamp.

A requantiser rounds half of the excess bits away; what is left beyond its output's range saturates.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from units.library import adder, extended
from units.multipliers import product
from units.unit import Integers, Port, Unit

SUMS = (12, 16, 20, 24, 32)
OUTPUTS = (4, 8)
FACTOR_BITS = 16
MOST_SHIFT = 15


def clamp(name: str, bits: int, out: int) -> str:
    """Expression of ``name`` [bits] clamped to ``out`` bits."""
    same = f"{name}[{bits - 1}:{out - 1}] == {{{bits - out + 1}{{{name}[{bits - 1}]}}}}"
    return f"({same}) ? {name}[{out - 1}:0] : {{{name}[{bits - 1}], {{{out - 1}{{~{name}[{bits - 1}]}}}}}}"


def rounded(source: str, bits: int, shift: int, even: bool) -> str:
    """Wire r [bits - shift + 1] = ``source`` [bits] / 2^shift, halves up or to even."""
    up = f"{source}[{shift - 1}]"
    if even:
        rest = f"(|{source}[{shift - 2}:0]) | " if shift > 1 else ""
        up = f"{up} & ({rest}{source}[{shift}])"
    left = bits - shift
    text = f"wire [{left - 1}:0] whole = {source}[{bits - 1}:{shift}];\nwire up = {up};\n"
    return text + adder("r", left + 1, extended("whole", left, left + 1), f"{left + 1}'d0", "up")


def requantised(t: Integers, shift: Integers, even: bool, out: int) -> Integers:
    half = np.where(shift > 0, np.int64(1) << np.maximum(shift - 1, 0), 0)
    total = t + half
    if even:
        total = np.where(shift > 0, total - 1 + (t >> shift & 1), t)
    return np.asarray(np.clip(total >> shift, -(1 << (out - 1)), (1 << (out - 1)) - 1))


def units() -> Iterator[Unit]:
    """Requantisers by kind, ReLU, clamp."""
    for bits in SUMS:
        yield Unit(
            unit="relu",
            kind="signed",
            widths=(bits,),
            inputs=(Port("t", bits),),
            output=Port("y", bits),
            body=f"assign result = t[{bits - 1}] ? {bits}'d0 : t;",
            expected=lambda values: np.maximum(values["t"], 0),
        )
        for out in OUTPUTS:
            yield from _requantisers(bits, out)


def _requantisers(bits: int, out: int) -> Iterator[Unit]:
    shift = (bits - out) // 2
    inputs = (Port("t", bits),)
    output = Port("y", out)

    def unit(kind: str, body: str, inputs: tuple[Port, ...], function: object, dsp: bool = False) -> Unit:
        return Unit("requantise", kind, (bits, out), inputs, output, body, function, dsp)  # type: ignore[arg-type]

    yield Unit(
        "clamp", "signed", (bits, out), inputs, output, f"assign result = {clamp('t', bits, out)};",
        lambda values: np.clip(values["t"], -(1 << (out - 1)), (1 << (out - 1)) - 1),
    )  # fmt: skip
    for kind, even in (("half_up", False), ("half_even", True)):
        body = rounded("t", bits, shift, even) + f"assign result = {clamp('r', bits - shift + 1, out)};"

        def constant(values: Mapping[str, Integers], even: bool = even) -> Integers:
            return requantised(values["t"], np.int64(shift), even, out)

        yield unit(kind, body, inputs, constant)
    wide = bits + MOST_SHIFT
    varying = (
        f"wire signed [{wide - 1}:0] z = $signed({{t, {MOST_SHIFT}'d0}}) >>> n;\n"
        + rounded("z", wide, MOST_SHIFT, True)
        + f"assign result = {clamp('r', bits + 1, out)};"
    )
    yield unit(
        "varying", varying, (*inputs, Port("n", 4, signed=False)),
        lambda values: requantised(values["t"], values["n"], True, out),
    )  # fmt: skip
    # Shifts such that a factor of 16 bits takes the sum to about the output's range.
    total, away = bits + FACTOR_BITS + 1, shift + FACTOR_BITS
    text = rounded("p", total, away, True) + f"assign result = {clamp('r', total - away + 1, out)};"
    factor = Port("m", FACTOR_BITS, signed=False)

    def dyadic(values: Mapping[str, Integers]) -> Integers:
        return requantised(values["t"] * values["m"], np.int64(away), True, out)

    many = f"wire [{FACTOR_BITS}:0] f = {{1'b0, m}};\n" + product(bits, FACTOR_BITS + 1, "p", "t", "f")
    yield unit("dyadic", many + text, (*inputs, factor), dyadic)
