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
from hlsq.counted import counted


@main.command()
@click.argument("model", type=MODEL)
@with_formats
@click.option("-o", "--output", type=OUTPUT_FILE, default="plan.json", show_default=True, help="Plan to write.")
def quantize(model: str, formats: Formats, output: str) -> None:
    """Choose a number format for every tensor of MODEL (.keras, .h5, or .json with --weights); write them as a plan.

    The plan is readable JSON: look at it, edit the formats of a layer, and convert with it.

    \b
    Examples:
      hlsq quantize model.keras --scheme doubleq --calibration x_train.npz
      hlsq quantize model.h5 --scheme quant8 --option per_channel=true --calibration x.npy -o plan8.json
      hlsq quantize mnist.keras --scheme quant8 --calibration mnist --limit 500
      hlsq quantize model.keras --scheme doubleq_ext --calibration x_train.npz --evaluation xy_val.npz
    """
    given, samples = formats.arguments(), formats.samples()
    with step("Loading TensorFlow"):
        load_tensorflow()
    with step("Choosing formats"), calibration_is_needed(samples):
        plan = hlsq.quantize(model, formats.scheme, samples, **given)
    plan.save(output)
    title = f"{output}: {plan.scheme}, formats of {counted(len(plan.blocks), 'block')}"
    echo("\n".join([title, *pairs(summary(plan))]))
