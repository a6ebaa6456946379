"""What a design is estimated to cost, in rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from math import isinf

from hlsq.cost.estimate.model import Estimate, Resources
from hlsq.cost.estimate.words import NAMES, Use, blocks36, cells, cycles, fits, kind, percent, rate, speed_rows, uses
from hlsq.report.asked import Asked

Row = tuple[str, ...]
BAR = 30
"""Letters of a bar that reaches to the end of the part."""


def bar(share: float | None, limit: float) -> str:
    """``share`` in letters: ``=`` within the limit, ``!`` beyond, ``|`` where the limit is, ``>`` beyond the part."""
    if share is None:
        return ""
    filled, mark = round(BAR * min(share, 1.0)), round(BAR * limit)
    letters = ["=" if i < mark else "!" for i in range(filled)] + [" "] * (BAR - filled)
    letters.insert(mark, "|")
    return f"[{''.join(letters)}{'>' if share > 1 else ']'}"


def total_rows(estimate: Estimate, asked: Asked, pace: str) -> list[tuple[str, str]]:
    """What holds for the whole design, name and value: what was asked, and what came of it."""
    rows = [
        ("asked", asked.in_words),
        *speed_rows(estimate),
        ("GOPs", f"{estimate.gops:,.3g} at most, two operations of every PE in every cycle"),
    ]
    if pace:
        rows.append(("pace", pace))
    return [*rows, ("kind", kind())]


def summary_rows(estimate: Estimate, asked: Asked, pace: str) -> list[tuple[str, str]]:
    """The whole in a few names and values: what was asked, what is used, whether that fits, how fast it is and why."""
    used = ", ".join(f"{use.need} {use.name}{_share(use)}" for use in uses(estimate))
    speed = f"{rate(estimate.fps)} samples/s, one every {cycles(estimate.interval, estimate.clock_period)}"
    rows = [("asked", asked.in_words), ("estimated", used), ("fits", fits(estimate)), ("speed", speed)]
    return [*rows, ("pace", pace)] if pace else rows


def _share(use: Use) -> str:
    return "" if use.share is None else f" ({percent(use.share)})"


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
                yield (name, memory.component, memory.storage, f"{memory.copies:,}", size, blocks36(memory.bram18))


def component_rows(estimate: Estimate) -> Iterator[Row]:
    """What the design consists of, the most LUTs first."""
    for name, found in sorted(estimate.components.items(), key=lambda item: -item[1].lut):
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
        "components": {name: _resources(found) for name, found in estimate.components.items()},
        "blocks": {
            name: {
                **_resources(block),
                **_work(block),
                "components": {part: _resources(found) for part, found in block.components.items()},
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
