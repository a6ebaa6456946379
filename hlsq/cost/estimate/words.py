"""An estimate in words: how much of the part is taken, whether that fits, how fast the design is."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, floor, inf, isinf
from typing import Protocol

from hlsq.cost.parts import Part
from hlsq.cost.units import packings
from hlsq.counted import counted, in_percent

NAMES = {"lut": "LUT", "lutram": "LUTRAM", "ff": "FF", "dsp": "DSP", "bram18": "BRAM", "uram": "URAM"}
"""What people call each resource; memories are counted in blocks of 36 Kb, as AMD's reports do."""
LINE = 120
"""Letters of a line."""
TIMES = ((1.0, "s"), (1e-3, "ms"), (1e-6, "us"))


class Design(Protocol):
    """What is told of an ``Estimate``, beside its resources by name."""

    @property
    def capacity(self) -> Part | None:
        """What the part has."""

    @property
    def limit(self) -> float:
        """Share of it that may be taken."""

    @property
    def utilization(self) -> Mapping[str, float]:
        """Share of it that is taken, by resource."""

    @property
    def fits(self) -> bool | None:
        """Whether that is within the limit."""

    @property
    def clock_period(self) -> float:
        """In nanoseconds."""

    @property
    def pes(self) -> int:
        """Processing elements."""

    @property
    def latency(self) -> int:
        """Cycles from first input to last output."""

    @property
    def interval(self) -> int:
        """Cycles between samples."""

    @property
    def fps(self) -> float:
        """Samples a second."""

    @property
    def useful(self) -> float:
        """Share of the PEs' cycles."""


@dataclass(frozen=True)
class Use:
    """How much of one resource a design takes.

    Attributes:
        name: such as ``LUT``.
        need: how many, in words.
        has: how many the part has, in words; empty if that is unknown.
        most: how many may be taken, likewise.
        share: of the part; infinite where it has none, None if the part is unknown.
        fits: whether that is within the limit; None if the part is unknown.
    """

    name: str
    need: str
    has: str
    most: str
    share: float | None
    fits: bool | None


def uses(estimate: Design) -> list[Use]:
    """Of every resource; of UltraRAM only where the part has some or the design needs some."""
    found = []
    for name, title in NAMES.items():
        amount = getattr(estimate, name)
        has = None if estimate.capacity is None else getattr(estimate.capacity, name)
        if name == "uram" and not amount and not has:
            continue
        share = estimate.utilization.get(name)
        words = blocks36 if name == "bram18" else cells
        within = None if share is None else share <= estimate.limit
        known = ("", "") if has is None else (words(has), words(floor(has * estimate.limit + 1e-9)))
        found.append(Use(title, words(amount), *known, share, within))
    return found


def amounts(found: object) -> str:
    """The resources that ``found`` has by their names, those that it takes some of: ``1,201 LUT, 3 DSP``."""
    named = ((getattr(found, name), title, blocks36 if name == "bram18" else cells) for name, title in NAMES.items())
    return ", ".join(f"{words(amount)} {title}" for amount, title, words in named if amount) or "no resources"


def cells(amount: float) -> str:
    """A number of cells, of which there are no fractions."""
    return f"{ceil(round(amount, 6)):,}"


def blocks36(bram18: int) -> str:
    """Block RAMs of 36 Kb; one of 18 Kb is half of one."""
    return f"{bram18 / 2:,.1f}".removesuffix(".0")


def percent(share: float | None) -> str:
    """``19 %``; what is little, with a digit more, and never shown as nothing."""
    if share is None:
        return "-"
    if isinf(share):
        return "has none"
    if 0 < share < 0.0005:
        return "< 0.1 %"
    return in_percent(share, 1 if 0 < share < 0.1 else 0)


def fits(estimate: Design) -> str:
    """Whether the design fits, and if not, what does not."""
    limit = percent(estimate.limit)
    if estimate.capacity is None:
        return "unknown: the part is not known to hlsq"
    part = estimate.capacity.name
    if estimate.fits:
        return f"yes, within the {limit} of {part} that may be taken"
    return f"no: {over(estimate)}; {limit} of {part} may be taken"


def over(estimate: Design) -> str:
    """What a design takes too much of, as far as that is known: ``50,919 LUT of at most 50,720``; else empty."""
    found = ((f"{use.need} {use.name}", use) for use in uses(estimate) if use.fits is False)
    return ", ".join(
        f"{need} where there are none" if use.share == inf else f"{need} of at most {use.most}" for need, use in found
    )


def duration(cycles: float, clock_period: float) -> str:
    """Time of ``cycles`` of ``clock_period`` nanoseconds."""
    seconds = cycles * clock_period * 1e-9
    for one, unit in TIMES:
        if seconds >= one:
            return f"{seconds / one:,.3g} {unit}" if seconds < 1000 * one else f"{seconds / one:,.0f} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def rate(fps: float) -> str:
    """Samples in a second."""
    return f"{fps:,.0f}" if fps >= 100 else f"{fps:.3g}"


def cycles(count: int, clock_period: float) -> str:
    """``65,600 cycles, 328 us``."""
    return f"{counted(count, 'cycle')}, {duration(count, clock_period)}"


def kind() -> str:
    """What kind of an estimate this is, and how far published designs are from it."""
    found = packings()
    luts = ", ".join(f"{name} {in_percent(p.lut_residual)}" for name, p in found.items())
    ffs = ", ".join(f"{name} {in_percent(p.ff_residual)}" for name, p in found.items())
    return (
        "estimated before synthesis: netlists of Yosys for 7 series, packed as Vivado did published designs. Largest "
        f"error for a published design that was left out, of LUTs: {luts}; of FFs: {ffs}"
    )


def speed_rows(estimate: Design) -> list[tuple[str, str]]:
    """Whether the whole design fits and how fast it is, name and value."""
    period = estimate.clock_period
    return [
        ("fits", fits(estimate)),
        ("samples per second", f"{rate(estimate.fps)} at {1000 / period:,.6g} MHz"),
        ("interval", f"{cycles(estimate.interval, period)} from sample to sample"),
        ("latency", f"{cycles(estimate.latency, period)} from first input to last output"),
        ("useful", f"{percent(estimate.useful)} of the cycles of {estimate.pes:,} PEs"),
    ]


def in_words(estimate: Design) -> str:
    """The whole in a short table: totals against capacity, whether they fit, how fast it is, what kind of estimate."""
    used = [("", "estimate", "part has", "share")]
    used += [(use.name, use.need, use.has or "unknown", percent(use.share)) for use in uses(estimate)]
    rows = [*speed_rows(estimate), ("kind", kind())]
    first = max(len(name) for name, *_ in (*used, *rows))
    widths = [max(map(len, column)) for column in zip(*(cells for _, *cells in used), strict=True)]
    lines = []
    for name, *figures in used:
        lines.append("  ".join([f"{name:<{first}}", *(f"{f:>{w}}" for f, w in zip(figures, widths, strict=True))]))
    for name, value in rows:
        text = textwrap.wrap(value, LINE - first - 2, break_on_hyphens=False)
        lines += [f"{start:<{first}}  {line}" for start, line in zip([name] + [""] * len(text), text, strict=False)]
    return "\n".join(lines)
