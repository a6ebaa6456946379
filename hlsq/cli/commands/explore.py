"""``hlsq explore``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

import hlsq
from hlsq.cli.console import echo, pairs, step
from hlsq.cli.formats import CALIBRATION, EVALUATION_LIMIT, INPUT_FORMAT, LIMIT, WEIGHTS, calibration_is_needed
from hlsq.cli.group import main
from hlsq.cli.hardware import with_hardware
from hlsq.cli.paths import MODEL, OUTPUT_FOLDER, PLAN, SAMPLES
from hlsq.cli.quiet import load_tensorflow
from hlsq.cli.samples import load_labelled_samples, load_samples
from hlsq.cli.values import parse_input_format, parse_options


@main.command()
@click.argument("model", type=MODEL)
@click.option(
    "--scheme",
    "schemes",
    multiple=True,
    metavar="NAME[,OPTION=VALUE]...",
    help="A scheme, with options of its own perhaps; repeat for more.  [default: doubleq_ef, unless there is --plan]",
)
@click.option("--plan", "plans", multiple=True, type=PLAN, help="A plan that exists; repeat for more.")
@click.option(
    "--target",
    "targets",
    multiple=True,
    metavar="fit|interval=CYCLES|fps=NUMBER|reuse=FACTOR|pes=NUMBER",
    show_default="fit",
    help="What the hardware shall do: be as fast as fits, keep a pace, or share its PEs so much (folded: have so many "
    "PEs); repeat for more.",
)
@click.option(
    "--part", "parts", multiple=True, show_default="xc7a100tcsg324-1", help="FPGA part; repeat for more, to compare."
)
@CALIBRATION
@LIMIT
@click.option(
    "--evaluation",
    type=SAMPLES,
    metavar="SAMPLES",
    help="Labelled samples that accuracy is of: .npz with an array 'y' of labels beside the samples, or digits, mnist, "
    "cifar10 (1,000 of the test part unless limited). Without them there is no accuracy.",
)
@EVALUATION_LIMIT
@click.option(
    "-o",
    "--output",
    type=OUTPUT_FOLDER,
    required=True,
    help="Folder of the results: page, JSON, plans, and what a later run need not compute again.",
)
@with_hardware
@WEIGHTS
@INPUT_FORMAT
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def explore(
    model: str,
    schemes: tuple[str, ...],
    plans: tuple[str, ...],
    targets: tuple[str, ...],
    parts: tuple[str, ...],
    calibration: str | None,
    limit: int | None,
    evaluation: str | None,
    evaluation_limit: int | None,
    output: str,
    hardware: dict[str, Any],
    weights: str | None,
    input_format: str | None,
    as_json: bool,
) -> None:
    """Compare designs of MODEL (.keras, .h5, or .json with --weights): every scheme and plan with every target.

    Writes no project: take a plan of the output folder to hlsq convert, with its row's part and its target as --target,
    --target-interval, --target-fps, --reuse-factor or --pes, and with the same other options, as --architecture.

    \b
    Examples:
      hlsq explore model.keras --calibration x_train.npz --evaluation xy_val.npz -o build/explored
      hlsq explore model.keras --scheme doubleq_ef,code_bits=3 --scheme quant8 --calibration x_train.npz -o build/x
      hlsq explore mnist.keras --target interval=4096 --target fps=30000 --calibration mnist -o build/explored
      hlsq explore model.keras --plan plan.json --part xc7a35t --part xc7z020 -o build/explored
      hlsq explore model.keras --plan plan.json --architecture folded --target fit --target pes=64 -o build/folded
    """
    for name, value, of in (("--limit", limit, calibration), ("--evaluation-limit", evaluation_limit, evaluation)):
        if value and of is None:
            raise click.UsageError(f"{name} chooses among samples of which there are none; name some.")
    arguments = hardware | parse_input_format(input_format) | ({} if weights is None else {"weights": weights})
    compared = [*map(_scheme, schemes), *map(Path, plans)] or None
    samples = None if calibration is None else load_samples(calibration, "train", limit)
    judged = None if evaluation is None else load_labelled_samples(evaluation, evaluation_limit)
    with step("Loading TensorFlow"):
        load_tensorflow()
    with calibration_is_needed(samples):
        found = hlsq.explore(
            model,
            compared,
            targets or ("fit",),
            parts=parts or None,
            calibration=samples,
            evaluation=judged,
            output_dir=output,
            **arguments,
        )
    if as_json:
        echo(found.to_json())
        return
    files = (
        ("page", str(Path(output) / "exploration.html")),
        ("plans", f"{Path(output) / 'plans'}, for hlsq convert --plan"),
    )
    echo("\n".join([f"{found}\n", *pairs(files, 6)]))


def _scheme(text: str) -> Any:
    name, *options = text.split(",")
    return {"scheme": name, **parse_options(tuple(options), "--scheme")} if options else name
