"""A process that is killed (as by ``kill -9``) at its n-th change of the file system, for every n."""

from __future__ import annotations

import os
import signal
import traceback
from collections.abc import Callable, Iterator
from itertools import count

CHANGES = ("open", "write", "pwrite", "ftruncate", "fchmod", "replace", "rename", "unlink", "mkdir", "rmdir")
SYNCS = ("fsync", "fdatasync", "sync")
"""Kept from the disk, which a killed process, unlike a power failure, does not need."""


def run_killed(action: Callable[[], object], at: int) -> bool:
    """Call ``action`` in a forked process that is killed before change number ``at`` (from 0); whether it was.

    Of a write half is written first.

    Raises:
        RuntimeError: the action failed by itself.
    """
    pid = os.fork()
    if pid == 0:
        try:
            _arm(at)
            action()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return True
    if os.waitstatus_to_exitcode(status) != 0:
        raise RuntimeError(f"the action failed before change {at}")
    return False


def kills(action: Callable[[], object], prepare: Callable[[], object], least: int) -> Iterator[int]:
    """Yields after each kill of ``action``, one for each of its changes, of which there are ``least`` or more.

    ``prepare`` puts everything back to the beginning, before each.
    """
    for at in count():
        prepare()
        if not run_killed(action, at):
            assert at >= least, f"only {at} changes were seen; what is it that writes?"
            return
        yield at


def _arm(at: int) -> None:
    seen = count()  # counts in C, so that no two threads get the same number
    for name in SYNCS:
        setattr(os, name, lambda *_: None)

    def watched(name: str) -> Callable[..., object]:
        original = getattr(os, name)

        def call(*args: object, **named: object) -> object:
            if next(seen) == at:
                if name == "write":
                    original(args[0], bytes(args[1])[: len(bytes(args[1])) // 2])  # type: ignore[call-overload]
                os.kill(os.getpid(), signal.SIGKILL)
            return original(*args, **named)

        return call

    for name in CHANGES:
        setattr(os, name, watched(name))
