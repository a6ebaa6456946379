"""Formats from the extremes of a data-structure (FxP-QNet eq. 6-9)."""

from __future__ import annotations

from typing import Literal

from hlsq.elementary import ceil_log2, floor_log2, round_log2
from hlsq.formats import FixedPoint
from hlsq.formats.fixed_point import MAX_FRAC

Strategy = Literal["conservative", "neutral", "aggressive"]
STRATEGIES: tuple[Strategy, ...] = ("conservative", "neutral", "aggressive")
LOGARITHM = {"conservative": ceil_log2, "neutral": round_log2, "aggressive": floor_log2}


def initial_format(low: float, high: float, width: int, strategy: Strategy) -> FixedPoint:
    """The format of ``width`` bits for values from ``low`` to ``high``.

    Signed where ``low`` is negative (eq. 6). The fraction length is ``-log2`` of the scalar that maps the larger
    extreme to its largest integer (eq. 7, 8), rounded down (conservative), to the nearest (neutral) or up (aggressive,
    eq. 9): the more aggressive, the finer the resolution and the more values saturate.
    """
    signed = low < 0
    plain = FixedPoint(width, 0, signed)
    scalar = max(high, 0.0) / plain.qmax
    if signed:
        scalar = max(scalar, low / plain.qmin)
    frac = -int(LOGARITHM[strategy](scalar)) if scalar > 0 else 0
    # Values that would need more are as good as zero.
    return FixedPoint(width, min(frac, MAX_FRAC), signed)
