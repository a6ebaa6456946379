"""``hlsq quantize``."""

from __future__ import annotations

import click

import hlsq
from hlsq.cli.console import echo, pairs, step
from hlsq.cli.formats import Formats, calibration_is_needed, with_formats
from hlsq.cli.group import main
from hlsq.cli.paths import MODEL, OUTPUT_FILE
from hlsq.cli.quiet import load_tensorflow
from hlsq.cli.summary import summary
from hlsq.cli.values import parse_formats
from hlsq.counted import counted


@main.command()
@click.argument("model", type=MODEL)
@with_formats
@click.option(
    "--set",
    "formats_set",
    multiple=True,
    metavar="LAYER.TENSOR.FIELD=VALUE",
    help="Format of one tensor in place of the scheme's; a new width takes a step that fits. Repeat for more.",
)
@click.option("-o", "--output", type=OUTPUT_FILE, default="plan.json", show_default=True, help="Plan to write.")
def quantize(model: str, formats: Formats, formats_set: tuple[str, ...], output: str) -> None:
    """Choose a number format for every tensor of MODEL (.keras, .h5, or .json with --weights); write them as a plan.

    The plan is readable JSON: look at it, edit the formats of a layer, and convert with it.

    \b
    Examples:
      hlsq quantize model.keras --calibration x_train.npz
      hlsq quantize model.h5 --scheme quant8 --option per_channel=true --calibration x.npy -o plan8.json
      hlsq quantize model.keras --calibration x_train.npz --set conv1.weight.width=3 --set conv1.output.width=6
      hlsq quantize mnist.keras --scheme quant8 --calibration mnist --limit 500
      hlsq quantize model.keras --scheme doubleq_ext --calibration x_train.npz --evaluation xy_val.npz
    """
    edits = parse_formats(formats_set)
    given, samples = formats.arguments(), formats.samples()
    with step("Loading TensorFlow"):
        load_tensorflow()
    with step("Choosing formats"), calibration_is_needed(samples):
        plan = hlsq.quantize(model, formats.scheme, samples, formats=edits, **given)
    plan.save(output)
    title = f"{output}: {plan.scheme}, formats of {counted(len(plan.blocks), 'block')}"
    echo("\n".join([title, *pairs(summary(plan))]))
