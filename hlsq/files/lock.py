"""Locks between threads and processes: a file that the system unlocks when its holder ends, however that happens."""

from __future__ import annotations

import contextlib
import fcntl
import json
import logging
import os
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from hlsq.files.reasons import reason

_HELD: set[int] = set()
"""Descriptors of this process's locks."""
_PAUSE = 0.05
_PATIENCE = 2.0
"""Seconds of waiting that nobody needs to be told of."""

_LOG = logging.getLogger(__name__)


@contextlib.contextmanager
def locked(path: str | Path, error: type[Exception], what: str, wait: float) -> Iterator[None]:
    """Hold the lock file ``path``, which says who does; missing folders are made, and the file stays.

    A thread that holds it already waits for itself: locks do not nest.

    Args:
        path: of the lock file.
        error: raised if it cannot be had.
        what: is locked, for the message: "the project 'build/net'".
        wait: seconds to wait for another holder.

    Raises:
        error: naming the other process, or why the lock file cannot be written, and the remedy.
    """
    try:
        descriptor = _acquire(path, what, wait)
    except OSError as problem:
        raise error(f"cannot lock {what} with {str(path)!r}: {reason(problem)}") from problem
    if descriptor is None:
        raise error(f"{what} is being worked on by {holder(path)}; wait until that has ended, or end it")
    try:
        yield
    finally:
        release(descriptor)


def try_lock(path: str | Path) -> int | None:
    """The descriptor of the lock file ``path``, now locked until ``release``; None if somebody else holds it.

    It is emptied when let go, and must be no link.

    Raises:
        OSError: the file cannot be opened for writing, or was deleted meanwhile.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.stat(path), os.fstat(descriptor)):  # not one that its last holder has deleted
            _HELD.add(descriptor)
            return descriptor
    except BlockingIOError:
        os.close(descriptor)
        return None
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)
    raise FileNotFoundError(2, "the lock file was replaced")


def sign(descriptor: int) -> None:
    """Write into a lock file who holds it."""
    me = {"pid": os.getpid(), "host": socket.gethostname(), "command": " ".join(sys.argv)[:200]}
    with contextlib.suppress(OSError):  # a full disk, which does not concern the lock
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(me).encode(), 0)


def release(descriptor: int) -> None:
    """Give a lock back."""
    _HELD.discard(descriptor)
    with contextlib.suppress(OSError):
        os.ftruncate(descriptor, 0)
        fcntl.flock(descriptor, fcntl.LOCK_UN)  # also for a process that was forked in between
    os.close(descriptor)


def holder(path: str | Path) -> str:
    """Who holds the lock file ``path``, as far as that is known."""
    try:
        found = json.loads(Path(path).read_bytes())
        return f"process {found['pid']} on {found['host']} ({found['command']})"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"


def _acquire(path: str | Path, what: str, wait: float) -> int | None:
    start, told = time.monotonic(), False
    while True:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with contextlib.suppress(FileNotFoundError):  # deleted between the two; make it again
            if (descriptor := try_lock(path)) is not None:
                sign(descriptor)
                return descriptor
        waited = time.monotonic() - start
        if waited >= wait:
            return None
        if waited > _PATIENCE and not told:
            told = True
            _LOG.warning("%s is being worked on by %s; waiting for that to end", what, holder(path))
        time.sleep(_PAUSE)


def _let_go() -> None:
    # A forked process would keep its parent's locks beyond the parent's end.
    for descriptor in _HELD:
        os.close(descriptor)
    _HELD.clear()


os.register_at_fork(after_in_child=_let_go)
