"""ResNet-20 in mixed low-precision fixed point: FxP-QNet's search, its tables, and the hardware verified.

    HLSQ_DATA=... python projects/resnet20_fxpqnet/run.py
    HLSQ_DATA=... python projects/resnet20_fxpqnet/run.py --plan projects/resnet20_fxpqnet/plan.json

The search calibrates on training images and judges on the first test images; accuracy is reported on the others.
Everything is that of the bit-exact emulation.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import click
from compare import show_costs, show_strategies
from images import Judge, Split, load_split

import hlsq
from hlsq import toolchain
from hlsq.cli.console import ExplainedCommand, pairs, short_path, step, table
from hlsq.counted import in_percent
from hlsq.memory import NetworkMemory, measure
from hlsq.schemes.fxp.averages import average_bits
from hlsq.schemes.fxp.scheme import scheme_structures
from hlsq.schemes.fxpqnet import COMPETITIONS

OPTIONS: dict[str, Any] = {
    "edge_width": 8,
    "other_width": 8,
    "cost_samples": 256,
    "rank": "deviation",
    "reserve": 1.645,
    "stages": 2,
}
"""The paper starts from 32 bits where eight are enough here; costs are computed on 256 images, ranges on all."""
HERE = Path(__file__).resolve().parent
PAPER = "  FxP-QNet's ResNet-18 on ImageNet: activations 6.32, weights 4.81, others 5.52 bits; 1.99 points lost"


@click.command(cls=ExplainedCommand)
@click.option(
    "--plan",
    "plan_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Convert and check this plan, such as the plan.json beside this script, instead of searching.",
)
@click.option("--max-drop", type=click.FloatRange(0), default=0.01, show_default=True, help="Allowed loss of accuracy.")
@click.option("--competition", type=click.Choice(COMPETITIONS), default="lazy", show_default=True)
@click.option("--max-reductions", type=click.IntRange(0), help="Stop the search after so many; the same call goes on.")
@click.option("--calibration", type=click.IntRange(1), default=1000, show_default=True, help="Training images to use.")
@click.option(
    "--search-images", type=click.IntRange(1), default=2000, show_default=True, help="Test images to judge by."
)
@click.option("--images", type=click.IntRange(2), default=10_000, show_default=True, help="Test images in all.")
@click.option("--samples", type=click.IntRange(1), default=16, show_default=True, help="Test images to verify.")
@click.option("--compare/--no-compare", default=True, show_default=True, help="Rounding strategies and cost functions.")
@click.option("--output", type=click.Path(path_type=Path), default=HERE / "build", help="Folder for all results.")
def main(
    plan_file: Path | None,
    max_drop: float,
    competition: str,
    max_reductions: int | None,
    calibration: int,
    search_images: int,
    images: int,
    samples: int,
    compare: bool,
    output: Path,
) -> None:
    """Find the word length of every data-structure of ResNet-20, and verify the hardware."""
    toolchain.find_cxx()
    with step("Loading the network"):
        graph, split = load_split(calibration, search_images, images)
    judge = Judge(graph, split)
    plan = (
        hlsq.Plan.load(plan_file) if plan_file else search(graph, split, max_drop, competition, output, max_reductions)
    )
    show_search(plan)
    show_table_3(graph, judge, plan, split)
    if compare:
        show_strategies(graph, judge, split)
        show_costs(graph, split)
    show_hardware(graph, plan, split, samples, output)


def search(
    graph: hlsq.Graph,
    split: Split,
    max_drop: float,
    competition: str,
    output: Path,
    max_reductions: int | None = None,
) -> hlsq.Plan:
    """Run fxpqnet; what it finds goes to plan.json, and an interrupted run goes on from search.json."""
    output.mkdir(parents=True, exist_ok=True)
    plan = hlsq.quantize(
        graph,
        scheme="fxpqnet",
        calibration=split.calibration,
        evaluation=split.search,
        max_drop=max_drop,
        competition=competition,
        max_reductions=max_reductions,
        **OPTIONS,
        state=output / "search.json",
    )
    plan.save(output / "plan.json")
    click.echo(f"Plan: {short_path(output / 'plan.json')}\n")
    return plan


def show_search(plan: hlsq.Plan) -> None:
    """What the search that found ``plan`` took."""
    info = plan.info
    rows = [
        ("samples that it judged by", f"{info['evaluation']['samples']:,}"),
        ("accuracy, floating point", in_percent(info["float"]["accuracy"], 2)),
        ("accuracy, first plan", in_percent(info["start"]["accuracy"], 2)),
        ("accuracy, last plan", in_percent(info["result"]["accuracy"], 2)),
        ("reductions", f"{len(info['reductions'])}, then {info['stopped']}"),
        ("minutes for them", f"{info['seconds'] / 60:.0f}"),
        ("block evaluations", f"{info['evaluations'] / 1e6:.1f} million"),
        ("times fewer than in full", f"{info['plain_evaluations'] / info['evaluations']:.1f}"),
    ]
    click.echo("Search\n")
    click.echo("\n".join(pairs(rows)) + "\n")


def show_table_3(graph: hlsq.Graph, judge: Judge, plan: hlsq.Plan, split: Split) -> None:
    """The paper's Table 3: uniform word lengths of the same average, and the mixed ones."""
    structures = scheme_structures(graph, plan.batch_norm)
    bits = average_bits(plan, structures)
    mixed = {name: found["values"] for name, found in bits.items()}
    width = {name: math.ceil(value) for name, value in mixed.items()}
    uniform = {
        "weight_width": width["weights"],
        "activation_width": width["activations"],
        "other_width": width["others"],
        "edge_width": None,
        "strategy": "neutral",
        "cost_samples": OPTIONS["cost_samples"],
        "calibration": split.calibration,
    }
    rows = [("baseline (floating point)", "32", "32", "32", *judge.float_cells())]
    names = [str(width[n]) for n in ("activations", "weights", "others")]
    for forward, name in ((False, "uniform (preprocessor)"), (True, "uniform (forward optimizer)")):
        with step(name):
            found = hlsq.quantize(graph, scheme="fxp_uniform", forward=forward, **uniform)
            rows.append((name, *names, *judge.cells(found)))
    rows.append(
        ("fxpqnet (mixed)", *(f"{mixed[n]:.2f}" for n in ("activations", "weights", "others")), *judge.cells(plan))
    )
    click.echo("Average word lengths of all values, and accuracy on test images\n")
    header = ("", "activations", "weights", "others", *judge.ranges(), "drop")
    click.echo("\n".join(table(header, rows)))
    tensors = ", ".join(f"{name} {found['structures']:.2f}" for name, found in bits.items())
    click.echo(
        f"\n  Averages over tensors instead of their values: {tensors}\n{PAPER}\n"
        f"  drop: points lost on images {header[-3]}, which the search has not seen\n"
    )


def show_hardware(graph: hlsq.Graph, plan: hlsq.Plan, split: Split, samples: int, output: Path) -> None:
    """Write the project, compare every integer of every block, and write the report."""
    hw = hlsq.convert(graph, plan, output_dir=output / "mixed", calibration=split.calibration)
    show_memory(measure(hw.graph))
    with step("Compiling the C simulation"):
        hw.compile()
    found = hw.verify(split.x[:samples])
    hw.report().to_html(output / "report.html")
    rows = [
        ("images verified", f"{found.samples}"),
        ("inputs and blocks compared", f"{found.tensors}"),
        ("integers compared", f"{found.integers:,}"),
        ("mismatches", f"{found.mismatches}"),
        ("HLS project", short_path(output / "mixed")),
        ("report", short_path(output / "report.html")),
    ]
    click.echo(f"C simulation against emulation, {hw.design.options.io_type}\n")
    click.echo("\n".join(pairs(rows)))


def show_memory(memory: NetworkMemory) -> None:
    """Read-only and read-write memory (eq. 26-30)."""
    parameters, maps = memory.read_only, memory.read_write
    rows = [
        (name, f"{saving.before / 8000:,.2f}", f"{saving.after / 8000:,.2f}", f"{saving.before / saving.after:.2f}")
        for name, saving in (("read-only: parameters", parameters), ("read-write: feature maps", maps))
    ]
    click.echo("Memory, 1 kB = 1000 bytes\n")
    click.echo("\n".join(table(("", "float kB", "fixed-point kB", "times less"), rows)) + "\n")


if __name__ == "__main__":
    main()
