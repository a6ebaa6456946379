"""The fastest balanced design whose estimate fits its part, or why none does."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from math import ceil, isinf

from hlsq.cost.balance import Task, balanced
from hlsq.cost.estimate.model import RESOURCES, Estimate
from hlsq.cost.parts import GIVEN, Part, known_parts
from hlsq.cost.reuse import Split
from hlsq.counted import in_percent
from hlsq.errors import ResourceError

SPREAD = 16
"""Steps from the fastest pace to the slowest that are looked at first: needs do not always fall with the pace, least of
all where a block that computes all of a position in a cycle has constants in place of memories and multiplexers."""
NEARBY = 6
"""Faster paces that are looked at beside the one that bisection then finds."""
USEFUL = 0.9
"""Share of useful PE cycles from which a design is balanced."""
SLOWER = 1.1
"""How much slower than the fastest a balanced design may be. Numbers of PEs go in steps: often a pace that is slower by
next to nothing takes several PEs less."""
MOST_SLOWER = 64
"""Slower paces that are looked at."""
CONSUMERS = 3
WORDS = {
    "lut": "LUTs",
    "lutram": "memory LUTs",
    "ff": "flip-flops",
    "dsp": "DSP slices",
    "bram18": "block RAMs of 18 Kb",
    "uram": "UltraRAMs",
}
Splits = Mapping[str, Split]


def fastest_fit(tasks: Sequence[Task], kept: Splits, estimate: Callable[[Splits], Estimate]) -> dict[str, Split]:
    """Splits of the fastest balanced design that fits.

    That is the fastest whose PEs do something useful in ``USEFUL`` of their cycles, if it takes at most ``SLOWER``
    times as long as the fastest of all, which is taken else.

    Args:
        tasks: all blocks that take cycles.
        kept: splits that are not to be chosen, by block.
        estimate: of a design with such splits, against a part that is known.

    Raises:
        ResourceError: none fits; names the resources, need and capacity, the largest consumers, and what helps.
    """
    free = [task for task in tasks if task.name not in kept]
    took = [t.cycles.at(kept[t.name]) if t.name in kept else t.fastest for t in tasks]
    least = max(took, default=1)  # of wires alone
    paces = sorted({least, *(interval for task in free for interval in task.intervals if interval > least)})

    def splits_at(place: int) -> dict[str, Split]:
        return {**kept, **balanced(free, paces[place], "")}

    @cache
    def needs(place: int) -> Estimate:
        return estimate(splits_at(place))

    def lacking(place: int) -> tuple[float, float]:
        return lacks(needs(place))

    slowest = len(paces) - 1
    steps = [slowest * n // SPREAD for n in range(SPREAD + 1)]
    fitting = next((place for place in steps if needs(place).fits), -1)
    if fitting < 0:
        fitting, reach = min(steps, key=lacking), -(-slowest // SPREAD)
        while reach > 1 and not needs(fitting).fits:
            reach = -(-reach // 2)
            fitting = min((n for n in (fitting, fitting - reach, fitting + reach) if 0 <= n <= slowest), key=lacking)
    if not needs(fitting).fits:
        raise refusal(needs(fitting), ["larger factors in reuse_factor, or none"] if kept else [])
    too_fast = max((place for place in steps if place < fitting), default=-1)
    while fitting - too_fast > 1:
        middle = (fitting + too_fast) // 2
        if needs(middle).fits:
            fitting = middle
        else:
            too_fast = middle
    near = range(max(0, fitting - NEARBY), fitting)
    fastest = next((place for place in near if needs(place).fits), fitting)
    slower = range(fastest, min(fastest + MOST_SLOWER, bisect_right(paces, SLOWER * paces[fastest])))
    return splits_at(next((n for n in slower if needs(n).useful >= USEFUL and needs(n).fits), fastest))


def lacks(estimate: Estimate) -> tuple[float, float]:
    """How far a design is from fitting: what it needs that the part has none of, and the largest share of the rest.

    Of what there is nothing, less is better as well, though every share of it is infinite.
    """
    shares = estimate.utilization
    missing = sum(getattr(estimate, name) for name, share in shares.items() if isinf(share))
    return missing, max((share for share in shares.values() if not isinf(share)), default=0.0)


def refusal(estimate: Estimate, remedies: Sequence[str] = (), what: str = "") -> ResourceError:
    """Why a design does not fit, which is the one that needs the smallest share of its part; for the caller to raise.

    Args:
        estimate: of it, against a part that is known.
        remedies: what helps beside a larger part, shorter codes and more of the part.
        what: a sentence more about what takes so much.
    """
    part = estimate.capacity
    assert part is not None  # noqa: S101 - the caller knows it
    shares = estimate.utilization
    worst, *others = sorted((name for name in RESOURCES if shares[name] > estimate.limit), key=lambda n: -shares[n])
    need = getattr(estimate, worst)
    largest = sorted(estimate.blocks, key=lambda name: getattr(estimate.blocks[name], worst), reverse=True)[:CONSUMERS]
    most = ", ".join(
        f"{name!r} {ceil(taken):,}" for name in largest if (taken := getattr(estimate.blocks[name], worst))
    )
    also = [
        f"{ceil(getattr(estimate, name)):,} {WORDS[name]} (at most {_allowed(estimate, name):,})" for name in others
    ]
    helps = [larger_part(estimate)]
    if (weights := estimate.components.get("weights")) is not None and 2 * getattr(weights, worst) > need:
        helps.append(f"shorter codes of weights, which take {getattr(weights, worst):,.0f} of them")
    helps += remedies
    if shares[worst] <= 1:
        helps.append(f"more of the part, as in utilization={_above(shares[worst])}")
    has = getattr(part, worst)
    there = (
        f"{in_percent(estimate.limit)} of the part's {has:,} are {_allowed(estimate, worst):,}"
        if has
        else "it has none"
    )
    return ResourceError(
        f"the network does not fit {part.name}: at {estimate.interval:,} cycles a sample, which need least, it takes "
        f"an estimated {ceil(need):,} {WORDS[worst]}, and {there}; most take {most}; "
        + (f"too many as well: {', '.join(also)}; " if also else "")
        + (f"{what}; " if what else "")
        + f"what helps: {'; '.join(helps)}"
    )


def _allowed(estimate: Estimate, name: str) -> int:
    """How much of a resource a design may take."""
    return int(estimate.limit * getattr(estimate.capacity, name))


def larger_part(estimate: Estimate) -> str:
    """The smallest part that is known to hold as much, in words."""

    def holds(part: Part) -> bool:
        return all(getattr(estimate, name) <= estimate.limit * getattr(part, name) for name in RESOURCES)

    larger = [part for part in known_parts().values() if holds(part)]
    if not larger:
        return "a smaller network, as no part that is known holds as much"
    instead = (
        " in place of the given resources"
        if estimate.capacity is not None and estimate.capacity.family == GIVEN
        else ""
    )
    smallest = min(larger, key=lambda part: (part.lut, part.bram18, part.name))
    return f"a larger part, as in part={smallest.name!r}{instead}"


def _above(share: float) -> float:
    """The next hundredth that is no smaller."""
    return -(-int(share * 1e6 + 1) // 10_000) / 100
