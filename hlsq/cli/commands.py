"""The commands: ``hlsq demo | quantize | convert | verify | report``.

Exit codes: 0 done, 1 an error that hlsq explains in one line on standard error, 2 wrong usage: whatever the command
line itself asks for and cannot have, an option that the scheme or the model does not take included; 130 and 143 after
Ctrl-C and SIGTERM.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

import hlsq
from hlsq.cli.console import ExplainedGroup, pairs, step
from hlsq.cli.paths import NewPath, PlanFile, ProjectFolder, SamplesSource
from hlsq.cli.quiet import load_tensorflow
from hlsq.cli.samples import Samples, load_labelled_samples, load_samples
from hlsq.cli.summary import summary
from hlsq.cli.values import parse_accumulators, parse_input_format, parse_options, parse_reuse_factors
from hlsq.errors import CalibrationError

MODEL = click.Path(exists=True, dir_okay=False, readable=True)
PROJECT = ProjectFolder()
PLAN = PlanFile()
OUTPUT_FILE = NewPath(folder=False)
OUTPUT_FOLDER = NewPath(folder=True)
SAMPLES = SamplesSource()
# What the commands give to hlsq themselves.
OWN = frozenset({"model", "plan", "scheme", "calibration", "progress", "output_dir"})


@click.group(cls=ExplainedGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="hlsq")
def main() -> None:
    """From a Keras model to a verified Vitis HLS project whose hardware shifts instead of multiplying.

    \b
    Examples:
      hlsq demo
      hlsq quantize model.keras --scheme doubleq --calibration x_train.npz -o plan.json
      hlsq convert model.keras --plan plan.json -o build/net --reuse-factor 64
      hlsq verify build/net --samples x_test.npy
      hlsq report build/net --html report.html

    Every command explains itself: hlsq COMMAND --help
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # read when TensorFlow loads: fewer notes


@main.command()
@click.option(
    "-o", "--output", type=OUTPUT_FOLDER, default="build/demo", show_default=True, help="Folder of the project."
)
@click.option("--epochs", type=click.IntRange(1), default=30, show_default=True, help="Epochs of training.")
def demo(output: str, epochs: int) -> None:
    """Train, quantise, emit, simulate and verify a small residual network on scikit-learn's digits.

    \b
    Examples:
      hlsq demo
      hlsq demo --output /tmp/demo
    """
    from hlsq.demo import run_demo

    click.echo("\n".join(run_demo(output, epochs=epochs, step=step).lines()))
    click.echo(f"Next: hlsq report {output}")


def _scheme_options(command: Any) -> Any:
    for option in (
        click.option(
            "--weights",
            type=click.Path(exists=True, dir_okay=False),
            metavar="FILE",
            help="The weights (model.save_weights), where MODEL is a .json file (model.to_json).",
        ),
        click.option(
            "--input-format",
            metavar="WIDTH,FRAC[,unsigned]",
            help="Fixed-point format of the inputs, for a QKeras model that does not begin with a QActivation.",
        ),
        click.option("--limit", type=click.IntRange(1), help="Use only the first LIMIT calibration samples."),
        click.option("--evaluation-limit", type=click.IntRange(1), help="Use only the first so many of --evaluation."),
        click.option(
            "--evaluation",
            type=SAMPLES,
            metavar="SAMPLES",
            help="Labelled samples by which doubleq_ext and fxpqnet judge formats: .npz with an array 'y' of labels "
            "beside the samples, or digits, mnist, cifar10 (1,000 of the test part unless limited).",
        ),
        click.option(
            *("--option", "options"),
            multiple=True,
            metavar="NAME=VALUE",
            help="Option of the scheme; repeat for more. An unknown one is answered with the list of valid ones.",
        ),
        click.option(
            "--calibration",
            type=SAMPLES,
            metavar="SAMPLES",
            help="Training samples: .npy, .npz (an array 'x', or one per input name), or digits, mnist, cifar10.",
        ),
        click.option(
            "--scheme",
            metavar="NAME",
            help="How to quantise: doubleq (default), doubleq_ef, doubleq_ext, quant8, fixed, fxp_uniform or fxpqnet.",
        ),
    ):
        command = option(command)
    return command


@main.command()
@click.argument("model", type=MODEL)
@_scheme_options
@click.option("-o", "--output", type=OUTPUT_FILE, default="plan.json", show_default=True, help="Plan to write.")
def quantize(
    model: str,
    scheme: str | None,
    calibration: str | None,
    options: tuple[str, ...],
    limit: int | None,
    evaluation: str | None,
    evaluation_limit: int | None,
    input_format: str | None,
    weights: str | None,
    output: str,
) -> None:
    """Choose a number format for every tensor of MODEL (.keras, .h5, or .json with --weights); write them as a plan.

    The plan is readable JSON: look at it, edit the formats of a layer, and convert with it.

    \b
    Examples:
      hlsq quantize model.keras --scheme doubleq --calibration x_train.npz
      hlsq quantize model.h5 --scheme quant8 --option per_channel=true --calibration x.npy -o plan8.json
      hlsq quantize mnist.keras --scheme quant8 --calibration mnist --limit 500
      hlsq quantize model.keras --scheme doubleq_ext --calibration x_train.npz --evaluation xy_val.npz
    """
    given = _options(scheme, options, parse_input_format(input_format) | _evaluation(evaluation, evaluation_limit))
    given |= {} if weights is None else {"weights": weights}
    samples = _calibration(calibration, limit)
    with step("Loading TensorFlow"):
        load_tensorflow()
    with step("Choosing formats"), _calibration_is_needed(samples):
        plan = hlsq.quantize(model, scheme, samples, **given)
    plan.save(output)
    click.echo("\n".join([f"{output}: {plan.scheme}, formats of {len(plan.blocks)} blocks", *pairs(summary(plan))]))


@main.command()
@click.argument("model", type=MODEL)
@click.option("--plan", "plan_file", type=PLAN, help="Plan that quantize wrote.")
@_scheme_options
@click.option("-o", "--output", type=OUTPUT_FOLDER, required=True, help="Folder of the project.")
@click.option("--part", help="FPGA part, e.g. xc7a100tcsg324-1.")
@click.option("--clock-period", type=click.FloatRange(0, min_open=True), help="Clock period in ns.")
@click.option("--io-type", type=click.Choice(["io_stream", "io_parallel"]), help="How blocks pass their values on.")
@click.option(
    "--reuse-factor",
    "reuse_factors",
    multiple=True,
    metavar="N|BLOCK=N",
    help="Cycles per output position that share one PE, for the network or for one block; repeat for more blocks.",
)
@click.option("--word-bits", type=int, help="Width of the memory words that hold packed weight codes.")
@click.option("--project-name", help="Name of the top function.")
@click.option(
    "--accumulator",
    "accumulators",
    multiple=True,
    metavar="WIDTH|BLOCK=WIDTH",
    help="Bits of partial sums, or fxpqnet (32 in first and last layers, else 16), or interval; repeat for blocks.",
)
def convert(
    model: str,
    plan_file: str | None,
    scheme: str | None,
    calibration: str | None,
    options: tuple[str, ...],
    limit: int | None,
    evaluation: str | None,
    evaluation_limit: int | None,
    input_format: str | None,
    weights: str | None,
    output: str,
    reuse_factors: tuple[str, ...],
    accumulators: tuple[str, ...],
    **settings: Any,
) -> None:
    """Write MODEL (.keras, .h5, or .json with --weights) as a Vitis HLS project.

    The formats come from --plan, or from --scheme and --calibration, or, for a QKeras model, from its quantizers. The
    first calibration samples also become the vectors of the project's test bench.

    \b
    Examples:
      hlsq convert model.keras --plan plan.json -o build/net --reuse-factor 64
      hlsq convert model.keras --scheme doubleq --calibration x_train.npz -o build/net
      hlsq convert model.keras --plan plan.json -o build/net --reuse-factor 64 --reuse-factor conv1=16
      hlsq convert qkeras_model.h5 -o build/net --io-type io_parallel
      hlsq convert qkeras_model.json --weights qkeras_model.weights.h5 -o build/net
    """
    if plan_file and (scheme or options or evaluation):
        raise click.UsageError("--plan holds the formats: leave out --scheme, --option and --evaluation.")
    arguments = {name: value for name, value in settings.items() if value is not None}
    arguments |= parse_input_format(input_format) | _evaluation(evaluation, evaluation_limit)
    arguments |= {} if weights is None else {"weights": weights}
    if reuse_factors:
        arguments["reuse_factor"] = parse_reuse_factors(reuse_factors)
    if accumulators:
        arguments["accumulator"] = parse_accumulators(accumulators)
    arguments = _options(scheme, options, arguments)
    plan = hlsq.Plan.load(plan_file) if plan_file else None
    samples = _calibration(calibration, limit)
    with step("Loading TensorFlow"):
        load_tensorflow()
    with step("Choosing formats and writing the project"), _calibration_is_needed(samples):
        hw = hlsq.convert(model, plan, output_dir=output, scheme=scheme, calibration=samples, **arguments)
    inexact = hw.plan.info.get("inexact", {}) if hw.plan is not None else {}
    if inexact:
        names = ", ".join(inexact)
        click.echo(f"The integers of {names} differ from the model's own values at some sums: see README, QKeras.")
    click.echo(f"{output}: HLS project; check it with: hlsq verify {output}")


@main.command()
@click.argument("project", type=PROJECT)
@click.option(
    "--samples",
    type=SAMPLES,
    metavar="SAMPLES",
    help="Inputs: .npy, .npz, or digits, mnist, cifar10 (test part). Without it, those stored in the project.",
)
@click.option("--limit", type=click.IntRange(1), help="Use only the first LIMIT samples.")
def verify(project: str, samples: str | None, limit: int | None) -> None:
    """Compile the C++ of PROJECT and compare its integers with the emulation's, block by block.

    \b
    Examples:
      hlsq verify build/net
      hlsq verify build/net --samples x_test.npy --limit 100
    """
    if limit and samples is None:
        raise click.UsageError("--limit chooses among --samples; give both.")
    hw = hlsq.load_project(project)
    inputs = None if samples is None else load_samples(samples, "test", limit)
    if inputs is None:
        hw.stored_inputs()  # whether there are any is known before anything is compiled
    with step("Compiling"):
        hw.compile()
    with step("Comparing C simulation and emulation"):
        found = hw.verify(inputs)
    click.echo(
        f"{project}: {found.mismatches} mismatches; compared {found.integers:,} integers "
        f"of {found.tensors} tensors on {found.samples} samples"
    )


@main.command()
@click.argument("project", type=PROJECT)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@click.option("--html", "html", type=OUTPUT_FILE, metavar="FILE", help="Write a page instead.")
def report(project: str, as_json: bool, html: str | None) -> None:
    """Print formats, memory and processing elements of every block of PROJECT.

    \b
    Examples:
      hlsq report build/net
      hlsq report build/net --json | python -m json.tool
      hlsq report build/net --html report.html
    """
    if as_json and html:
        raise click.UsageError("--json and --html exclude each other.")
    found = hlsq.load_project(project).report()
    if html:
        found.to_html(html)
        click.echo(html)
    else:
        click.echo(found.to_json() if as_json else str(found))


def _options(scheme: str | None, options: tuple[str, ...], arguments: dict[str, Any]) -> dict[str, Any]:
    """``arguments`` and those of ``--option``, none of them twice; refuses an unknown scheme before anything long."""
    if scheme is not None:
        hlsq.schemes.get_scheme(scheme)
    parsed = parse_options(options)
    for name in parsed:
        if name in OWN or name in arguments:
            raise click.UsageError(f"--option {name}=...: give it as an argument or option of its own, or only once.")
    return arguments | parsed


@contextmanager
def _calibration_is_needed(samples: Samples | None) -> Iterator[None]:
    """Whether samples are needed shows when the model is read."""
    try:
        yield
    except CalibrationError as error:
        if samples is not None:
            raise
        raise click.UsageError(str(error)) from error


def _calibration(source: str | None, limit: int | None) -> Samples | None:
    if source is not None:
        return load_samples(source, "train", limit)
    if limit:
        raise click.UsageError("--limit chooses among the samples of --calibration; give both.")
    return None


def _evaluation(source: str | None, limit: int | None) -> dict[str, Any]:
    """The scheme option ``evaluation``, if samples are named."""
    if source is not None:
        return {"evaluation": load_labelled_samples(source, limit)}
    if limit:
        raise click.UsageError("--evaluation-limit chooses among the samples of --evaluation; give both.")
    return {}
