"""Tables 3 and 4 of the DoubleQ paper, ours beside the paper's.

    HLSQ_DATA=... python projects/resnet20_cifar10/tables.py

Layers are searched on the first test images and reported on the others, which the search has not seen; for the paper's
figures, which know no such difference, also on all of them. Plans are kept in a folder: what is there is not searched
again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

import hlsq
from hlsq import data
from hlsq.cli.console import ExplainedCommand, short_path, step, table
from hlsq.cli.quiet import load_tensorflow
from hlsq.counted import in_percent
from hlsq.demo import accuracy
from hlsq.emulate.emulator import Emulator
from hlsq.emulate.real import float_outputs
from hlsq.graph.lowering import quantize_graph
from hlsq.memory import measure
from hlsq.report.pictures import draw_curves

HERE = Path(__file__).resolve().parent
BATCH = 500
NEAREST: Mapping[str, Any] = {"per_channel": True}
"""One scale per output channel: so ``doubleq`` has the accuracy that the paper prints."""
MIXED: Mapping[str, Any] = {"form": "error_feedback", "rank": "metric_per_byte"}


@dataclass(frozen=True)
class PaperRow:
    """A row of a table of the paper: accuracy in percent, memory in kB, and the layers with eight bits."""

    accuracy: float
    kilobytes: float
    layers: tuple[int, ...] = ()


PAPER_TABLE_3 = {
    "float": PaperRow(92.96, 1081.02),
    "quant8": PaperRow(92.28, 270.26),
    "doubleq": PaperRow(85.00, 168.91),
}
"""The paper prints the first memory as 1.08 MB."""
PAPER_TABLE_4 = {
    0.0: PaperRow(85.00, 168.91),
    0.5: PaperRow(89.09, 173.39, (0, 5, 8)),
    0.6: PaperRow(90.20, 187.22, (0, 5, 8, 19)),
    0.7: PaperRow(90.68, 201.04, (0, 5, 8, 17, 19)),
    0.8: PaperRow(91.09, 207.95, (0, 5, 8, 14, 17, 19)),
    0.9: PaperRow(91.56, 253.65, (0, 5, 8, 10, *range(14, 21))),
}


@dataclass(frozen=True, eq=False)
class Images:
    """Network inputs [samples, 32, 32, 3] and labels; the first ``searched`` of them choose layers."""

    x: NDArray[np.float32]
    y: NDArray[np.int64]
    searched: int

    @property
    def evaluation(self) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """What the search sees."""
        return self.x[: self.searched], self.y[: self.searched]


@dataclass(frozen=True)
class Point:
    """What a plan is worth.

    Attributes:
        held_out: accuracy in percent on the images that no search has seen.
        everything: accuracy in percent on all images.
        kilobytes: weights by the paper's count: codes of the convolutions, 1 kB = 1000 bytes.
    """

    held_out: float
    everything: float
    kilobytes: float

    @classmethod
    def of(cls, logits: NDArray[Any], images: Images, kilobytes: float) -> Point:
        """From outputs for all images."""
        parts = [100 * accuracy(logits[start:], images.y[start:]) for start in (images.searched, 0)]
        return cls(*parts, kilobytes)


@click.command(cls=ExplainedCommand)
@click.option("--images", type=click.IntRange(2), default=10_000, show_default=True, help="Test images for accuracy.")
@click.option("--searched", type=click.IntRange(1), default=2000, show_default=True, help="Those that choose layers.")
@click.option("--calibration", type=click.IntRange(1), default=1000, show_default=True, help="Training images to use.")
@click.option("--plans", type=click.Path(file_okay=False, path_type=Path), default=HERE / "plans", help="Their folder.")
@click.option(
    "--picture",
    type=click.Path(dir_okay=False, path_type=Path),
    default=HERE / "build" / "curve.png",
    help="File for accuracy against memory.",
)
def main(images: int, searched: int, calibration: int, plans: Path, picture: Path) -> None:
    """Search layers as the paper does and with error feedback; print Tables 3 and 4 beside the paper's."""
    if searched >= images:
        raise click.BadParameter(f"{searched} of {images} images leave none to report on", param_hint="--searched")
    (x_train, _), (x_test, y_test) = data.load_cifar10()
    with step("Loading the network"):
        load_tensorflow()
        from hlsq.converters.keras import from_keras
        from hlsq.zoo.resnet20 import preprocess, resnet20

        graph = from_keras(resnet20(data.load_resnet20_weights()))
    test = Images(preprocess(x_test[:images]), y_test[:images].ravel(), searched)
    work = Work(graph, test, preprocess(x_train[:calibration]), plans)
    quant8, doubleq = (hlsq.quantize(graph, name, work.calibration, **NEAREST) for name in ("quant8", "doubleq"))
    eight = work.point(quant8)
    nearest, mixed = (work.search(name, options) for name, options in (("nearest", NEAREST), ("mixed", MIXED)))
    text = f"images {searched:,} to {images - 1:,} (held out) and all {images:,}"
    click.echo(f"Accuracy on {text}; memory: codes of the convolutions, 1 kB = 1000 bytes")
    plans_3 = {"quant8": quant8, "doubleq": doubleq, "error feedback, 3 bits": mixed[0.0]}
    show("Table 3", table_3(work, plans_3))
    show("Table 4, the layers of the paper", paper_layers(work, quant8, doubleq))
    show("Table 4, searched by the paper's algorithm: 5 or 8 bits", table_4(work, nearest, eight))
    show("Table 4, searched with error feedback: 3, 4, 5 or 8 bits", table_4(work, mixed, eight))
    show(f"Error feedback at no more memory than the paper, all {images:,} images", comparison(work, mixed))
    draw(work, {"the paper's algorithm": nearest, "with error feedback": mixed}, picture)
    click.echo(f"\nPlans: {short_path(plans)}; picture: {short_path(picture)}")


@dataclass(eq=False)
class Work:
    """The network, its images and the plans that were found or evaluated."""

    graph: hlsq.Graph
    images: Images
    calibration: NDArray[np.float32]
    folder: Path
    points: dict[int, tuple[hlsq.Plan, Point]] = field(default_factory=dict)

    def float_point(self) -> Point:
        """The network as it was trained."""
        outputs = float_outputs(self.graph, {self.graph.inputs[0].name: self.images.x}, BATCH)
        logits = outputs[self.graph.outputs[0]]
        return Point.of(logits, self.images, PAPER_TABLE_3["float"].kilobytes)

    def point(self, plan: hlsq.Plan) -> Point:
        """By emulation of all images, once for each plan."""
        if id(plan) not in self.points:
            network = quantize_graph(self.graph, plan)
            with step(f"Emulating {len(self.images.x):,} images"):
                logits = Emulator(network).run(self.images.x).outputs[network.outputs[0]]
            found = Point.of(logits, self.images, measure(network).paper.after / 8000)
            self.points[id(plan)] = plan, found
        return self.points[id(plan)][1]

    def search(self, name: str, options: Mapping[str, Any]) -> dict[float, hlsq.Plan]:
        """The plan of each threshold; each search goes on where the last one ended."""
        found: dict[float, hlsq.Plan] = {}
        plan: hlsq.Plan | None = None
        for threshold in PAPER_TABLE_4:
            path = self.folder / f"{name}_{threshold:.0%}.json".replace("%", "")
            if plan is not None and plan.info["rounds"] and plan.info["rounds"][-1]["recovered"] >= threshold:
                pass  # one more layer won back enough for this threshold, too
            elif path.is_file():
                plan = hlsq.Plan.load(path)
            else:
                plan = self._searched(threshold, plan, path.with_suffix(".state.json"), options)
                plan.save(path)
            found[threshold] = plan
        return found

    def _searched(
        self, threshold: float, earlier: hlsq.Plan | None, state: Path, options: Mapping[str, Any]
    ) -> hlsq.Plan:
        state.parent.mkdir(parents=True, exist_ok=True)
        with step(f"Searching up to an M.R.T of {in_percent(threshold)}"):
            plan = hlsq.quantize(
                self.graph,
                "doubleq_ext",
                self.calibration,
                evaluation=self.images.evaluation,
                mrt=threshold,
                state=state,
                continue_from=earlier,
                **options,
            )
        state.unlink()
        return plan


Lines = tuple[Sequence[str], Sequence[Sequence[str]]]
"""Header and rows of a table."""


def show(title: str, lines: Lines) -> None:
    """Print a table."""
    click.echo(f"\n{title}\n")
    click.echo("\n".join(table(*lines)))


def table_3(work: Work, plans: Mapping[str, hlsq.Plan]) -> Lines:
    """Accuracy and memory of whole networks."""
    with step("Running the float network"):
        points = {"float": work.float_point()}
    points |= {name: work.point(plan) for name, plan in plans.items()}
    rows = []
    for name, p in points.items():
        paper = PAPER_TABLE_3.get(name)
        printed = ("-", "-") if paper is None else (f"{paper.accuracy:.2f}", f"{paper.kilobytes:.2f}")
        rows.append((name, f"{p.held_out:.2f}", f"{p.everything:.2f}", printed[0], f"{p.kilobytes:.2f}", printed[1]))
    return ("", "held out %", "all %", "paper %", "kB", "paper kB"), rows


def paper_layers(work: Work, quant8: hlsq.Plan, doubleq: hlsq.Plan) -> Lines:
    """The layers with eight bits that the paper found, in our network."""
    names = [name for name, formats in doubleq.blocks.items() if formats.first_level is not None]
    rows = []
    for threshold, paper in PAPER_TABLE_4.items():
        critical = {names[layer]: quant8.blocks[names[layer]] for layer in paper.layers}
        p = work.point(replace(doubleq, blocks={**doubleq.blocks, **critical}))
        found = f"{p.everything:.2f}", f"{paper.accuracy:.2f}", f"{p.kilobytes:.2f}", f"{paper.kilobytes:.2f}"
        rows.append((in_percent(threshold), ", ".join(map(str, paper.layers)) or "none", *found))
    return ("M.R.T", "layers", "all %", "paper %", "kB", "paper kB"), rows


def table_4(work: Work, plans: Mapping[float, hlsq.Plan], eight: Point) -> Lines:
    """What each threshold takes; lost and less against eight bits, of ours and of the paper's."""
    rows = []
    for threshold, plan in plans.items():
        p, paper, paper_eight = work.point(plan), PAPER_TABLE_4[threshold], PAPER_TABLE_3["quant8"]
        lost = f"{p.everything - eight.everything:+.2f}", f"{paper.accuracy - paper_eight.accuracy:+.2f}"
        less = [f"{100 * (1 - kb / eight.kilobytes):.2f}" for kb in (p.kilobytes, paper.kilobytes)]
        accuracies = f"{p.held_out:.2f}", f"{p.everything:.2f}", f"{paper.accuracy:.2f}"
        rows.append((in_percent(threshold), wider_layers(plan), *accuracies, *lost, *less))
    return ("M.R.T", "layers", "held out %", "all %", "paper %", "lost", "paper lost", "less %", "paper less %"), rows


def wider_layers(plan: hlsq.Plan) -> str:
    """The layers that got wider codes, by number; with their bits where there is a choice."""
    bits = {r["layer"]: r["code_bits"] for r in plan.info["rounds"]}
    several = len(plan.options["code_bits"]) > 2
    return ", ".join(f"{n}:{bits[n]}" if several else str(n) for n in sorted(bits)) or "none"


def comparison(work: Work, plans: Mapping[float, hlsq.Plan]) -> Lines:
    """For every row of the paper the most accurate of ``plans`` that takes no more memory."""
    points = [work.point(plan) for plan in plans.values()]
    rows = []
    for threshold, paper in PAPER_TABLE_4.items():
        fitting = [p for p in points if p.kilobytes <= paper.kilobytes]
        ours = max(fitting, key=lambda p: p.everything, default=None)
        paper_part = in_percent(threshold), f"{paper.accuracy:.2f}", f"{paper.kilobytes:.2f}"
        if ours is None:
            rows.append((*paper_part, "-", "-", "no"))
        else:
            better = "yes" if ours.everything >= paper.accuracy else "no"
            rows.append((*paper_part, f"{ours.everything:.2f}", f"{ours.kilobytes:.2f}", better))
    return ("M.R.T", "paper %", "paper kB", "ours %", "ours kB", "at least as good"), rows


def draw(work: Work, searches: Mapping[str, Mapping[float, hlsq.Plan]], path: Path) -> None:
    """Accuracy on all images against memory, with the paper's points."""
    found = {name: [work.point(plan) for plan in plans.values()] for name, plans in searches.items()}
    curves = {name: [(1000 * p.kilobytes, p.everything / 100) for p in points] for name, points in found.items()}
    printed = [(1000 * row.kilobytes, row.accuracy / 100) for row in PAPER_TABLE_4.values()]
    figure = draw_curves(curves, {"the paper's Table 4": printed}, f"ResNet-20, {len(work.images.x):,} test images")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    main()
