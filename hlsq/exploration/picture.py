"""Pareto curves, drawn with matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from hlsq.exploration.row import Measure, Row
from hlsq.report.pictures import new_figure, short_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MARKS = "osD^vP*X<>hp"
"""One for each target."""
COLORS = ("#1d6fb8", "#c25b3f", "#2b8a5b", "#7d5ba6", "#b8912b", "#d6639a", "#3aa6a6", "#52606d")
"""One for each plan."""
LINE = "#9aa5b1"


@dataclass(frozen=True)
class Axis:
    """How a measure is drawn: its name, label, the factor from its unit to that of the label, log or linear."""

    name: str
    label: str
    factor: float = 1.0
    log: bool = False


TITLES: dict[str, Axis] = {
    "accuracy": Axis("accuracy", "accuracy, %", 100.0),
    "fps": Axis("speed", "samples a second", log=True),
    "lut": Axis("LUTs", "LUTs", log=True),
    "bram18": Axis("block RAMs", "block RAMs of 36 Kb", 0.5),
    "weight_bits": Axis("weights", "memory of weights, kB (1 kB = 1000 bytes)", 1 / 8000),
}


def draw_tradeoff(rows: Sequence[Row], cost: Measure, gain: Measure, curve: Sequence[Row]) -> Figure:
    """Every design: plans by colour, targets (and parts) by marker; what does not fit is hollow and lies below."""
    from matplotlib.lines import Line2D

    across, up = TITLES[cost], TITLES[gain]
    figure = new_figure(6.0, 3.6)
    ax = figure.subplots()
    plans = list(dict.fromkeys(row.plan for row in rows))
    parts = len({row.part for row in rows}) > 1
    targets = list(dict.fromkeys(_target(row, parts) for row in rows))
    color = {name: COLORS[i % len(COLORS)] for i, name in enumerate(plans)}
    mark = {name: MARKS[i % len(MARKS)] for i, name in enumerate(targets)}
    points = [(getattr(row, cost) * across.factor, getattr(row, gain) * up.factor) for row in curve]
    xs, ys = [x for x, _ in points], [y for _, y in points]
    ax.plot(xs, ys, "o-", color=LINE, linewidth=1.2, markersize=12, markerfacecolor="none", zorder=1)
    for row in sorted(rows, key=lambda row: row.usable):  # several designs may be at the same place
        x, y = getattr(row, cost), getattr(row, gain)
        if x is not None and y is not None and not row.reason:
            face = color[row.plan] if row.usable else "white"
            edge = color[row.plan]
            ax.plot(
                [x * across.factor],
                [y * up.factor],
                mark[_target(row, parts)],
                markersize=6,
                markerfacecolor=face,
                markeredgecolor=edge,
                zorder=2,
            )
    if across.log:
        _logarithmic(ax, "x")
    if up.log:
        _logarithmic(ax, "y")
    ax.set_xlabel(across.label, fontsize=8)
    ax.set_ylabel(up.label, fontsize=8)
    ax.tick_params(which="both", labelsize=7)
    ax.grid(alpha=0.3)
    entries = [Line2D([], [], marker="o", linestyle="", color=color[p], label=short_name(p)) for p in plans]
    entries += [Line2D([], [], marker=mark[t], linestyle="", color="#52606d", label=short_name(t)) for t in targets]
    ax.legend(handles=entries, fontsize=7, ncols=2, frameon=False, loc="upper left", bbox_to_anchor=(0.0, -0.13))
    return figure


def _logarithmic(ax: Axes, name: Literal["x", "y"]) -> None:
    """With plain numbers, at round values."""
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    ax.set(**{f"{name}scale": "log"})
    axis = ax.xaxis if name == "x" else ax.yaxis
    axis.set_major_locator(LogLocator(subs=(1.0, 1.5, 2.0, 3.0, 5.0, 7.0)))
    axis.set_major_formatter(StrMethodFormatter("{x:,.6g}"))
    axis.set_minor_formatter(NullFormatter())


def _target(row: Row, parts: bool) -> str:
    return f"{row.target}, {row.part}" if parts else row.target
