"""``hlsq demo``."""

from __future__ import annotations

import click

from hlsq.cli.console import echo, step
from hlsq.cli.group import main
from hlsq.cli.paths import OUTPUT_FOLDER


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

    echo("\n".join(run_demo(output, epochs=epochs, step=step).lines()))
    echo(f"Next: hlsq report {output}")
