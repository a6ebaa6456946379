"""Bringing what is added to one step: exact by left shifts where 62 bits hold that, else without harm or refused."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hlsq.elementary import ceil_log2
from hlsq.errors import QuantizationError
from hlsq.formats import Format
from hlsq.graph.lowering.requant import MAX_WIDTH, MULTIPLIER_BITS
from hlsq.graph.quantized import Interval

Floats = NDArray[np.float64]
MAX_GUARD = 12
SPARE_BITS = 4
"""Left free of 62 bits where there is a choice: for the sign, the sum with a constant, its rounding and the bounds."""
WHOLE = 2.0**45
"""A constant whole only from here on has no ratio of powers of two to its sum: from 2**52 on, all floats are whole."""
HARMLESS = 1 / 64
"""Of an output's step: what may be lost of a term of a sum."""
REMEDY = "give it a format with fewer fraction bits, or take it out"


def room_above(largest: float, step: Floats, output: Format | None, follows: int = 0) -> int:
    """By how many bits a sum may shift left so that all that comes after it fits 62 bits.

    Args:
        largest: magnitude of the sum and of what is added to it, in its steps.
        step: real value of one of its steps, [] or [channels].
        output: the format it is requantised to, or None.
        follows: bits that a multiplier after the addition adds.
    """
    if output is not None and (np.frexp(step / output.step)[0] != 0.5).any():
        follows += MULTIPLIER_BITS
    return max(0, MAX_WIDTH - SPARE_BITS - int(ceil_log2(max(largest, 1.0))) - follows)


def left_shift(where: str, constant: Floats, step: Floats, output: Format | None, room: int, *, exact: bool) -> int:
    """By how many bits a sum shifts left for a ``constant`` that is added to it.

    Args:
        where: layer and what the constant is, for the error.
        constant: its real values, [] or [channels].
        step: real value of one step of the sum, [] or [channels].
        output: the format that the sum is requantised to, or None.
        room: most bits.
        exact: whether the constant has a format, whose values are kept if the room allows it. Where it does not, and
            for a constant without, the shift makes the rounding harmless.

    Raises:
        QuantizationError: the format's values can neither be kept nor rounded without harm.
    """
    for shift in range(1 + (room if exact else min(room, MAX_GUARD))):
        scaled = constant / step * 2.0**shift
        if (scaled == np.rint(scaled)).all() and (shift == 0 or np.abs(scaled).max() < WHOLE):
            return shift
    wanted = _guard_bits(constant, step, output)
    if exact and wanted > room:
        raise QuantizationError(
            f"{where} is too fine for its sum, whose step is {float(np.max(step)):.3g}: 62 bits leave room for "
            f"{room} bits below that, and {wanted} are needed for the output {output}; {REMEDY}"
        )
    return min(wanted, room)


def _guard_bits(constant: Floats, step: Floats, output: Format | None) -> int:
    """Left shift that makes the rounding of a constant harmless.

    One step of the sum becomes at most 1/64 of an output step, or, where the sum is the output, 2**-12 of its own step
    or of the largest constant.
    """
    wanted = float(np.max(np.abs(constant))) * 2.0**-MAX_GUARD if output is None else float(output.step) * HARMLESS
    bits = max(0, int(ceil_log2(float(np.max(step)) / wanted)))
    return min(bits, MAX_GUARD) if output is None else bits


def align(
    name: str, steps: Sequence[Floats], deviations: Sequence[Interval], output: Format | None, follows: int = 0
) -> tuple[Floats, tuple[int, ...]]:
    """Common scale of an addition and each input's factor: exact shifts where possible, else 16-bit multipliers.

    Args:
        name: of the layer, for the error.
        steps: real value of one step of each input.
        deviations: the integers that each input adds.
        output: the format that the sum is requantised to, or None.
        follows: bits that a multiplier after the addition adds.

    Raises:
        QuantizationError: an input would get the factor 0 although the output shows what it adds.
    """
    values = [float(step) for step in steps]
    largest = [max(-d.lo, d.hi) for d in deviations]
    coarsest, finest = max(values), min(values)
    if all(np.frexp(value / finest)[0] == 0.5 for value in values):
        total = sum(most * (value / coarsest) for most, value in zip(largest, values, strict=True))
        room = room_above(total, np.asarray(coarsest), output, follows)
        scale = min(value for value in values if value >= coarsest / 2.0**room)
    else:
        scale = coarsest / 2 ** (MULTIPLIER_BITS - 1)
    factors = tuple(round(value / scale) for value in values)
    shown = (coarsest if output is None else float(output.step)) * HARMLESS
    for number, (factor, value, most) in enumerate(zip(factors, values, largest, strict=True), start=1):
        if factor == 0 and value * most > shown:
            raise QuantizationError(
                f"layer {name!r}: input {number} of this addition, in steps of {value:.3g}, is too fine beside one in "
                f"steps of {coarsest:.3g} to be added in 62 bits, but too large to be left out; {REMEDY}"
            )
    return np.asarray(scale), factors
