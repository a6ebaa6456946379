"""How many PEs a folded accelerator gets from a target: as few as keep a pace, or those of the fastest that fits."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from hlsq.cost.estimate.model import Estimate
from hlsq.cost.fit import lacks, refusal
from hlsq.errors import ResourceError

NEARBY = 6
"""Smaller numbers that are looked at beside the one that bisection finds: cycles do not always fall with the PEs."""
FINE = 64
"""Shares of a number of PEs that are not told apart where a part is filled."""


def fewest_pes(cycles: Callable[[int], int], interval: int, most: int, asked: str) -> int:
    """The fewest PEs with which a sample comes every ``interval`` cycles, or sooner.

    More PEs are not always faster: stages of a pipeline with wider words hand their maps on in other words.

    Args:
        cycles: from one sample to the next, with at most so many PEs.
        interval: that shall be kept.
        most: PEs that are possible.
        asked: the target, for messages.

    Raises:
        ResourceError: no number that is looked at keeps it; names the fastest of them.
    """
    steps = [most] if cycles(most) <= interval else _steps(most)
    enough = next((n for n in reversed(steps) if cycles(n) <= interval), None)
    if enough is None:
        fastest = min(map(cycles, steps))
        raise ResourceError(
            f"{asked}: a folded accelerator of at most {most:,} PEs takes {fastest:,} cycles a sample: give "
            f"target_interval={fastest} or more; or architecture='dataflow', whose blocks all work at once"
        )
    few = 0
    while enough - few > 1:
        middle = (few + enough) // 2
        if cycles(middle) <= interval:
            enough = middle
        else:
            few = middle
    return next((n for n in range(max(1, enough - NEARBY), enough) if cycles(n) <= interval), enough)


def fastest_fitting(estimate: Callable[[int], Estimate], most: int, remedy: Callable[[int], str]) -> int:
    """The number of PEs with which the fastest accelerator that fits its part can be made.

    Args:
        estimate: of the accelerator with at most so many PEs, against a part that is known.
        most: PEs that are possible.
        remedy: a sentence about what takes so much with so many PEs, for messages; empty for none.

    Raises:
        ResourceError: none fits; names resource, need, capacity, the largest consumers, and what helps.
    """
    needs = cache(estimate)
    steps = _steps(most)
    # More PEs take no more cycles, so the largest that fits is the fastest, but for what lies between two steps.
    best = next((n for n in reversed(steps) if needs(n).fits), None)
    if best is None:
        least = min(steps, key=lambda n: lacks(needs(n)))
        raise refusal(needs(least), ["fewer bits of feature maps", "smaller inputs"], remedy(least))
    low, high = best, next((n for n in steps if n > best), best)
    while high - low > max(1, low // FINE):
        middle = (low + high) // 2
        if needs(middle).fits:
            low = middle
        else:
            high = middle
    return min((best, low), key=lambda n: (needs(n).interval, n))


def _steps(most: int) -> list[int]:
    """Numbers of PEs that are looked at first: powers of two, and halfway between them."""
    found = {1, most}
    power = 2
    while power <= most:
        found |= {power, power * 3 // 2}
        power *= 2
    return sorted(n for n in found if n <= most)
