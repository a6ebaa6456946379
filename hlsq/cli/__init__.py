"""The command line: commands, values as they are written there, and what the example projects share of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hlsq.cli.group import main

__all__ = ["main"]


def __getattr__(name: str) -> Any:
    if name != "main":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
    # When it is used, so that an interrupt before that can be quiet: see start.
    from hlsq.cli.group import main
    from hlsq.discovery import import_all

    import_all("hlsq.cli.commands")
    return main
