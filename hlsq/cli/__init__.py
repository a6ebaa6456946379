"""The command line: commands, values as they are written there, and what the example projects share of it."""

from hlsq.cli.commands import main

__all__ = ["main"]
