"""The command line: commands, values as they are written there, and what the example projects share of it."""

<<<<<<< HEAD
from hlsq.cli.group import main
from hlsq.discovery import import_all

import_all("hlsq.cli.commands")
=======
from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hlsq.cli.commands import main
>>>>>>> 19bf08f (Searches leave nothing behind: error feedback keeps what it rounded, workers end with their parent, Ctrl-C and SIGTERM end quietly)

__all__ = ["main"]


def __getattr__(name: str) -> Any:
    if name != "main":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
    from hlsq.cli import commands  # when it is used, so that an interrupt before that can be quiet: see start

    return commands.main
