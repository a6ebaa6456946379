"""Ctrl-C and SIGTERM: the process ends without a traceback, and with nothing left behind."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

INTERRUPTED = 128 + signal.SIGINT
TERMINATED = 128 + signal.SIGTERM
"""Exit codes, as shells have them."""


@contextmanager
def ended_at_once() -> Iterator[None]:
    """While modules are imported, Ctrl-C and SIGTERM end the process on the spot: there is nothing to put in order.

    An exception in the middle of an import could be lost or turned into another one, and would be shown.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, _end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def exit_when_terminated() -> None:
    """Let SIGTERM raise ``SystemExit``, so that temporary files and programs that were started go, too."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))


def _end(number: int, frame: FrameType | None) -> None:
    os._exit(128 + number)
