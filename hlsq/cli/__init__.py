"""The command line: commands, values as they are written there, and what the example projects share of it."""

from hlsq.cli.group import main
from hlsq.discovery import import_all

import_all("hlsq.cli.commands")

__all__ = ["main"]
