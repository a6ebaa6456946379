"""``hlsq verify``."""

from __future__ import annotations

import click

import hlsq
from hlsq.cli.console import echo, step
from hlsq.cli.group import main
from hlsq.cli.paths import PROJECT, SAMPLES
from hlsq.cli.samples import load_samples
from hlsq.counted import counted


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
    echo(
        f"{project}: {counted(found.mismatches, 'mismatch')}; compared {counted(found.integers, 'integer')} "
        f"of {counted(found.tensors, 'tensor')} on {counted(found.samples, 'sample')}"
    )
