"""A folded accelerator's cycles by instruction, drawn with matplotlib."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hlsq.cost.estimate.words import percent
from hlsq.report.pictures import COLORS, PLAIN, WIDTH, new_figure, short_name
from hlsq.report.program import ProgramReport

if TYPE_CHECKING:
    from matplotlib.figure import Figure

IDLE = "#e4e7eb"


def draw_program(program: ProgramReport) -> Figure:
    """A bar for each instruction: its cycles, and the share of them that its PEs' products fill."""
    kinds = {engine.name: engine.kind for engine in program.engines}
    found = program.instructions[::-1]
    figure = new_figure(WIDTH * 0.6, 0.22 * len(found) + 0.2)
    ax = figure.subplots()
    bars = ax.barh(range(len(found)), [item.cycles for item in found], color=IDLE)
    colors = [COLORS.get(kinds.get(item.engine, ""), PLAIN) for item in found]
    ax.barh(range(len(found)), [item.cycles * (item.use or 0.0) for item in found], color=colors)
    labels = [f"{item.cycles:,}" + (f", {percent(item.use)}" if item.use is not None else "") for item in found]
    ax.bar_label(bars, labels, padding=3, fontsize=7)
    ax.set_xlabel("cycles", fontsize=8)
    ax.set_xlim(0, 1.2 * max(item.cycles for item in found))
    ax.set_yticks(range(len(found)), [short_name(item.name) for item in found], fontsize=7)
    ax.tick_params(axis="x", labelsize=7)
    ax.set_ylim(-0.6, len(found) - 0.4)
    return figure
