"""Work that the workers of a test run share: done by the one that needs it first, never kept for another run."""

from __future__ import annotations

import fcntl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class SharedFolder:
    """A folder of one test run, which all its workers see."""

    path: Path

    def once(self, name: str, write: Callable[[Path], object]) -> Path:
        """The file ``name``; the first who asks lets ``write`` write it, others wait for that."""
        path = self.path / name
        with (self.path / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not path.exists():
                unfinished = self.path / f"unfinished_{name}"
                write(unfinished)
                unfinished.rename(path)
        return path
