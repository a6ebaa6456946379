"""What tables are made with: integer networks, their accuracies, folded designs of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import click
from accuracies import Accuracies
from cells import row
from recipes import Networks

from hlsq.backends.vitis.designs import AnyDesign, make_design
from hlsq.backends.vitis.options import HardwareOptions
from hlsq.cli.console import table
from hlsq.memory import measure


class Bench:
    """Networks by the name of their recipe, and designs of them.

    Args:
        networks: plans and integer networks.
        kept: file of the accuracies.
    """

    def __init__(self, networks: Networks, kept: Path) -> None:
        self.networks = networks
        self._accuracies = Accuracies(kept, networks.x, networks.y)
        self.network = cache(networks.quantised)

    def accuracy(self, recipe: str) -> float:
        """Top-1 in percent."""
        return self._accuracies.percent(recipe, self.network(recipe))

    def design(self, recipe: str, part: str, **options: Any) -> AnyDesign:
        """A folded accelerator, or what ``architecture`` says; nothing is written."""
        options = {"architecture": "folded"} | options
        return make_design(self.network(recipe), HardwareOptions(part=part, **options))

    def row(self, name: str, recipe: str, part: str, **options: Any) -> tuple[str, ...]:
        """A design with accuracy and memory, as a row of a table."""
        kilobytes = measure(self.network(recipe)).paper.after / 8000
        return row(name, self.design(recipe, part, **options), self.accuracy(recipe), kilobytes)


def show(title: str, header: Sequence[str], rows: Sequence[Sequence[str]], *notes: str) -> None:
    """Print a table, its title above and notes below."""
    click.echo(f"\n{title}\n")
    click.echo("\n".join(table(header, rows)))
    for note in notes:
        click.echo(f"  {note}")
