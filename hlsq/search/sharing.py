"""A base in a folder, for workers in other processes: what is large is written once and mapped, never sent."""

from __future__ import annotations

import os
import pickle
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsq.errors import SearchError
from hlsq.files.lock import release, try_lock
from hlsq.files.reasons import reason
from hlsq.files.write import write_file
from hlsq.search.incremental import Base, Rows

PREFIX = "hlsq-search-"
LOCK = "search.lock"
"""Locked by the process whose search it is, as long as that lives."""
GRAPH = "graph.pickle"
_WHAT = "what worker processes read"


@dataclass(frozen=True, eq=False)
class Opened:
    """What a worker knows of a search.

    Attributes:
        generation: number of the base, one more for each new one.
        base: the base plan and its tensors.
        parts: the divided samples.
    """

    generation: int
    base: Base
    parts: Sequence[Rows]


class Folder:
    """A temporary folder with one base at a time, readable by its owner alone.

    Args:
        parent: where to make it; None for the system's place. Workers on other machines need one they can reach.

    Raises:
        SearchError: it cannot be made.
    """

    def __init__(self, parent: str | Path | None = None) -> None:
        where = Path(parent or tempfile.gettempdir())
        sweep(where)
        self._lock: int | None = None
        try:
            while self._lock is None:  # until nobody takes it for abandoned between its making and its locking
                self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=where))
                with suppress(FileNotFoundError):
                    self._lock = try_lock(self.path / LOCK)
        except OSError as error:
            raise SearchError(
                f"cannot make a folder for worker processes in {str(where)!r}: {reason(error)}; name another one with "
                "scratch="
            ) from error
        # Processes of one machine share its memory for files; only others need to find the bytes in the file itself.
        self._flush = parent is not None
        self._made: dict[str, Path] = {}
        self._count = 0

    def allocate(self, name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
        """A mapped array for tensor ``name``.

        Raises:
            SearchError: the disk has no room for it.
        """
        path = self.path / f"{self._count}.npy"
        self._count += 1
        self._made[name] = path
        try:
            array: NDArray[Any] = np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=shape)
            with path.open("rb+") as file:  # now, because writing to a mapping of a full disk kills the process
                os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
        except OSError as error:
            raise SearchError(
                f"cannot write {_WHAT} to {str(path)!r}: {reason(error)}; scratch= names another folder, and a smaller "
                "cache_bytes= needs less"
            ) from error
        return array

    def write(self, opened: Opened) -> None:
        """Publish ``opened``, whose tensors came from ``allocate``, and delete files of tensors it no longer has."""
        graph = self.path / GRAPH
        if not graph.exists():
            write_file(graph, pickle.dumps(opened.base.graph), SearchError, _WHAT)
        base = opened.base
        for values in (*base.tensors.values(), *base.reals.values()):
            if self._flush and isinstance(values, np.memmap):
                values.flush()
        files = {name: self._made[name].name for name in base.tensors}
        reals = {name: self._made[f"real {name}"].name for name in base.reals}
        content = (base.plan, files, reals, list(opened.parts))
        write_file(self.path / f"{opened.generation}.pickle", pickle.dumps(content), SearchError, _WHAT)
        current = {*files.values(), *reals.values()}
        for path in self.path.glob("*.npy"):
            if path.name not in current:
                path.unlink()

    @staticmethod
    def read(path: str | Path, generation: int) -> Opened:
        """What ``write`` published, in another process; tensors are mapped."""
        folder = Path(path)
        # Written by the search itself into a folder that only its user can write to.
        graph = pickle.loads((folder / GRAPH).read_bytes())
        plan, *files, parts = pickle.loads((folder / f"{generation}.pickle").read_bytes())
        tensors, reals = ({name: np.load(folder / file, mmap_mode="r") for name, file in f.items()} for f in files)
        return Opened(generation, Base(graph, plan, tensors, reals), parts)

    def close(self) -> None:
        """Delete the folder."""
        shutil.rmtree(self.path, ignore_errors=True)
        if self._lock is not None:
            release(self._lock)
            self._lock = None


def sweep(parent: Path) -> None:
    """Delete the folders of searches whose process was killed; those of living ones are locked."""
    for folder in parent.glob(f"{PREFIX}*"):
        try:
            # Without a lock file it is one that is just being made, or that its own search is deleting.
            lock = try_lock(folder / LOCK) if (folder / LOCK).is_file() else None
        except OSError:  # that of another user, or gone by now
            continue
        if lock is not None:
            shutil.rmtree(folder, ignore_errors=True)
            release(lock)
