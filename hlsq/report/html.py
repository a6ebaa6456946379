"""The report as one self-contained page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from hlsq.escape import visible
from hlsq.report import pictures as draw
from hlsq.report.cost_picture import draw_use
from hlsq.report.histogram_picture import draw_histograms
from hlsq.report.model import NetworkReport
from hlsq.report.program_picture import draw_program
from hlsq.report.program_tables import PROGRAM
from hlsq.report.table import Table
from hlsq.report.tables import COST, tables

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Picture:
    """A drawing.

    Attributes:
        title: its heading.
        svg: trusted markup, with the names in it escaped by matplotlib.
        note: a sentence under it, or "".
        after: title of the table that it follows.
        shrinks: whether it is never wider than the window.
    """

    title: str
    svg: Markup
    note: str = ""
    after: str = "Memory"
    shrinks: bool = False


def render_html(report: NetworkReport) -> str:
    """The page; names are escaped, nothing is loaded from elsewhere."""
    return page(f"hlsq report: {report.network}", report.network, tables(report), list(pictures(report)))


def page(title: str, heading: str, found: Sequence[Table], drawn: Sequence[Picture]) -> str:
    """A page of tables with pictures between them; names are escaped, nothing is loaded from elsewhere."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        finalize=_visible,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = environment.get_template("report.html.j2")
    return template.render(title=title, heading=heading, tables=found, pictures=drawn)


def _visible(value: object) -> object:
    """What a template writes, before it is escaped for HTML."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def pictures(report: NetworkReport) -> Iterator[Picture]:
    """All pictures that there is something to show in."""
    if report.estimate.capacity is not None:
        note = "Estimated before synthesis. The line is how much of the part may be taken."
        yield Picture("Use of the part", Markup(draw.svg(draw_use(report.estimate))), note, COST, shrinks=True)
    if report.program is not None:
        note = "Dark: those in which all PEs would do what they do in all."
        figure = draw_program(report.program)
        yield Picture("Cycles of every instruction", Markup(draw.svg(figure)), note, PROGRAM, shrinks=True)
    if report.curve:
        assert report.plan is not None  # noqa: S101 - the curve comes from it
        points = [(p.memory_bytes, p.accuracy) for p in report.curve]
        figure = draw.draw_curves({report.plan.scheme: points}, {}, metric=report.metric)
        yield Picture("Accuracy and memory", Markup(draw.svg(figure)), "Every step of the search that made the plan.")
    if report.word_lengths:
        yield Picture("Bits per layer", Markup(draw.svg(draw.draw_word_lengths(report.word_lengths))))
    if report.pes:
        if any(block.memory.weights for block in report.blocks):
            yield Picture("Weight memory per block", Markup(draw.svg(draw.draw_memory(report.blocks))))
        if report.program is None:
            yield Picture("PEs per block", Markup(draw.svg(draw.draw_pes(report.blocks))))
    if report.histograms:
        known = any(found.before for found in report.histograms)
        note = "In steps of the format, of each output channel where it has several. "
        note += "Grey: float weights. " if known else "The float weights are not known to a loaded project. "
        figure = draw_histograms(report.histograms)
        yield Picture(
            "Weights before and after" if known else "Weights", Markup(draw.svg(figure)), note + "Blue: quantised."
        )
