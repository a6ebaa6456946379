"""How long work shows how far it is: a bar on a terminal, a line a minute elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import TypeVar

from tqdm import tqdm

Item = TypeVar("Item")

LINES_APART = 60.0
"""Seconds between two lines where there is no terminal, and before the first."""


class _Lines(tqdm):
    """Progress as lines that follow each other, for logs."""

    def display(self, msg: str | None = None, pos: int | None = None) -> None:
        """Print how far the work is; what a bar would clear away (an empty message) prints nothing."""
        text = str(self) if msg is None else msg
        if text:
            self.fp.write(f"{text}\n")
            self.fp.flush()


def progress_bar(total: int | None, what: str, unit: str, progress: bool | None = None, done: int = 0) -> tqdm:
    """A bar for ``total`` units of work, on standard error; it goes when the work is done.

    On a terminal it appears when the work takes longer than a second or two. Elsewhere, as in a log, it is a line a
    minute, so that work of less than a minute prints nothing.

    Args:
        total: units; None where nobody knows.
        what: the work, before the bar.
        unit: of it.
        progress: True shows a bar at once and everywhere, False nothing, None what is said above.
        done: units that an earlier run has done.
    """
    if progress is None and not sys.stderr.isatty():
        return _Lines(
            total=total,
            desc=what,
            unit=unit,
            initial=done,
            leave=False,
            delay=LINES_APART,
            mininterval=LINES_APART,
            miniters=1,
            ncols=0,
            file=sys.stderr,
        )
    return tqdm(
        total=total,
        desc=what,
        unit=unit,
        initial=done,
        leave=False,
        delay=0 if progress else 1.5,
        disable=progress is False,
    )


def track(items: Sequence[Item], what: str, unit: str, progress: bool | None = None) -> Iterator[Item]:
    """Each of ``items``, with a ``progress_bar`` of how many are done."""
    with progress_bar(len(items), what, unit, progress) as bar:
        for item in items:
            yield item
            bar.update()
