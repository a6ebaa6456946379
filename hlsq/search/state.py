"""The file from which an interrupted search goes on."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from hlsq.errors import SearchError
from hlsq.files.checksums import content_checksum
from hlsq.files.fields import Field
from hlsq.files.read import read_json
from hlsq.files.write import write_file

VERSION = 1
MOST = 2**63 - 1
KEY = "hlsq_search"
CHECKSUM = "checksum"
PREPARED = "prepared"
"""What ``hlsq.search.prepared`` keeps in the file."""


class State:
    """What a search has found so far, written after every task.

    A file is replaced in one step, so whenever the search is killed it holds a complete state.

    Args:
        path: of the file; None keeps the state in memory.
        fingerprint: of the search; a state of another one is refused.
        check: refuses finished rounds that cannot be those of the search.

    Attributes:
        rounds: finished rounds, as JSON objects.
        references: losses of plans that the search compares with, by name.
        current: losses of the round under way: candidate to part to loss.
        evaluations: block evaluations of the round under way.

    Raises:
        SearchError: the file cannot be read or written, is no state, or is that of another search.
    """

    def __init__(
        self, path: str | Path | None, fingerprint: str, check: Callable[[list[Field]], None] | None = None
    ) -> None:
        self._check = check
        self.path = None if path is None else Path(path)
        self.fingerprint = fingerprint
        self.rounds: list[dict[str, Any]] = []
        self.references: dict[str, float] = {}
        self.current: dict[str, dict[int, float]] = {}
        self.evaluations = 0
        self._prepared: dict[str, Any] = {}
        self._lock = threading.RLock()
        if self.path is not None and self.path.exists():
            self._read(self.path)
        self.save()  # an impossible path is better known now than after the first hour

    def take(self, search: Mapping[str, Any], where: str) -> None:
        """Take over the finished rounds of another state (``to_dict``) if it has more.

        Raises:
            SearchError: not a state, or that of another search; ``where`` it came from.
        """
        self._take(Field(search, SearchError, where))

    def _take(self, field: Field) -> None:
        field.version(KEY, VERSION, "a state of a search")
        parts = field.record((KEY, "fingerprint", "references", "rounds", "current", "evaluations"), (CHECKSUM,))
        if parts["fingerprint"].text() != self.fingerprint:
            raise field.fail(
                "it belongs to another search: the network, its formats, the evaluation samples or the metric differ; "
                "use those of the earlier search, or leave it out to start again"
            )
        references = {name: _loss(item) for name, item in parts["references"].mapping().items()}
        given = parts["rounds"].sequence()
        rounds = [dict(item.mapping() and item.value) for item in given]
        if self._check is not None:
            self._check(given)
        current = {name: _read_parts(item) for name, item in parts["current"].mapping().items()}
        evaluations = parts["evaluations"].integer(0, MOST)
        content = {key: value for key, value in field.value.items() if key != CHECKSUM}
        if CHECKSUM in parts and parts[CHECKSUM].text() != content_checksum(content):
            raise field.fail("not as hlsq wrote it (its checksum is another); restore it, or leave it out")
        if references and len(rounds) >= len(self.rounds):
            self.rounds, self.references = rounds, references
            self.current, self.evaluations = current, evaluations

    def to_dict(self, *, finished: bool = False) -> dict[str, Any]:
        """JSON form; with ``finished`` without the round under way."""
        current = {} if finished else self.current
        content = {
            KEY: VERSION,
            "fingerprint": self.fingerprint,
            "references": self.references,
            "rounds": self.rounds,
            "current": {name: {str(p): loss for p, loss in found.items()} for name, found in current.items()},
            "evaluations": 0 if finished else self.evaluations,
        }
        return content | {CHECKSUM: content_checksum(content)}

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
        write_state(self.path, {**self.to_dict(), **self._prepared})

    def _read(self, path: Path) -> None:
        found, prepared = read_state(path)
        if prepared is not None:
            self._prepared = {PREPARED: prepared.value}
        if prepared is None or set(found.value) != {KEY}:  # the search had begun
            self._take(found)


def write_state(path: Path, data: Mapping[str, Any]) -> None:
    """Write the file of a search, whole or not at all.

    Raises:
        SearchError: it cannot be written.
    """
    write_file(path, json.dumps(data, indent=1) + "\n", SearchError, "the state of the search")


def read_state(path: Path) -> tuple[Field, Field | None]:
    """The file of a search: its state, and what was prepared for it, if anything.

    Raises:
        SearchError: it cannot be read, is no state, or of another version.
    """
    found = read_json(path, SearchError, "the state of a search")
    found.version(KEY, VERSION, "a state of a search")
    rest = {key: value for key, value in found.value.items() if key != PREPARED}
    return Field(rest, SearchError, str(path)), found.mapping().get(PREPARED)


def _loss(field: Field) -> float:
    field.number()
    return field.value  # a count stays a whole number


def _read_parts(field: Field) -> dict[int, float]:
    """Losses by part of the samples; JSON has text as keys."""
    found = field.mapping()
    if wrong := [key for key in found if not (key.isdecimal() and key.isascii() and len(key) < 10)]:
        raise field.fail(f"expected whole numbers as keys, found {wrong[0]!r}")
    return {int(key): _loss(item) for key, item in found.items()}
