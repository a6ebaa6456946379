"""``hlsq convert``."""

from __future__ import annotations

from typing import Any

import click

import hlsq
from hlsq.cli.console import echo, pairs, step
from hlsq.cli.formats import Formats, calibration_is_needed, with_formats
from hlsq.cli.group import main
from hlsq.cli.hardware import with_hardware
from hlsq.cli.paths import MODEL, OUTPUT_FOLDER, PLAN
from hlsq.cli.quiet import load_tensorflow
from hlsq.cli.summary import hardware_rows
from hlsq.cli.values import parse_reuse_factors
from hlsq.counted import in_percent


@main.command()
@click.argument("model", type=MODEL)
@click.option("--plan", "plan_file", type=PLAN, help="Plan that quantize wrote.")
@with_formats
@click.option("-o", "--output", type=OUTPUT_FOLDER, required=True, help="Folder of the project.")
@click.option("--part", show_default="xc7a100tcsg324-1", help="FPGA part.")
@click.option(
    "--reuse-factor",
    "reuse_factors",
    multiple=True,
    metavar="N|BLOCK=N",
    show_default="as the target asks",
    help="Cycles per output position that share one PE, for the network or for one block; repeat for more blocks. "
    "Others have what a target gives them, or their value closest to 64.",
)
@click.option("--target-interval", type=int, help="Cycles between samples that every block keeps, with the fewest PEs.")
@click.option("--target-fps", type=float, help="The same in samples a second, at the clock period.")
@click.option(
    "--target",
    type=click.Choice(["fit"]),
    help="The fastest pace whose estimate fits.  [default: fit, without a pace, reuse factor or PEs]",
)
@click.option("--pes", type=int, help="Most PEs of an engine of a folded accelerator, in place of a target.")
@click.option("--project-name", show_default="hlsq_net", help="Name of the top function.")
@with_hardware
def convert(
    model: str,
    plan_file: str | None,
    formats: Formats,
    output: str,
    hardware: dict[str, Any],
    reuse_factors: tuple[str, ...],
    **settings: Any,
) -> None:
    """Write MODEL (.keras, .h5, or .json with --weights) as a Vitis HLS project.

    The formats come from --plan, or from --scheme and --calibration, or, for a QKeras model, from its quantizers. The
    first calibration samples also become the vectors of the project's test bench.

    \b
    Examples:
      hlsq convert model.keras --plan plan.json -o build/net
      hlsq convert model.keras --calibration x_train.npz -o build/net
      hlsq convert model.keras --plan plan.json -o build/net --target fit --part xc7z020clg400-1
      hlsq convert model.keras --plan plan.json -o build/net --target-fps 1000
      hlsq convert model.keras --plan plan.json -o build/net --target-fps 1000 --reuse-factor conv1=16
      hlsq convert model.keras --plan plan.json -o build/net --architecture folded --pes 512
      hlsq convert qkeras_model.h5 -o build/net --io-type io_parallel
      hlsq convert qkeras_model.json --weights qkeras_model.weights.h5 -o build/net
    """
    if plan_file and (formats.scheme or formats.options or formats.evaluation):
        raise click.UsageError("--plan holds the formats: leave out --scheme, --option and --evaluation.")
    arguments = hardware | {name: value for name, value in settings.items() if value is not None}
    if reuse_factors:
        arguments["reuse_factor"] = parse_reuse_factors(reuse_factors)
    arguments = formats.arguments(arguments)
    plan = hlsq.Plan.load(plan_file) if plan_file else None
    samples = formats.samples()
    with step("Loading TensorFlow"):
        load_tensorflow()
    with step("Choosing formats and writing the project"), calibration_is_needed(samples):
        hw = hlsq.convert(model, plan, output_dir=output, scheme=formats.scheme, calibration=samples, **arguments)
    inexact = hw.plan.info.get("inexact", {}) if hw.plan is not None else {}
    if inexact:
        names = ", ".join(inexact)
        echo(f"The integers of {names} differ from the model's own values at some sums: see README, QKeras.")
    for name, found in (hw.plan.info.get("clipped", {}) if hw.plan is not None else {}).items():
        echo(
            f"{name} clips {in_percent(found['share'], 1)} of its values: {found['times_worse']:.3g} times the squared "
            "error of a step that fits. See hlsq quantize --set, or Plan.with_format."
        )
    following = ("check", f"hlsq verify {output}"), ("more", f"hlsq report {output}")
    echo("\n".join([f"{output}: HLS project", *pairs([*hardware_rows(hw), *following], 10)]))
