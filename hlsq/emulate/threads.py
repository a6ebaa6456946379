"""Threads for samples, above the matrix products; what a single thread can do starts none."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import Any

from threadpoolctl import ThreadpoolController

Mapper = Callable[[Callable[[Any], Any], Iterable[Any]], Iterator[Any]]


@cache
def _controller() -> ThreadpoolController:
    """Kept, because finding the libraries of a process takes a millisecond, longer than a small network."""
    return ThreadpoolController()


@contextmanager
def spread(parts: int, threads: int | None = None) -> Iterator[Mapper]:
    """A ``map`` for ``parts`` calls; matrix products have one core each, because threads already share the calls.

    Args:
        parts: number of calls at a time; a single one needs no thread of its own.
        threads: at most so many; None for one per core.
    """
    count = min(threads or os.cpu_count() or 1, parts)
    with _controller().limit(limits=1, user_api="blas"):
        if count <= 1:
            yield map
            return
        with ThreadPoolExecutor(count) as pool:
            yield pool.map
