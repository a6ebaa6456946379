"""Threads above the matrix products instead of inside them, which would be too small for that."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from hlsq.emulate.threads import one_blas_thread

T = TypeVar("T")
R = TypeVar("R")

CORES = os.cpu_count() or 1
AHEAD = min(CORES, 4)
"""Results that ``in_order`` holds at most."""


def in_threads(work: Callable[[T], object], parts: Iterable[T]) -> None:
    """Call ``work`` on every part, on all cores; each part must write to a place of its own."""
    with one_blas_thread(), ThreadPoolExecutor(CORES) as pool:
        list(pool.map(work, parts))


def in_order(work: Callable[[T], R], parts: Iterable[T]) -> Iterator[R]:
    """The results of ``work``, on a few cores, in the order of ``parts``; only a few are in memory at a time."""
    waiting: deque[Future[R]] = deque()
    with one_blas_thread(), ThreadPoolExecutor(AHEAD) as pool:
        for part in parts:
            waiting.append(pool.submit(work, part))
            if len(waiting) == AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
