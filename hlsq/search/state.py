"""The file from which an interrupted search goes on."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hlsq.errors import SearchError
from hlsq.files.write import write_file

VERSION = 1
KEY = "hlsq_search"


class State:
    """What a search has found so far, written after every task.

    A file is replaced in one step, so whenever the search is killed it holds a complete state.

    Args:
        path: of the file; None keeps the state in memory.
        fingerprint: of the search; a state of another one is refused.

    Attributes:
        rounds: finished rounds, as JSON objects.
        references: losses of plans that the search compares with, by name.
        current: losses of the round under way: candidate to part to loss.
        evaluations: block evaluations of the round under way.

    Raises:
        SearchError: the file cannot be read or written, is no state, or is that of another search.
    """

    def __init__(self, path: str | Path | None, fingerprint: str) -> None:
        self.path = None if path is None else Path(path)
        self.fingerprint = fingerprint
        self.rounds: list[dict[str, Any]] = []
        self.references: dict[str, float] = {}
        self.current: dict[str, dict[int, float]] = {}
        self.evaluations = 0
        self._lock = threading.RLock()
        if self.path is not None and self.path.exists():
            self._read(self.path)
        self.save()  # an impossible path is better known now than after the first hour

    def take(self, search: Mapping[str, Any], where: str) -> None:
        """Take over the finished rounds of another state (``to_dict``) if it has more.

        Raises:
            SearchError: not a state, or that of another search; ``where`` it came from.
        """
        try:
            if search[KEY] != VERSION:
                raise SearchError(f"{where}: a state of version {search[KEY]!r}; this is version {VERSION}")
            if search["fingerprint"] != self.fingerprint:
                raise SearchError(
                    f"{where} belongs to another search: the network, its formats, the evaluation samples or the "
                    "metric differ; use those of the earlier search, or leave it out to start again"
                )
            rounds, references = [dict(r) for r in search["rounds"]], dict(search["references"])
            current = {name: {int(p): loss for p, loss in found.items()} for name, found in search["current"].items()}
            evaluations = int(search["evaluations"])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise SearchError(f"{where} is no state of a search: {error!r}") from error
        if references and len(rounds) >= len(self.rounds):
            self.rounds, self.references = rounds, references
            self.current, self.evaluations = current, evaluations

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {
            KEY: VERSION,
            "fingerprint": self.fingerprint,
            "references": self.references,
            "rounds": self.rounds,
            "current": {name: {str(p): loss for p, loss in found.items()} for name, found in self.current.items()},
            "evaluations": self.evaluations,
        }

    def record(self, candidate: str, part: int, loss: float, evaluations: int) -> None:
        """Note a finished task; from any thread."""
        with self._lock:
            self.current.setdefault(candidate, {})[part] = loss
            self.count(evaluations)

    def count(self, evaluations: int) -> None:
        """Note block evaluations of the round under way; from any thread."""
        with self._lock:
            self.evaluations += evaluations
            self.save()

    def finish(self, finished: Mapping[str, Any]) -> None:
        """Note a finished round."""
        self.rounds.append(dict(finished))
        self.begin()

    def begin(self) -> None:
        """Forget the tasks of the round under way."""
        self.current, self.evaluations = {}, 0
        self.save()

    def save(self) -> None:
        """Write the file, if there is one."""
        if self.path is None:
            return
        write_file(self.path, json.dumps(self.to_dict(), indent=1) + "\n", SearchError, "the state of the search")

    def _read(self, path: Path) -> None:
        where = f"the state {str(path)!r}"
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise SearchError(f"cannot read {where}: {error.strerror}") from error
        except ValueError as error:
            raise SearchError(f"{where} is not JSON: {error}") from error
        self.take(data, where)
