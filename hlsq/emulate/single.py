"""Requantisation in float32 where that is proven to give the exact integers.

For one channel, ``y(t) = clamp(round(t * m / 2**n) + z, lo, hi)`` is a staircase that never falls. So is the same
computed in float32, because each of its roundings is monotone. Two such staircases are equal everywhere if they are
equal at the foot and at the edge of every step, which are few enough to be tried. Where a step comes out wrong, a
neighbouring float32 factor usually puts it right; where none does, the caller computes in float64.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsq.elementary import power_of_two
from hlsq.emulate.integers import requantise
from hlsq.formats import Rounding
from hlsq.graph.quantized import DyadicRequant, Interval

Ints = NDArray[np.int64]
Singles = NDArray[np.float32]

EXACT = 2**24
MOST_STEPS = 1 << 12
"""Output steps that are tried per channel; wider outputs are left to float64."""
NEIGHBOURS = (0, 1, -1, 2, -2, 3, -3, 4, -4, 6, -6, 8, -8)


@dataclass(frozen=True)
class StepEdges:
    """For every output value above the smallest, the first ``t`` that reaches it: [channels, steps]."""

    values: Ints
    first: Ints


def single_factors(requant: DyadicRequant, scaled: Interval) -> Singles | None:
    """Float32 factors, [1] or [channels], with which ``staircase`` equals ``requant`` on all of ``scaled``."""
    if max(abs(scaled.lo), abs(scaled.hi)) > EXACT or requant.negative_shift or requant.hi - requant.lo > MOST_STEPS:
        return None
    if max(abs(requant.lo), abs(requant.hi), abs(requant.zero_point)) > EXACT:
        return None
    edges = step_edges(requant, scaled)
    exact = np.asarray(requant.multiplier, dtype=np.float64) * power_of_two(-np.asarray(requant.shift))
    centre = exact.astype(np.float32)
    chosen = np.zeros_like(centre)
    missing = np.ones(len(centre), dtype=bool)
    for ulps in NEIGHBOURS:
        factors: Singles = (centre + ulps * np.spacing(centre)).astype(np.float32)
        good = _agrees(requant, factors, edges, scaled)
        chosen = np.where(missing & good, factors, chosen)
        missing &= ~good
        if not missing.any():
            return chosen
    return None


def staircase(requant: DyadicRequant, t: Singles, factor: Any) -> Singles:
    """The requantisation in float32, in place."""
    t *= factor
    if requant.rounding is Rounding.HALF_EVEN:
        np.rint(t, out=t)
    else:
        t += np.float32(0.5)
        np.floor(t, out=t)
    if requant.zero_point:
        t += np.float32(requant.zero_point)
    return t.clip(np.float32(requant.lo), np.float32(requant.hi), out=t)


def step_edges(requant: DyadicRequant, scaled: Interval) -> StepEdges:
    """All edges of the exact staircase, by bisection in integers."""
    values = np.arange(requant.lo + 1, requant.hi + 1, dtype=np.int64)
    channels = len(requant.multiplier)
    low = np.full((len(values), channels), scaled.lo - 1, dtype=np.int64)
    high = np.full((len(values), channels), scaled.hi + 1, dtype=np.int64)
    while (high - low > 1).any():
        middle = (low + high) // 2
        reached = requantise(requant, middle) >= values[:, None]
        high = np.where(reached, middle, high)
        low = np.where(reached, low, middle)
    return StepEdges(values, high)


def _agrees(requant: DyadicRequant, factors: Singles, edges: StepEdges, scaled: Interval) -> NDArray[np.bool_]:
    """For every channel, whether the float32 staircase has its steps where the exact one has them."""

    def single(t: Ints) -> Singles:
        return staircase(requant, t.astype(np.float32), factors)

    first, values = edges.first, edges.values[:, None]
    reached = (single(first) >= values) | (first > scaled.hi)
    below = (single(first - 1) < values) | (first - 1 < scaled.lo)
    return np.asarray((reached & below).all(axis=0))
