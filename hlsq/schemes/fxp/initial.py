"""Formats from the extremes of a data-structure (FxP-QNet eq. 6-9)."""

from __future__ import annotations

from typing import Literal

import numpy as np

from hlsq.formats import FixedPoint

Strategy = Literal["conservative", "neutral", "aggressive"]
STRATEGIES: tuple[Strategy, ...] = ("conservative", "neutral", "aggressive")
ROUND = {"conservative": np.floor, "neutral": np.rint, "aggressive": np.ceil}


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
    frac = int(ROUND[strategy](-np.log2(scalar))) if scalar > 0 else 0
    return FixedPoint(width, frac, signed)
