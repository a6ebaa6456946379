"""FxP-QNet's comparisons: rounding strategies (Fig. 7) and cost functions (Table 2)."""

from __future__ import annotations

import click
import numpy as np
from images import Judge, Split, accuracy

import hlsq
from hlsq.cli.console import step, table
from hlsq.counted import in_percent
from hlsq.schemes.fxp.initial import STRATEGIES

WIDTHS = (8, 6, 5)
BEST = {8: "conservative", 6: "neutral", 5: "neutral"}
"""Strategy to begin with at each width, the best of the first table for the paper's ResNet-18 too."""
COSTS = {
    "range (eq. 9)": None,
    "top-1 error": "top1",
    "top-5 error": "top5",
    "L1 (eq. 25)": "l1",
    "L2 (eq. 14)": "l2",
    "F (eq. 21)": "distillation",
}
SETS, IMAGES, TESTED, REACH = 2, 50, 2000, 5


def show_strategies(graph: hlsq.Graph, judge: Judge, split: Split) -> None:
    """Accuracy of the preprocessor's formats by rounding strategy."""
    rows = []
    for strategy in STRATEGIES:
        cells = []
        for width in WIDTHS:
            with step(f"{strategy}, {width} bits"):
                plan = hlsq.quantize(
                    graph,
                    scheme="fxp_uniform",
                    calibration=split.calibration,
                    weight_width=width,
                    activation_width=width,
                    strategy=strategy,
                    forward=False,
                )
                cells.append(in_percent(judge.accuracies(plan)[2], 2))
        rows.append((strategy, *cells))
    click.echo("Rounding strategies: accuracy on all test images with the preprocessor's formats\n")
    click.echo("\n".join(table(("", *(f"{width} bits" for width in WIDTHS)), rows)) + "\n")


def show_costs(graph: hlsq.Graph, split: Split) -> None:
    """Accuracy of the forward optimizer by cost function: on the images it was calibrated on, and on others.

    Calibration images are drawn from those that a search may see, as the paper draws them from the validation set.
    """
    generator = np.random.default_rng(0)
    drawn = [generator.choice(split.searched, min(IMAGES, split.searched), replace=False) for _ in range(SETS)]
    rows = []
    for name, cost in COSTS.items():
        cells = []
        for width in WIDTHS:
            found = []
            for number, chosen in enumerate(drawn, start=1):
                with step(f"{name}, {width} bits, set {number}"):
                    found.append(_accuracies(graph, split, chosen, width, cost))
            calibrated, tested = np.mean(found, axis=0)
            cells += [in_percent(calibrated, 2), in_percent(tested, 2)]
        rows.append((name, *cells))
    header = ("", *(f"{width} bits, {what}" for width in WIDTHS for what in ("calib", "test")))
    click.echo(f"Cost functions: means of {SETS} random sets of {IMAGES} calibration images, K = {REACH}; "
               f"tested on {TESTED:,} images after those of the search\n")  # fmt: skip
    click.echo("\n".join(table(header, rows)) + "\n")


def _accuracies(
    graph: hlsq.Graph, split: Split, chosen: np.ndarray, width: int, cost: str | None
) -> tuple[float, float]:
    x, y = split.x[chosen], split.y[chosen]
    options = {} if cost is None else {"cost": cost, "calibration_labels": y, "search_limit": REACH}
    plan = hlsq.quantize(
        graph,
        scheme="fxp_uniform",
        calibration=x,
        weight_width=width,
        activation_width=width,
        strategy=BEST[width],
        forward=cost is not None,
        **options,
    )
    others = slice(split.searched, split.searched + TESTED)
    return accuracy(graph, plan, x, y), accuracy(graph, plan, split.x[others], split.y[others])
