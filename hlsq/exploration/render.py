"""An exploration as text and as one self-contained page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, Protocol

from markupsafe import Markup

from hlsq.cost.estimate.words import blocks36, cells, kind, rate
from hlsq.counted import counted
from hlsq.exploration.picture import TITLES, draw_tradeoff
from hlsq.exploration.row import Measure, Row, pareto
from hlsq.report.html import Picture, page
from hlsq.report.pictures import svg
from hlsq.report.table import Table
from hlsq.report.text import render_table
from hlsq.report.words import size

if TYPE_CHECKING:
    Curves = Mapping[tuple[Measure, Measure], Sequence[Row]]


class Explored(Protocol):
    """What is rendered."""

    @property
    def network(self) -> str:
        """Its name."""

    @property
    def clock_period(self) -> float:
        """In nanoseconds."""

    @property
    def samples(self) -> int:
        """Samples of the evaluation."""

    @property
    def rows(self) -> tuple[Row, ...]:
        """All designs."""


def render_text(found: Explored) -> str:
    """Text tables of at most 140 columns."""
    return "\n\n".join("\n".join(render_table(table)) for table in _tables(found))


def render_page(found: Explored, curves: Curves) -> str:
    """The page; ``curves`` are the Pareto curves by cost and gain."""
    pictures = [
        Picture(
            f"{TITLES[gain].name.capitalize()} against {TITLES[cost].name}",
            Markup(svg(draw_tradeoff(found.rows, cost, gain, curve))),
            "Hollow: does not fit. Ringed, and joined by the line: designs that no other beats in both.",
            DESIGNS,
            shrinks=True,
        )
        for (cost, gain), curve in curves.items()
        if len({getattr(row, cost) for row in found.rows} - {None}) > 1
    ]
    return page(f"hlsq explore: {found.network}", found.network, _tables(found), pictures)


DESIGNS = "Designs"


def _tables(found: Explored) -> list[Table]:
    rows = found.rows
    several = len({row.part for row in rows}) > 1
    judged = f"Accuracy: of {counted(found.samples, 'sample')}, by emulation. " if found.samples else ""
    worth: tuple[Measure, ...] = ("lut", "fps", *(("accuracy",) if found.samples else ()))
    judges = "LUTs, samples/s and accuracy" if found.samples else "LUTs and samples/s"
    best = {id(row) for row in pareto(rows, *worth)}
    header = (
        *("plan", "target", *(["part"] if several else [])),
        *("accuracy", "weights", "PEs", "LUT", "FF", "DSP", "BRAM", "interval", "samples/s", "fits", ""),
    )
    first = len(header) - 11
    tables = [
        Table(
            DESIGNS,
            header,
            tuple(_row(row, several, id(row) in best) for row in rows),
            right=tuple(range(first, first + 9)),
            note=f"At {1000 / found.clock_period:,.6g} MHz. {judged}Weights: memory of their codes. BRAM: blocks of 36 "
            f"Kb. Interval: cycles between samples. *: none that fits is better in {judges}. Cost and "
            f"speed are {kind()}.",
        ),
        Table(
            "Designs that cannot be",
            ("design", "reason"),
            tuple(_grouped(rows, "reason", several)),
        ),
        Table(
            "What does not fit",
            ("design", "takes"),
            tuple(_grouped(rows, "over", several)),
        ),
        Table(
            "What limits the pace",
            ("design", "pace"),
            tuple(_grouped(rows, "pace", several)),
        ),
    ]
    return [table.shown() for table in tables if table.rows]


def _grouped(rows: Sequence[Row], what: Literal["reason", "over", "pace"], several: bool) -> Iterator[tuple[str, str]]:
    """Each sentence once, with the first design that it is true of, and how many more; parts, if there are several."""
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(getattr(row, what), []).append(
            ", ".join((row.plan, row.target, *([row.part] if several else [])))
        )
    for sentence, designs in found.items():
        if sentence:
            more = f" and {len(designs) - 1} more" if designs[1:] else ""
            yield designs[0] + more, sentence


def _row(row: Row, several: bool, best: bool) -> tuple[str, ...]:
    fits = "cannot be" if row.reason else {True: "yes", False: "no", None: "unknown"}[row.fits]
    return (
        *(row.plan, row.target, *([row.part] if several else [])),
        "-" if row.accuracy is None else f"{100 * row.accuracy:.2f} %",
        size(row.weight_bits),
        _count(row.pes),
        "-" if row.lut is None else cells(row.lut),
        "-" if row.ff is None else cells(row.ff),
        _count(row.dsp),
        "-" if row.bram18 is None else blocks36(row.bram18),
        _count(row.interval),
        "-" if row.fps is None else rate(row.fps),
        fits,
        "*" if best else "",
    )


def _count(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"
