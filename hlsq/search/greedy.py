"""One change after the other, the best each time (DoubleQ Algorithm 1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hlsq.errors import SearchError
from hlsq.files.fields import Field
from hlsq.search.bases import first_base, next_base
from hlsq.search.incremental import Base, Candidate
from hlsq.search.problem import Change, Problem
from hlsq.search.race import Cost, plain_loss, race
from hlsq.search.state import MOST, State
from hlsq.search.workers import Workers

START, FULL = "start", "full"
EVERYTHING = "all changes at once"


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
        index: place of the block among all that can change.
        name: of the block.
        value: of the metric with this change.
        evaluations: block evaluations (one block on one sample) that were made for it.
        plain_evaluations: those of emulating every candidate in full.
        level: that the block has now.
    """

    index: int
    name: str
    value: float
    evaluations: int
    plain_evaluations: int
    level: int = 1

    @property
    def change(self) -> Change:
        """The change."""
        return Change(self.name, self.level)


class GreedySearch:
    """Finds the rounds one by one; which ones are known already costs nothing to ask for again.

    Every round tries every block at every level beyond its own. Rounds depend on the problem alone and not on where the
    caller stops, so a longer search begins with the rounds of a shorter one. Use it as a context manager, or call
    ``close``.

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
        self.state = State(self.settings.state, problem.fingerprint, self._check_rounds)
        if earlier is not None:
            self.state.take(earlier, "the plan to continue from")
        self._workers: Workers | None = None
        self._base: Base | None = None
        self._taken: list[Change] = []

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
        """Metric of the plan without changes (``START``) or with every block at its last level (``FULL``).

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
            found = self._race([self._candidate(EVERYTHING, self.problem.everything)], "all layers changed")
            references[FULL] = found[1]
            self.state.current = {}
            self.state.save()
        return scoring.value(references[name])

    def round(self, number: int) -> Round | None:
        """Round ``number``, from 0; None when nothing is left to change.

        Raises:
            SearchError: a worker failed; names the candidate.
        """
        if not self.problem.levels:
            return None
        self.reference(FULL)
        while number >= len(self.state.rounds):
            if not self.problem.left(self._known()):
                return None
            self._next_round()
        return Round(**self.state.rounds[number])

    def to_dict(self) -> dict[str, Any]:
        """The finished rounds, for ``earlier`` of a later search."""
        return self.state.to_dict(finished=True)

    def _check_rounds(self, rounds: list[Field]) -> None:
        """Refuse finished rounds that this search cannot have found.

        Raises:
            SearchError: names the place.
        """
        held: dict[str, int] = {}
        names = list(self.problem.levels)
        for number, field in enumerate(rounds):
            parts = field.record(("index", "name", "value", "evaluations", "plain_evaluations"), ("level",))
            name = parts["name"].choice(*names)
            index = names.index(name)
            parts["index"].integer(index, index)
            parts["value"].number()
            for key in ("evaluations", "plain_evaluations"):
                parts[key].integer(0, MOST)
            level = parts["level"].integer(1, len(self.problem.levels[name])) if "level" in parts else 1
            if level <= held.get(name, 0):
                raise field.fail(f"round {number + 1} gives {name!r} a level that it has already")
            held[name] = level

    def _known(self) -> list[Change]:
        """The changes of all finished rounds."""
        return [Round(**found).change for found in self.state.rounds]

    def _next_round(self) -> None:
        problem, state = self.problem, self.state
        taken = self._known()
        left = problem.left(taken)
        if len(left) == 1:
            best, loss = left[0], state.references[FULL]  # with the last one every block is at its last level
        else:
            self._base_of(taken)
            named = {problem.label(change): change for change in left}
            candidates = [self._candidate(label, [change]) for label, change in named.items()]
            label, loss = self._race(candidates, f"round {len(taken) + 1}", self._cost(taken, named))
            best = named[label]
        whole = len(problem.graph.blocks) * problem.samples
        references = 2 if not taken else 0
        found = Round(
            index=list(problem.levels).index(best.name),
            name=best.name,
            value=problem.scoring.value(loss),
            evaluations=state.evaluations,
            plain_evaluations=(len(left) + references) * whole,
            level=best.level,
        )
        state.finish(asdict(found))

    def _candidate(self, label: str, changes: Sequence[Change]) -> Candidate:
        return Candidate(label, self.problem.formats(changes))

    def _cost(self, taken: list[Change], named: Mapping[str, Change]) -> Cost:
        """By what the candidates ``named`` are compared."""
        problem, state = self.problem, self.state
        if problem.rank == "metric":
            return plain_loss
        now = state.rounds[-1]["value"] if taken else problem.scoring.value(state.references[START])
        added = {
            label: (problem.weight_bits([change], change.name) - problem.weight_bits(taken, change.name)) / 8
            for label, change in named.items()
        }

        def cost(candidate: Candidate, loss: float) -> float:
            # What gains nothing is not better for being small or large.
            gain = problem.scoring.value(loss) - now
            return -gain / added[candidate.name] if gain > 0 else -gain

        return cost

    def _race(self, candidates: list[Candidate], label: str, cost: Cost = plain_loss) -> tuple[str, float]:
        assert self._workers is not None  # noqa: S101 - made with the base
        state, scoring, progress = self.state, self.problem.scoring, self.settings.progress
        assert self._workers.opened is not None  # noqa: S101 - published with the base
        count = len(self._workers.opened.parts)
        for name in (c.name for c in candidates):
            if other := [part for part in state.current.get(name, {}) if part >= count]:
                raise SearchError(
                    f"{state.path or 'the state'}: current.{name}: part {other[0]} of {count} (from 0); leave it out "
                    "to start again"
                )
        winner = race(candidates, self._workers, scoring, state.current, state.record, label, progress, cost)
        return winner.candidate.name, winner.loss

    def _base_of(self, taken: list[Change]) -> Base:
        """The base of the plan with the changes ``taken``, published to the workers."""
        if self._base is not None and self._taken == taken:
            return self._base
        problem, settings = self.problem, self.settings
        if self._workers is None:
            self._workers = Workers(settings.executor, settings.workers, settings.scratch)
        left = [[name] for name in dict.fromkeys(change.name for change in problem.left(taken))]
        cache, allocate = settings.cache_bytes, self._workers.allocate
        if self._base is None or self._taken != taken[: len(self._taken)]:
            found = first_base(
                problem.graph, problem.plan(taken), problem.inputs, left, cache_bytes=cache, allocate=allocate
            )
        else:
            new = problem.formats(taken[len(self._taken) :])
            found = next_base(self._base, new, left, cache_bytes=cache, allocate=allocate)
        self._base, evaluations = found
        self._taken = list(taken)
        outputs = self._base.prepare(Candidate(START, {})).run(np.arange(self._base.samples))
        self._workers.publish(self._base, problem.scoring.parts(outputs))
        self.state.count(evaluations)
        return self._base
