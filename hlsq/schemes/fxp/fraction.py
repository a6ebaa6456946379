"""The fraction length of smallest cost (FxP-QNet Algorithm 1)."""

from __future__ import annotations

from collections.abc import Callable

from hlsq.formats.fixed_point import MAX_FRAC

INFINITE = float("inf")
CostOf = Callable[[int, float], float]
"""The cost of a fraction length; anything not below the second argument may be returned as infinity."""


def best_fraction(cost: CostOf, start: int, reach: int) -> tuple[int, float]:
    """The fraction length of smallest cost near ``start``, and that cost.

    First smaller ones (more range), then larger ones (more resolution), ``reach`` steps each way and one more after
    every improvement; the word length stays, so the integer length takes what the fraction length gives.

    Args:
        cost: of a fraction length.
        start: where to begin.
        reach: ``K``.
    """

    def limited(frac: int, bound: float) -> float:
        return cost(frac, bound) if abs(frac) <= MAX_FRAC else INFINITE

    best, least = start, limited(start, INFINITE)
    for direction in (-1, 1):
        step, further = 1, 0
        while step <= reach + further:
            frac = start + direction * step
            if (found := limited(frac, least)) < least:
                best, least, further = frac, found, further + 1
            step += 1
    return best, least
