"""Work on several tasks of an exploration: here, or in an executor, whose failures are told."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future, as_completed
from contextlib import contextmanager
from typing import Any

from hlsq.errors import HlsqError, SearchError

Task = tuple[Callable[..., Any], tuple[Any, ...]]
"""A function and its arguments."""


def work_on(tasks: Mapping[Any, Task], executor: Executor | None, keep: Callable[..., None]) -> None:
    """Do all tasks; ``keep`` gets the name and the result of each as it is done.

    Raises:
        SearchError: a worker failed, or there is none.
    """
    if executor is None:
        for name, (function, arguments) in tasks.items():
            keep(name, function(*arguments))
        return
    futures: dict[Future[Any], Any] = {}
    try:
        with _failures_told():
            futures |= {executor.submit(f, *given): name for name, (f, given) in tasks.items()}
        for future in as_completed(futures):
            with _failures_told():
                result = future.result()
            keep(futures[future], result)
    finally:
        for future in futures:
            future.cancel()


@contextmanager
def _failures_told() -> Iterator[None]:
    """What an executor raises as an error of hlsq; those of the task itself are.

    Raises:
        SearchError: a worker failed, or there is none.
    """
    try:
        yield
    except HlsqError:
        raise
    except Exception as error:
        raise SearchError(
            f"explore: a worker of executor failed: {type(error).__name__}: {error}; what finished is kept in "
            "output_dir, if there is one, so that the same call goes on from there; executor=None computes here"
        ) from error
