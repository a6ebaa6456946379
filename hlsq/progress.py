"""How long work shows how far it is: a bar on a terminal, a line a minute elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, TextIO, TypeVar

from tqdm import tqdm
from tqdm.utils import ObjectWrapper

Item = TypeVar("Item")

LINES_APART = 60.0
"""Seconds between two lines where there is no terminal, and before the first."""


class _Stream(ObjectWrapper):
    """Standard error, where what cannot be written is lost: work does not end because nobody can see how far it is.

    tqdm would leave its lock behind as well, and every bar of another thread would wait for it.
    """

    def write(self, text: str) -> None:
        with suppress(OSError, ValueError):
            self._wrapped.write(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            self._wrapped.flush()


class _Lines(tqdm):
    """Progress as lines that follow each other, for logs."""

    def __init__(self, **options: Any) -> None:
        self._said = time.monotonic()
        super().__init__(**options)

    def display(self, msg: str | None = None, pos: int | None = None) -> None:
        """Print how far the work is, if the last line was long ago; what a bar would clear away prints nothing.

        tqdm asks for it at other times as well, such as when a bar gets another text.
        """
        text, now = str(self) if msg is None else msg, time.monotonic()
        if text and now - self._said >= LINES_APART:
            self._said = now
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
    lines = progress is None and not on_terminal()
    return (_Lines if lines else tqdm)(
        total=total,
        desc=what,
        unit=unit,
        initial=done,
        leave=False,
        disable=progress is False or sys.stderr is None,
        file=None if sys.stderr is None else _Stream(sys.stderr),
        delay=LINES_APART if lines else 0 if progress else 1.5,
        **({"mininterval": LINES_APART, "miniters": 1, "ncols": 0} if lines else {}),
    )


def on_terminal(stream: TextIO | None = None) -> bool:
    """Whether ``stream`` (None: standard error) is a terminal; it may be closed, or none at all."""
    with suppress(AttributeError, ValueError):
        return bool((stream or sys.stderr).isatty())
    return False


def track(items: Sequence[Item], what: str, unit: str, progress: bool | None = None) -> Iterator[Item]:
    """Each of ``items``, with a ``progress_bar`` of how many are done."""
    with progress_bar(len(items), what, unit, progress) as bar:
        for item in items:
            yield item
            bar.update()
