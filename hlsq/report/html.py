"""The report as one self-contained page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from hlsq.memory import NetworkMemory
from hlsq.report.model import Report
from hlsq.report.tables import tables
from hlsq.report.words import saved, size

TEMPLATES = Path(__file__).parent / "templates"
BAR_WIDTH = 520
MINIMUM = 0.5
"""Narrowest part of a bar that is still visible, in pixels."""


@dataclass(frozen=True)
class Part:
    """One coloured part of a bar, in pixels from its left end; ``style`` names the colour."""

    x: float
    width: float
    style: str


@dataclass(frozen=True)
class Bar:
    """A labelled bar."""

    label: str
    value: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Chart:
    """Bars on one scale, with a legend of (style, meaning)."""

    title: str
    bars: tuple[Bar, ...]
    legend: tuple[tuple[str, str], ...]


def render_html(report: Report) -> str:
    """The page; names are escaped, nothing is loaded from elsewhere."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template("report.html.j2")
    return page.render(report=report, tables=tables(report), charts=_charts(report), bar_width=BAR_WIDTH)


def _charts(report: Report) -> list[Chart]:
    weighted = [block for block in report.blocks if block.pe is not None]
    if not weighted:
        return []
    legend = [("codes", "codes"), ("unused", "unused bits of words"), ("idle", "idle PEs and ends of rows")]
    memory = _chart(
        "Weight memory per block",
        [
            (
                b.name,
                f"{size(b.memory.rom_bits)} ({b.memory.code_bits}-bit codes)",
                [
                    (b.memory.weight_bits, "codes"),
                    (b.memory.unused_bits, "unused"),
                    (max((b.memory.rom_bits or 0) - b.memory.packed_bits, 0), "idle"),
                ],
            )
            for b in weighted
        ],
        legend,
    )
    pes = _chart(
        "PEs per block",
        [
            (b.name, f"{b.pe.count:,} {b.pe.kind}, reuse {b.pe.reuse_factor:,}", [(b.pe.count, b.pe.kind)])
            for b in weighted
            if b.pe is not None
        ],
        [(kind, f"{kind}: {count:,}") for kind, count in report.pes.items()],
    )
    return [_totals(report.memory, legend), memory, pes]


def _totals(memory: NetworkMemory, legend: Sequence[tuple[str, str]]) -> Chart:
    bars = [("32-bit float", size(memory.weights.before), [(memory.weights.before, "float")])]
    bars.append(("codes", saved(memory.weights), [(memory.weights.after, "codes")]))
    unused = memory.packed.after - memory.weights.after
    packed = [(memory.weights.after, "codes"), (unused, "unused")]
    bars.append((f"{memory.word_bits}-bit words", saved(memory.packed), packed))
    if memory.rom is not None:
        idle = max(memory.rom.after - memory.packed.after, 0)
        bars.append(("ROM", saved(memory.rom), [*packed, (idle, "idle")]))
    return _chart("Memory of all weights", bars, legend)


def _chart(
    title: str, bars: Sequence[tuple[str, str, Sequence[tuple[int, str]]]], legend: Sequence[tuple[str, str]]
) -> Chart:
    longest = max((sum(amount for amount, _ in parts) for _, _, parts in bars), default=0) or 1
    drawn = []
    for label, value, amounts in bars:
        parts: list[Part] = []
        x = 0.0
        for amount, style in amounts:
            width = amount / longest * BAR_WIDTH
            if amount:
                parts.append(Part(round(x, 2), round(max(width, MINIMUM), 2), style))
            x += width
        drawn.append(Bar(label, value, tuple(parts)))
    return Chart(title, tuple(drawn), tuple(legend))
