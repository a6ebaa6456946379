"""What a design is estimated to cost, in words and rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from math import ceil, inf, isinf

from hlsq.cost.estimate.model import Estimate, Resources
from hlsq.cost.units import packings

Row = tuple[str, ...]
NAMES = {"lut": "LUT", "lutram": "LUTRAM", "ff": "FF", "dsp": "DSP", "bram18": "BRAM", "uram": "URAM"}
"""What people call each resource; memories are counted in blocks of 36 Kb, as AMD's reports do."""
TIMES = ((1.0, "s"), (1e-3, "ms"), (1e-6, "us"))
BAR = 30
"""Letters of a bar that reaches to the end of the part."""


@dataclass(frozen=True)
class Use:
    """How much of one resource a design takes.

    Attributes:
        name: such as ``LUT``.
        need: how many, in words.
        has: how many the part has, in words; empty if that is unknown.
        share: of the part; infinite where it has none, None if the part is unknown.
        fits: whether that is within the limit; None if the part is unknown.
    """

    name: str
    need: str
    has: str
    share: float | None
    fits: bool | None


def uses(estimate: Estimate) -> list[Use]:
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
        found.append(Use(title, words(amount), "" if has is None else words(has), share, within))
    return found


def cells(amount: float) -> str:
    """A number of cells, of which there are no fractions."""
    return f"{ceil(round(amount, 6)):,}"


def blocks36(bram18: int) -> str:
    """Block RAMs of 36 Kb; one of 18 Kb is half of one."""
    return f"{bram18 / 2:,.1f}".removesuffix(".0")


def percent(share: float | None) -> str:
    """``19 %``; what is little, with a digit more."""
    if share is None:
        return "-"
    if isinf(share):
        return "has none"
    return f"{100 * share:.1f} %" if 0 < share < 0.1 else f"{100 * share:,.0f} %"


def bar(share: float | None, limit: float) -> str:
    """``share`` in letters: ``=`` within the limit, ``!`` beyond, ``|`` where the limit is, ``>`` beyond the part."""
    if share is None:
        return ""
    filled, mark = round(BAR * min(share, 1.0)), round(BAR * limit)
    letters = ["=" if i < mark else "!" for i in range(filled)] + [" "] * (BAR - filled)
    letters.insert(mark, "|")
    return f"[{''.join(letters)}{'>' if share > 1 else ']'}"


def fits(estimate: Estimate) -> str:
    """Whether the design fits, and if not, what does not."""
    limit = percent(estimate.limit)
    if estimate.capacity is None:
        return "unknown: the part is not known to hlsq"
    part = estimate.capacity.name
    if estimate.fits:
        return f"yes, in {limit} of {part}"
    over = [f"{use.name} {_over(use)}" for use in uses(estimate) if not use.fits]
    return f"no: {', '.join(over)}; at most {limit} of {part} may be taken"


def _over(use: Use) -> str:
    return f"{use.need}, and the part has none" if use.share == inf else percent(use.share)


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
    return f"{count:,} cycles, {duration(count, clock_period)}"


def total_rows(estimate: Estimate, pace: str = "") -> list[tuple[str, str]]:
    """What holds for the whole design, name and value."""
    period = estimate.clock_period
    rows = [
        ("fits", fits(estimate)),
        ("samples per second", f"{rate(estimate.fps)} at {1000 / period:,.6g} MHz"),
        ("interval", f"{cycles(estimate.interval, period)} from sample to sample"),
        ("latency", f"{cycles(estimate.latency, period)} from first input to last output"),
        ("useful", f"{percent(estimate.useful)} of the cycles of {estimate.pes:,} PEs"),
        ("GOPs", f"{estimate.gops:,.3g} at most, two operations of every PE in every cycle"),
    ]
    if pace:
        rows.append(("pace", pace))
    return [*rows, ("kind", kind())]


def summary_rows(estimate: Estimate, pace: str) -> list[tuple[str, str]]:
    """The whole in a few names and values: what is used, whether it fits, how fast it is, what limits that."""
    used = ", ".join(f"{use.need} {use.name}{_share(use)}" for use in uses(estimate))
    speed = f"{rate(estimate.fps)} samples/s, one every {cycles(estimate.interval, estimate.clock_period)}"
    rows = [("estimated", used), ("fits", fits(estimate)), ("speed", speed)]
    return [*rows, ("pace", pace)] if pace else rows


def _share(use: Use) -> str:
    return "" if use.share is None else f" ({percent(use.share)})"


def kind() -> str:
    """What kind of an estimate this is, and how far published designs are from it."""
    found = packings()
    luts = ", ".join(f"{name} {100 * p.lut_residual:.0f} %" for name, p in found.items())
    ffs = ", ".join(f"{name} {100 * p.ff_residual:.0f} %" for name, p in found.items())
    return (
        "estimated before synthesis: netlists of Yosys for 7 series, packed as Vivado did published designs. Largest "
        f"error for a published design that was left out, of LUTs: {luts}; of FFs: {ffs}"
    )


def use_rows(estimate: Estimate, bars: bool) -> list[Row]:
    """Every resource: need, what the part has, the share of it, and a bar if there shall be ``bars``."""
    drawn = bars and estimate.capacity is not None
    return [
        (use.name, use.need, use.has or "unknown", percent(use.share), *([bar(use.share, estimate.limit)] * drawn))
        for use in uses(estimate)
    ]


def resource_cells(found: Resources) -> Row:
    """LUT, LUTRAM, FF, DSP, BRAM of 18 Kb, of 36 Kb, URAM; ``-`` for none."""
    counts = (found.lut, found.lutram, found.ff, found.dsp, found.bram18)
    cell = tuple(cells(count) if count else "-" for count in counts)
    return (*cell, blocks36(found.bram18) if found.bram18 else "-", f"{found.uram:,}" if found.uram else "-")


def block_rows(estimate: Estimate) -> Iterator[Row]:
    """Every block: PEs, cells, cycles."""
    for name, block in estimate.blocks.items():
        yield (
            name,
            f"{block.pes:,}" if block.pes else "-",
            *resource_cells(block),
            f"{block.latency:,}" if block.latency else "-",
            f"{block.interval:,}" if block.interval else "-",
            percent(block.useful) if block.pes else "-",
        )


def memory_rows(estimate: Estimate) -> Iterator[Row]:
    """What lies in block RAM, and how many blocks a wide word takes."""
    for name, block in estimate.blocks.items():
        for memory in block.memories:
            if memory.bram18:
                size = f"{memory.depth:,} x {memory.width:,} bit"
                yield (name, memory.part, memory.storage, f"{memory.copies:,}", size, blocks36(memory.bram18))


def part_rows(estimate: Estimate) -> Iterator[Row]:
    """What the design consists of, the most LUTs first."""
    for name, found in sorted(estimate.parts.items(), key=lambda item: -item[1].lut):
        yield (name, *resource_cells(found))


def to_plain(estimate: Estimate, pace: str) -> dict[str, object]:
    """Plain dictionaries, for JSON; a share of a resource that the part has none of is None."""
    capacity = estimate.capacity
    return {
        **_resources(estimate),
        **_work(estimate),
        "clock_period": estimate.clock_period,
        "fps": estimate.fps,
        "gops": estimate.gops,
        "fits": estimate.fits,
        "limit": estimate.limit,
        "utilization": {name: None if isinf(share) else share for name, share in estimate.utilization.items()},
        "capacity": None if capacity is None else {name: getattr(capacity, name) for name in NAMES},
        "pace": pace,
        "kind": kind(),
        "parts": {name: _resources(found) for name, found in estimate.parts.items()},
        "blocks": {
            name: {
                **_resources(block),
                **_work(block),
                "parts": {part: _resources(found) for part, found in block.parts.items()},
                "memories": [asdict(memory) for memory in block.memories],
            }
            for name, block in estimate.blocks.items()
        },
    }


def _resources(found: Resources) -> dict[str, float]:
    names = ("lut", "ff", "dsp", "bram18", "uram", "lutram")
    return {name: getattr(found, name) for name in names} | {"bram36": found.bram18 / 2}


def _work(found: object) -> dict[str, float]:
    return {name: getattr(found, name) for name in ("pes", "latency", "interval", "useful")}
