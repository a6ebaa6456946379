"""Units of the measured table as resources, with the factors of published designs, and the place of products."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from math import ceil

from hlsq.cost.estimate.choices import Multipliers
from hlsq.cost.estimate.model import Resources
from hlsq.cost.units import packings, unit_cost

NOTHING = Resources()
FABRIC_PRODUCT = 16
"""Bits of the widest product that stays in LUTs with multipliers="auto": an assumption. Vitis HLS leaves the choice to
Vivado, whose threshold is not documented; published designs have 8 x 8 bits in LUTs and 16 x 16 in DSP slices."""
LEAST_ACCUMULATOR = 20
"""Bits of the table's smallest."""
Named = list[tuple[str, Resources]]
"""Parts of a block; a name may come several times."""


@lru_cache(maxsize=65536)
def cells(unit: str, kind: str, *widths: int) -> Resources:
    """One unit as it was synthesised, LUTs paired."""
    cost = unit_cost(unit, kind, *widths)
    return Resources(cost.lut + cost.memory, cost.ff, ceil(round(cost.dsp, 3)), lutram=cost.memory)


@lru_cache(maxsize=65536)
def packed(family: str, unit: str, kind: str, *widths: int) -> Resources:
    """One unit, by the factor from the table to published designs of ``family``."""
    factor, found = packings()[family], cells(unit, kind, *widths)
    return Resources(found.lut * factor.lut, found.ff * factor.ff, found.dsp, lutram=found.lutram * factor.lut)


def in_dsp(bits: int, multipliers: Multipliers) -> bool:
    """Whether a product of ``bits`` bits is computed in DSP slices; see ``FABRIC_PRODUCT``."""
    return multipliers == "dsp" or (multipliers == "auto" and bits > FABRIC_PRODUCT)


@lru_cache(maxsize=16384)
def multiplier(a: int, b: int, multipliers: Multipliers, product: int | None = None) -> Resources:
    """A multiplier of signed operands, with a register for the product.

    Args:
        a: bits of one; an unsigned one counts a bit more.
        b: bits of the other.
        multipliers: the option.
        product: bits of the product, where they are fewer than those of both.
    """
    if in_dsp(a + b if product is None else product, multipliers):
        return cells("multiply", "dsp", a, b)
    return packed("multiply", "multiply", "lut", a, b)


@lru_cache(maxsize=16384)
def selection(inputs: int, bits: int) -> Resources:
    """One of ``inputs`` words of ``bits``, and a register behind it; nothing for a single one."""
    return cells("mux", "binary", inputs, 8).times(bits / 8) if inputs > 1 else NOTHING


def moving(bits: float, steps: int) -> Resources:
    """What loads or turns registers, two inputs each; nothing for a single step."""
    return Resources(lut=selection(2, 8).lut / 8 * bits) if steps > 1 else NOTHING


def waiting(bits: int, steps: int, group: int) -> Resources:
    """Values of a packet of which a step takes ``group``: the first are taken at once, the others move up to them.

    Args:
        bits: of a value.
        steps: in which they are taken.
        group: number.
    """
    held = bits * (steps - 1) * group
    return Resources(ff=held) + moving(held, steps)


@lru_cache(maxsize=16384)
def tree(inputs: int, width: int, most: int, family: str | None = None) -> Resources:
    """Adders of ``inputs`` summands of ``width`` bits, each level a register; nothing for a single one.

    Args:
        inputs: number.
        width: of each.
        most: bits that no sum exceeds.
        family: whose factors hold for it.
    """
    if inputs < 2:
        return NOTHING
    width = max(1, min(width, most))
    if family is None:
        return cells("tree", "pipelined", inputs, width)
    return packed(family, "tree", "pipelined", inputs, width)


def accumulator(summand: int, width: int) -> Resources:
    """Of ``width`` bits; those of fewer bits than the table has take their share of its smallest."""
    return cells("accumulator", "select", summand, width).times(min(1.0, width / LEAST_ACCUMULATOR))


def adder(width: int) -> Resources:
    """Of two numbers, with a register: a LUT and a flip-flop a bit, as carry chains have it."""
    return Resources(width, width)


def total(parts: Iterable[Resources]) -> Resources:
    """The sum of all parts."""
    found = NOTHING
    for part in parts:
        found += part
    return found


def gathered(found: Iterable[tuple[str, Resources]]) -> dict[str, Resources]:
    """The sum of all parts of each name, without those that take nothing."""
    parts: dict[str, Resources] = {}
    for name, cost in found:
        if cost != NOTHING:
            parts[name] = parts[name] + cost if name in parts else cost
    return parts


def merged(found: Iterable[Mapping[str, Resources]]) -> dict[str, Resources]:
    """The sums of several blocks by part."""
    return gathered(item for parts in found for item in parts.items())
