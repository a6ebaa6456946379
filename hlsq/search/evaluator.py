"""Losses of single candidates, given up as soon as they reach a bound."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsq.errors import PlanError, QuantizationError, SearchError
from hlsq.graph import Graph
from hlsq.plan import Plan
from hlsq.search.bases import first_base, next_base
from hlsq.search.incremental import Candidate, Rows
from hlsq.search.workers import Answer, Workers

IMPOSSIBLE = float("inf")
LossOf = Callable[[Answer, Rows], float]
PartsOf = Callable[[Mapping[str, NDArray[np.float32]]], Sequence[Rows]]


@dataclass(frozen=True, kw_only=True)
class Resources:
    """Where candidates run and what they may take; none of this changes a result.

    Attributes:
        executor: for the tasks; None computes in this process, on all cores.
        workers: tasks in flight at a time; None asks the executor.
        scratch: folder that worker processes can read; None for the system's temporary one.
        cache_bytes: most memory for tensors of the plan that candidates differ from.
    """

    executor: Executor | None = None
    workers: int | None = None
    scratch: str | Path | None = None
    cache_bytes: int = 2**31


class Evaluator:
    """What plans are worth that differ from a base plan in a few formats, on one set of samples.

    Its methods may be called from several threads at once, but not while ``move`` runs. Use it as a context manager.

    Args:
        graph: the network, batch norms folded or refined as the plan has them.
        plan: the base plan.
        inputs: real samples, name to [samples, ...].
        loss: of a task's answer on some samples; never negative, and the losses of all parts add up.
        deviation: of a task's answer on some samples, beside the loss and like it never negative. None for zero.
        parts: divides the samples, in the order in which to try them, from the base plan's outputs.
        alternatives: for every candidate to come the names of the inputs and blocks that it changes.
        reals: as for ``first_base``; of the inputs at least, where candidates change their formats.
        resources: where to compute.
    """

    def __init__(
        self,
        graph: Graph,
        plan: Plan,
        inputs: Mapping[str, NDArray[Any]],
        *,
        loss: LossOf,
        deviation: LossOf | None = None,
        parts: PartsOf,
        alternatives: Sequence[Collection[str]],
        reals: Mapping[str, NDArray[Any]],
        resources: Resources,
    ) -> None:
        self._loss = loss
        self._deviation = deviation
        self._parts_of = parts
        self._alternatives = alternatives
        self._resources = resources
        self._workers = Workers(resources.executor, resources.workers, resources.scratch)
        self._lock = threading.Lock()
        self.evaluations = 0
        """Block evaluations (one block on one sample) so far."""
        self.plain_evaluations = 0
        """Those of emulating every candidate in full."""
        self._base, count = first_base(
            graph,
            plan,
            inputs,
            alternatives,
            reals=reals,
            cache_bytes=resources.cache_bytes,
            allocate=self._workers.allocate,
        )
        self._publish(count)

    def __enter__(self) -> Evaluator:
        return self

    def __exit__(self, *_: object) -> None:
        self._workers.close()

    @property
    def plan(self) -> Plan:
        """The base plan."""
        return self._base.plan

    @property
    def count(self) -> int:
        """Candidates that are worth evaluating at the same time."""
        return self._workers.count

    def move(self, candidate: Candidate) -> None:
        """Make ``candidate`` the new base plan."""
        self._base, count = next_base(
            self._base,
            candidate.changes,
            self._alternatives,
            inputs=candidate.inputs,
            cache_bytes=self._resources.cache_bytes,
            allocate=self._workers.allocate,
        )
        self._publish(count)

    def base_loss(self) -> float:
        """Loss of the base plan."""
        return self.loss(Candidate("the plan as it is", {}))

    def loss(self, candidate: Candidate, bound: float = IMPOSSIBLE) -> float:
        """Loss of ``candidate`` on all samples; infinite if it is not below ``bound`` or the network cannot have it.

        Raises:
            SearchError: a worker failed; names the candidate.
        """
        return self.measure(candidate, bound)[0]

    @property
    def outputs(self) -> Mapping[str, NDArray[np.float32]]:
        """Real outputs of the base plan, name to [samples, ...]."""
        return self._outputs

    def measure(self, candidate: Candidate, bound: float = IMPOSSIBLE, most: float = IMPOSSIBLE) -> tuple[float, float]:
        """``loss``, and the deviation on all samples; both infinite if the loss is, or the deviation exceeds ``most``.

        Raises:
            SearchError: a worker failed; names the candidate.
        """
        opened = self._workers.opened
        assert opened is not None  # noqa: S101 - published from the start
        with self._lock:
            self.plain_evaluations += len(self._base.graph.blocks) * self._base.samples
        total, deviation = 0.0, 0.0
        for part, rows in enumerate(opened.parts):
            answer = self._answer(candidate, part)
            if answer is None:
                return IMPOSSIBLE, IMPOSSIBLE
            total += self._loss(answer, rows)
            if total >= bound:
                return IMPOSSIBLE, IMPOSSIBLE
            if self._deviation is not None:
                deviation += self._deviation(answer, rows)
            if deviation > most:
                return IMPOSSIBLE, IMPOSSIBLE
        return total, deviation

    def _answer(self, candidate: Candidate, part: int) -> Answer | None:
        try:
            future: Future[Answer] = self._workers.submit(candidate, part)
            answer = future.result()
        except (PlanError, QuantizationError):
            return None
        except Exception as error:
            kind = "" if isinstance(error, SearchError) else f"{type(error).__name__}: "
            raise SearchError(
                f"candidate {candidate.name!r}: its worker failed: {kind}{error}; what finished is kept in the state "
                "file, if there is one, so that the same call goes on from there"
            ) from error
        with self._lock:
            self.evaluations += answer.evaluations
        return answer

    def _publish(self, evaluations: int) -> None:
        self.evaluations += evaluations
        self.plain_evaluations += evaluations
        base = self._base
        self._outputs = base.prepare(Candidate("", {})).run(np.arange(base.samples))
        self._workers.publish(base, list(self._parts_of(self._outputs)))


def growing_parts(samples: int, first: int = 64) -> list[Rows]:
    """Samples in their order: ``first``, then as many again each time, so that what is much too bad ends soon."""
    ends = [0]
    while ends[-1] < samples:
        ends.append(min(max(2 * ends[-1], first), samples))
    return [np.arange(start, end) for start, end in itertools.pairwise(ends)]
