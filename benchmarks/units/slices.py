"""Multiplications in DSP slices, 25 x 18 bits signed each: what Yosys infers, as Vivado would."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from units.outputs import FACTOR_BITS, OUTPUTS, SUMS, clamp, requantised, rounded
from units.unit import Integers, Port, Unit

TAPS = (6, 8, 16, 18, 19, 25, 26, 32)
WEIGHTS = (6, 8, 16, 18, 19, 24)


def units() -> Iterator[Unit]:
    """Taps by weights, and requantisers by a factor, in DSP slices."""
    for a in TAPS:
        for b in WEIGHTS:
            yield Unit(
                "multiply", "dsp", (a, b), (Port("x", a), Port("w", b)), Port("y", a + b), "assign result = x * w;",
                lambda values: values["x"] * values["w"], dsp=True,
            )  # fmt: skip
    for bits in SUMS:
        for out in OUTPUTS:
            yield _dyadic(bits, out)


def _dyadic(bits: int, out: int) -> Unit:
    total, away = bits + FACTOR_BITS + 1, (bits - out) // 2 + FACTOR_BITS
    body = (
        f"reg signed [{total - 1}:0] p; always @(posedge clk) p <= t * $signed({{1'b0, m}});\n"
        + rounded("p", total, away, True)
        + f"assign result = {clamp('r', total - away + 1, out)};"
    )

    def dyadic(values: Mapping[str, Integers]) -> Integers:
        return requantised(values["t"] * values["m"], np.int64(away), True, out)

    inputs = (Port("t", bits), Port("m", FACTOR_BITS, signed=False))
    return Unit("requantise", "dyadic_dsp", (bits, out), inputs, Port("y", out), body, dyadic, dsp=True)
