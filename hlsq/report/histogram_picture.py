"""The histograms of all weights in one drawing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hlsq.report.histograms import WeightHistogram
from hlsq.report.pictures import COLORS, WIDTH, new_figure, short_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = 4
ROW = 1.5
"""Height of a row in inches."""
SIDE, TOP, BOTTOM = 0.05, 0.17, 0.82
"""Where a histogram lies in its cell, whose sides are 1 long: what is above is its name, below are its numbers."""

Points = NDArray[np.float64]


def draw_histograms(histograms: Sequence[WeightHistogram]) -> Figure:
    """Float weights in grey, quantised ones on their grid; both in parts of the largest count.

    All lie in one pair of axes, cell by cell: axes of their own, with their ticks, take ten times as long.
    """
    from matplotlib.collections import LineCollection, PolyCollection

    rows = -(-len(histograms) // COLUMNS)
    columns = min(COLUMNS, len(histograms))
    figure = new_figure(WIDTH * columns / COLUMNS, ROW * rows)
    ax = figure.subplots()
    ax.set_axis_off()
    ax.set_xlim(0, columns)
    ax.set_ylim(rows, 0)
    before: list[Points] = []
    after: list[Points] = []
    frames: list[Points] = []
    for number, found in enumerate(histograms):
        cell = _Cell(number % COLUMNS, number // COLUMNS, found.edges[0], found.edges[-1])
        if found.before:
            heights = np.repeat(np.array(found.before) / (max(found.before) or 1), 2)
            before.append(cell.place(np.repeat(found.edges, 2), np.concatenate([[0.0], heights, [0.0]])))
        top = max(found.after) or 1
        after += [cell.place([v, v], [0, n / top]) for v, n in zip(found.levels, found.after, strict=True)]
        frames.append(cell.place([cell.low, cell.low, cell.high, cell.high, cell.low], [0, 1.05, 1.05, 0, 0]))
        frames += cell.ticks(ax)
        middle, above = cell.place([(cell.low + cell.high) / 2], [1.1])[0]
        ax.text(middle, above, short_name(found.name), fontsize=8, ha="center", va="bottom")
    ax.add_collection(PolyCollection(before, facecolors=COLORS["float"], alpha=0.6), autolim=False)
    ax.add_collection(LineCollection(after, colors=COLORS["codes"], linewidths=1.2), autolim=False)
    ax.add_collection(LineCollection(frames, colors="black", linewidths=0.6), autolim=False)
    return figure


class _Cell:
    """The place of one histogram, whose values go from ``low`` to ``high``."""

    def __init__(self, column: int, row: int, low: float, high: float) -> None:
        self.column, self.row, self.low, self.high = column, row, low, high

    def place(self, values: Sequence[float] | Points, heights: Sequence[float] | Points) -> Points:
        """Points [n, 2] of the drawing for values, and heights from 0 to 1."""
        across = (np.asarray(values, dtype=np.float64) - self.low) / (self.high - self.low)
        x = self.column + SIDE + (1 - 2 * SIDE) * across
        return np.stack([x, self.row + BOTTOM - (BOTTOM - TOP) * np.asarray(heights) / 1.05], axis=1)

    def ticks(self, ax: Axes) -> list[Points]:
        """The lines below a few round values, which are written there."""
        from matplotlib.ticker import MaxNLocator

        values = [v for v in MaxNLocator(4).tick_values(self.low, self.high) if self.low <= v <= self.high]
        lines = [self.place([v, v], [0, -0.04]) for v in values]
        for value, line in zip(values, lines, strict=True):
            x, y = line[1]
            ax.text(x, y, f"{value:.6g}", fontsize=6, ha="center", va="top")
        return lines
