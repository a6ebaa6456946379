"""One change after the other, the best each time (DoubleQ Algorithm 1)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsq.graph import Graph
from hlsq.plan import BlockPlan, Plan
from hlsq.search.incremental import Base, Candidate, first_base, next_base
from hlsq.search.race import race
from hlsq.search.scoring import Scoring
from hlsq.search.state import State
from hlsq.search.workers import Workers

START, FULL = "start", "full"
EVERYTHING = "all changes at once"


@dataclass(frozen=True, eq=False)
class Problem:
    """A plan and single changes to it, of which a search takes one after the other.

    Args:
        graph: float network.
        start: plan without any of the changes.
        changes: block name to its changed formats, in the order in which ties are decided.
        inputs: real evaluation samples, name to [samples, ...].
        scoring: of the outputs; it knows the labels.
        labels: for the fingerprint.
    """

    graph: Graph
    start: Plan
    changes: Mapping[str, BlockPlan]
    inputs: Mapping[str, NDArray[Any]]
    scoring: Scoring
    labels: Any = None

    @property
    def samples(self) -> int:
        """Number of evaluation samples."""
        return len(next(iter(self.inputs.values())))

    def plan(self, names: list[str]) -> Plan:
        """The start plan with the changes to the blocks ``names``."""
        return replace(self.start, blocks={**self.start.blocks, **{name: self.changes[name] for name in names}})

    @cached_property
    def fingerprint(self) -> str:
        """Hash of everything that decides the result (of a metric function its name)."""
        digest = hashlib.sha256()
        for block in self.graph.blocks:
            digest.update(repr((block.name, block.op, block.inputs, block.activation)).encode())
            scale = () if block.scale is None else (block.scale.multiplier, block.scale.shift)
            for array in (block.kernel, block.bias, *scale):
                digest.update(b"-" if array is None else np.ascontiguousarray(array).tobytes())
        start = self.start.to_dict()
        formats = {key: start[key] for key in ("batch_norm", "inputs", "blocks")}
        changes = [[name, changed.to_dict()] for name, changed in self.changes.items()]
        digest.update(json.dumps([formats, changes, self.scoring.name], sort_keys=True).encode())
        for name, array in self.inputs.items():
            digest.update(f"{name}{array.shape}{array.dtype}".encode())
            digest.update(np.ascontiguousarray(array).tobytes())
        labels = np.asarray(self.labels)
        digest.update(repr(self.labels).encode() if labels.dtype.hasobject else np.ascontiguousarray(labels).tobytes())
        return digest.hexdigest()


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How to search; none of this changes the result.

    Args:
        executor: for the candidates; None computes in this process.
        workers: tasks in flight at a time; None asks the executor.
        state: file to resume from and to write; None for none.
        scratch: folder that worker processes can read; None for the system's temporary one.
        cache_bytes: most memory for tensors of the plan that candidates differ from.
        progress: True or False shows or hides progress bars; None shows them on a terminal.
    """

    executor: Executor | None = None
    workers: int | None = None
    state: str | Path | None = None
    scratch: str | Path | None = None
    cache_bytes: int = 2**31
    progress: bool | None = None


@dataclass(frozen=True)
class Round:
    """The best single change, given those of earlier rounds.

    Attributes:
        index: place of the block among all changes.
        name: of the block.
        value: of the metric with this change.
        evaluations: block evaluations (one block on one sample) that were made for it.
        plain_evaluations: those of emulating every candidate in full.
    """

    index: int
    name: str
    value: float
    evaluations: int
    plain_evaluations: int


class GreedySearch:
    """Finds the rounds one by one; which ones are known already costs nothing to ask for again.

    Rounds depend on the problem alone and not on where the caller stops, so a longer search begins with the rounds of
    a shorter one. Use it as a context manager, or call ``close``.

    Args:
        problem: what to search.
        settings: how.
        earlier: ``to_dict`` of an earlier search of the same problem, to go on from.

    Raises:
        SearchError: the state file or ``earlier`` belongs to another problem.
    """

    def __init__(
        self, problem: Problem, settings: Settings | None = None, earlier: Mapping[str, Any] | None = None
    ) -> None:
        self.problem = problem
        self.settings = settings or Settings()
        self.state = State(self.settings.state, problem.fingerprint)
        if earlier is not None:
            self.state.take(earlier, "the plan to continue from")
        self._workers: Workers | None = None
        self._base: Base | None = None
        self._taken: list[str] = []

    def __enter__(self) -> GreedySearch:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Release tensors and temporary files."""
        if self._workers is not None:
            self._workers.close()
        self._workers = self._base = None

    def reference(self, name: str) -> float:
        """Metric of the plan without changes (``START``) or with all of them (``FULL``).

        Raises:
            SearchError: a worker failed.
        """
        references, scoring = self.state.references, self.problem.scoring
        if START not in references:
            base = self._base_of([])
            rows = np.arange(base.samples)
            references[START] = scoring.loss(base.prepare(Candidate(START, {})).run(rows), rows)
            self.state.save()
        if name == FULL and FULL not in references:
            self._base_of([])
            found = self._race([Candidate(EVERYTHING, self.problem.changes)], "all layers changed")
            references[FULL] = found[1]
            self.state.current = {}
            self.state.save()
        return scoring.value(references[name])

    def round(self, number: int) -> Round | None:
        """Round ``number``, from 0; None when nothing is left to change.

        Raises:
            SearchError: a worker failed; names the candidate.
        """
        changes = self.problem.changes
        if number >= len(changes):
            return None
        self.reference(FULL)
        while number >= len(self.state.rounds):
            self._next_round()
        return Round(**self.state.rounds[number])

    def to_dict(self) -> dict[str, Any]:
        """The finished rounds, for ``earlier`` of a later search."""
        return {**self.state.to_dict(), "current": {}, "evaluations": 0}

    def _next_round(self) -> None:
        problem, state = self.problem, self.state
        taken = [r["name"] for r in state.rounds]
        left = [name for name in problem.changes if name not in taken]
        if len(left) == 1:
            name, loss = left[0], state.references[FULL]  # with the last one all are changed
        else:
            self._base_of(taken)
            candidates = [Candidate(name, {name: problem.changes[name]}) for name in left]
            name, loss = self._race(candidates, f"round {len(taken) + 1}")
        whole = len(problem.graph.blocks) * problem.samples
        references = 2 if not taken else 0
        found = Round(
            index=list(problem.changes).index(name),
            name=name,
            value=problem.scoring.value(loss),
            evaluations=state.evaluations,
            plain_evaluations=(len(left) + references) * whole,
        )
        state.finish(asdict(found))

    def _race(self, candidates: list[Candidate], label: str) -> tuple[str, float]:
        assert self._workers is not None  # noqa: S101 - made with the base
        state, settings = self.state, self.settings
        winner = race(
            candidates, self._workers, self.problem.scoring, state.current, state.record, label, settings.progress
        )
        return winner.candidate.name, winner.loss

    def _base_of(self, taken: list[str]) -> Base:
        """The base of the plan with the changes ``taken``, published to the workers."""
        if self._base is not None and self._taken == taken:
            return self._base
        problem, settings = self.problem, self.settings
        if self._workers is None:
            self._workers = Workers(settings.executor, settings.workers, settings.scratch)
        left = [[name] for name in problem.changes if name not in taken]
        cache, allocate = settings.cache_bytes, self._workers.allocate
        if self._base is None or self._taken != taken[: len(self._taken)]:
            found = first_base(
                problem.graph, problem.plan(taken), problem.inputs, left, cache_bytes=cache, allocate=allocate
            )
        else:
            new = {name: problem.changes[name] for name in taken[len(self._taken) :]}
            found = next_base(self._base, new, left, cache_bytes=cache, allocate=allocate)
        self._base, evaluations = found
        self._taken = list(taken)
        outputs = self._base.prepare(Candidate(START, {})).run(np.arange(self._base.samples))
        self._workers.publish(self._base, problem.scoring.parts(outputs))
        self.state.count(evaluations)
        return self._base
