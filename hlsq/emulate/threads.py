"""Threads for samples, above the matrix products; what a single thread can do starts none."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from typing import Any

from threadpoolctl import ThreadpoolController

Mapper = Callable[[Callable[[Any], Any], Iterable[Any]], Iterator[Any]]


@cache
def _controller() -> ThreadpoolController:
    """Kept, because finding the libraries of a process takes a millisecond, longer than a small network."""
    return ThreadpoolController()


def _take_control() -> None:
    """Let this thread, and afterwards any other, change the limits: threadpoolctl 3.8 knows one that may.

    What the others ask for would be ignored without a word, and here the first and the last may be two threads.
    """
    for library in _controller().lib_controllers:
        clear = getattr(library, "clear_controlling_thread", None)
        if clear is not None:
            clear(force=True)


class _OneThreadEach:
    """The limit of BLAS, which all threads of the process share: the first to come sets it, the last to go lifts it.

    Limits of their own would not do: where two threads overlap, the second finds the limit of the first, and puts that
    back when it leaves last.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._limit: Any = None

    def __enter__(self) -> None:
        with self._lock:
            if not self._inside:
                _take_control()
                self._limit = _controller().limit(limits=1, user_api="blas")
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                _take_control()
                self._limit.restore_original_limits()
                _take_control()

    def renew_lock(self) -> None:
        """In a forked process, where whoever held the lock may not exist."""
        self._lock = threading.Lock()


_ONE_THREAD_EACH = _OneThreadEach()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_ONE_THREAD_EACH.renew_lock)


def one_blas_thread() -> AbstractContextManager[None]:
    """Matrix products on one core each inside this context, in any thread, because the work is spread above them.

    All limits of hlsq go through here; they may overlap in any way.
    """
    return _ONE_THREAD_EACH


@contextmanager
def spread(parts: int, threads: int | None = None) -> Iterator[Mapper]:
    """A ``map`` for ``parts`` calls; matrix products have one core each, because threads already share the calls.

    Args:
        parts: number of calls at a time; a single one needs no thread of its own.
        threads: at most so many; None for one per core.
    """
    count = min(threads or os.cpu_count() or 1, parts)
    with one_blas_thread():
        if count <= 1:
            yield map
            return
        with ThreadPoolExecutor(count) as pool:
            yield pool.map
