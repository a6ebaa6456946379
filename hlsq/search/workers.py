"""Candidates in any ``concurrent.futures.Executor``.

A task names its search and its base; the worker finds them in its own process (threads, forked processes) or reads
them from the search's folder (``sharing``) and keeps them for the next task. So a task is a few kilobytes whatever the
network and the number of samples, and nothing has to be set up in the workers: a ``ProcessPoolExecutor`` with any start
method will do, and so will ``Client.get_executor()`` of Dask, whose workers on other machines need the option that
names a folder which they share.
"""

from __future__ import annotations

import multiprocessing.connection
import os
import threading
import uuid
from collections import OrderedDict
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray

from hlsq.errors import SearchError
from hlsq.search.incremental import Allocate, Base, Candidate, Errors, Prepared, Rows
from hlsq.search.sharing import Folder, Opened, sweep

P = ParamSpec("P")
T = TypeVar("T")
PREPARED = 32
"""Lowered candidates that a process keeps."""
SEARCHES = 4
"""Searches whose base a process keeps."""


@dataclass(frozen=True)
class Task:
    """One candidate on one part of the samples.

    Attributes:
        search: unique name of the search.
        folder: where its base can be read, or None where workers share the process.
        generation: number of the base.
        candidate: to evaluate.
        part: number of the part.
        threads: to compute with; None for one per core.
        owner: process whose search it is.
    """

    search: str
    folder: str | None
    generation: int
    candidate: Candidate
    part: int
    threads: int | None
    owner: int


@dataclass(frozen=True, eq=False)
class Answer:
    """What a task gives back.

    Attributes:
        outputs: real outputs of the network on the part's samples, by name.
        errors: squared deviations from the float network, by name of input or block (``Prepared.measure``).
        evaluations: block evaluations (one block on one sample).
    """

    outputs: dict[str, NDArray[np.float32]]
    errors: Errors
    evaluations: int


@dataclass(eq=False)
class _Known:
    opened: Opened
    prepared: OrderedDict[str, Prepared] = field(default_factory=OrderedDict)


_KNOWN: OrderedDict[str, _Known] = OrderedDict()
_LOCK = threading.Lock()


def run_task(task: Task) -> Answer:
    """Evaluate ``task`` in whatever process this is.

    Raises:
        SearchError: the folder of the search cannot be read here.
    """
    if task.folder is not None and task.owner != os.getpid():
        end_with_parent(Path(task.folder).parent, os.getpid())
    known = _find(task)
    name = task.candidate.name
    with _LOCK:
        prepared = known.prepared.get(name)
    if prepared is None:
        prepared = known.opened.base.prepare(task.candidate)
        with _LOCK:
            known.prepared[name] = prepared
            if len(known.prepared) > PREPARED:
                known.prepared.popitem(last=False)
    rows = known.opened.parts[task.part]
    return Answer(*prepared.measure(rows, task.threads), prepared.evaluations(len(rows)))


def _find(task: Task) -> _Known:
    with _LOCK:
        known = _KNOWN.get(task.search)
        if known is not None and known.opened.generation == task.generation:
            return known
    if task.folder is None:
        raise SearchError(f"search {task.search!r} is over or runs in another process")
    try:
        opened = Folder.read(task.folder, task.generation)
    except OSError as error:
        raise SearchError(
            f"the worker cannot read the search's folder {task.folder!r} ({error.strerror or error}); workers on other "
            "machines need a folder that they share: name it with scratch="
        ) from error
    return _remember(task.search, opened)


@cache
def end_with_parent(scratch: Path, worker: int) -> None:
    """Let this process, ``worker``, end when the one that started it has, and delete what that left in ``scratch``."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch(sentinel: int) -> None:
        multiprocessing.connection.wait([sentinel])
        sweep(scratch)
        os._exit(1)

    threading.Thread(target=watch, args=(parent.sentinel,), name="hlsq-parent", daemon=True).start()


def _remember(search: str, opened: Opened) -> _Known:
    with _LOCK:
        known = _KNOWN[search] = _Known(opened)
        _KNOWN.move_to_end(search)
        while len(_KNOWN) > SEARCHES:
            _KNOWN.popitem(last=False)
        return known


class Inline(Executor):
    """Runs each task where it is submitted."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        """The future of a call that is already over."""
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


class Workers:
    """Hands tasks on one base after the other to an executor.

    Args:
        executor: of the caller, who also shuts it down; None computes here, on all cores.
        count: tasks in flight at a time; None asks the executor, or takes the number of cores.
        scratch: folder in which other processes find the base; None for the system's temporary one.
    """

    def __init__(
        self, executor: Executor | None = None, count: int | None = None, scratch: str | Path | None = None
    ) -> None:
        self.search = uuid.uuid4().hex
        self.executor = executor or Inline()
        self.generation = 0
        self.opened: Opened | None = None
        inline = executor is None
        self.count = 1 if inline else count or getattr(executor, "_max_workers", None) or os.cpu_count() or 1
        self._threads = None if inline else 1
        shared = inline or isinstance(executor, ThreadPoolExecutor)
        self._folder = None if shared else Folder(scratch)

    @property
    def allocate(self) -> Allocate:
        """Makes the arrays of a base's tensors."""
        if self._folder is not None:
            return self._folder.allocate
        return lambda _, shape, dtype: np.empty(shape, dtype)

    def publish(self, base: Base, parts: list[Rows]) -> None:
        """Make ``base``, with its samples divided into ``parts``, the one that tasks run on."""
        self.generation += 1
        self.opened = Opened(self.generation, base, parts)
        if self._folder is not None:
            self._folder.write(self.opened)
        _remember(self.search, self.opened)

    def submit(self, candidate: Candidate, part: int) -> Future[Answer]:
        """Evaluate ``candidate`` on part number ``part``."""
        folder = None if self._folder is None else str(self._folder.path)
        task = Task(self.search, folder, self.generation, candidate, part, self._threads, os.getpid())
        return self.executor.submit(run_task, task)

    def close(self) -> None:
        """Forget the base and delete the folder; the executor stays as it is."""
        with _LOCK:
            _KNOWN.pop(self.search, None)
        if self._folder is not None:
            self._folder.close()
