"""Units of the measured table as resources."""

from __future__ import annotations

from functools import lru_cache

from hlsq.cost.estimate.model import Resources
from hlsq.cost.units import packings, unit_cost

NOTHING = Resources()


@lru_cache(maxsize=65536)
def cells(unit: str, kind: str, *widths: int) -> Resources:
    """One unit as it was synthesised, LUTs paired."""
    cost = unit_cost(unit, kind, *widths)
    return Resources(cost.lut + cost.memory, cost.ff, round(cost.dsp), lutram=cost.memory)


@lru_cache(maxsize=65536)
def packed(family: str, unit: str, kind: str, *widths: int) -> Resources:
    """One unit, by the factor from the table to published designs of ``family``."""
    factor, found = packings()[family], cells(unit, kind, *widths)
    return Resources(found.lut * factor.lut, found.ff * factor.ff, found.dsp, lutram=found.lutram * factor.lut)


def total(parts: dict[str, Resources]) -> Resources:
    """The sum of all parts."""
    found = NOTHING
    for part in parts.values():
        found += part
    return found
