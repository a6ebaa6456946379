"""How full the part is, drawn with matplotlib."""

from __future__ import annotations

from math import isinf
from typing import TYPE_CHECKING

from hlsq.cost.estimate.model import Estimate
from hlsq.cost.estimate.words import percent, uses
from hlsq.report.pictures import COLORS, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FULL = "#e4e7eb"
"""What the part has."""
MOST = 2.0
"""Parts that the axis reaches to; longer bars end there."""


def draw_use(estimate: Estimate) -> Figure:
    """A bar for each resource against the part's capacity, with the limit; red where that is exceeded."""
    found = uses(estimate)[::-1]
    shares = [min(use.share or 0.0, MOST) for use in found]
    end = max(1.0, *shares)
    figure = new_figure(6.0, 0.34 * len(found) + 0.1)
    ax = figure.subplots()
    ax.barh(range(len(found)), [1.0] * len(found), color=FULL, height=0.7)
    colors = [COLORS["shift"] if use.fits else COLORS["multiply"] for use in found]
    ax.barh(range(len(found)), shares, color=colors, height=0.7)
    for row, use in enumerate(found):
        share = "the part has none" if use.share is not None and isinf(use.share) else percent(use.share)
        ax.text(end * 1.02, row, f"{use.need} of {use.has}, {share}", va="center", fontsize=8)
    ax.axvline(estimate.limit, color="#1f2933", linewidth=1.2, linestyle="--")
    ax.set_yticks(range(len(found)), [use.name for use in found], fontsize=8)
    ax.set_xlim(0, end)
    ticks = [0, 0.25, 0.5, 0.75, 1.0, *((1.5, 2.0) if end > 1.4 else ())]
    ax.set_xticks(ticks, [percent(tick) for tick in ticks], fontsize=7)
    ax.set_frame_on(False)
    ax.tick_params(length=0)
    return figure
