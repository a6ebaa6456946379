"""The format of a given width that covers a real range."""

from __future__ import annotations

import math
from collections.abc import Callable

from hlsq.formats import Affine, FixedPoint, Format, Rounding

Target = Callable[[float, float], Format]
"""Makes the format that covers the real range (lo, hi)."""

NO_VALUES = 1.0
"""Magnitude assumed for a tensor that is zero on every calibration sample: any other would be as arbitrary."""


def affine_target(width: int, rounding: Rounding = Rounding.HALF_EVEN) -> Target:
    """Affine formats of ``width`` bits (DoubleQ eq. 2-3).

    The range is widened to include zero, which is always exactly an integer. A range that is never negative gets an
    unsigned format with zero point 0, so that hardware has nothing to subtract; any other a signed one with the zero
    point of eq. 3.
    """

    def make(lo: float, hi: float) -> Format:
        lo, hi = min(lo, 0.0), max(hi, 0.0)
        if lo == hi:
            hi = NO_VALUES
        scale = (hi - lo) / (2**width - 1)
        if lo == 0.0:
            return Affine(width, scale, signed=False, rounding=rounding)
        qmin, qmax = -(2 ** (width - 1)), 2 ** (width - 1) - 1
        zero_point = min(max(round(qmin - lo / scale), qmin), qmax)
        return Affine(width, scale, zero_point, rounding=rounding)

    return make


def fixed_target(width: int, rounding: Rounding = Rounding.HALF_UP, unsigned: bool = True) -> Target:
    """Fixed-point formats of ``width`` bits (He et al. eq. 1).

    The integer part has ``l`` bits, the fewest with ``|x| < 2**l``; ``l`` may be negative. So the fraction length is
    ``width - l``, less one for the sign.

    Args:
        width: stored bits.
        rounding: ties to even or up.
        unsigned: no sign bit for a range that is never negative; False gives every tensor one.
    """

    def make(lo: float, hi: float) -> Format:
        peak = max(-lo, hi, 0.0) or NO_VALUES
        signed = lo < 0 or not unsigned
        integer_bits = math.frexp(peak)[1]
        return FixedPoint(width, width - signed - integer_bits, signed=signed, rounding=rounding)

    return make
