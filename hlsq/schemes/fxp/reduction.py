"""One reduction: the data-structures of a cluster compete for a shorter word (FxP-QNet Algorithm 2, part 2)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

from hlsq.formats import FixedPoint
from hlsq.plan import Plan
from hlsq.schemes.fxp.cost import Cost
from hlsq.schemes.fxp.fraction import INFINITE, best_fraction
from hlsq.schemes.fxp.structures import Structure, candidate, format_of
from hlsq.search import Candidate
from hlsq.search.evaluator import Evaluator

GRADUAL = 8
"""Longest word that is shortened bit by bit; for longer ones a binary search finds how many bits can go."""
KIND_ORDER = ("weight", "activation", "bias", "scale", "shift")
SLACK = 1e-9
"""Of comparing metrics, which are quotients of rounded numbers."""
Rank = Literal["metric", "deviation"]
RANKS: tuple[Rank, ...] = ("metric", "deviation")
T = TypeVar("T")
Allowed = Callable[[Structure, int], float]
"""Largest drop of the metric for shortening a data-structure by so many bits."""


@dataclass(frozen=True)
class Solution:
    """A reduction that the accuracy allows.

    Attributes:
        structure: what gets shorter.
        bits: by how many bits (theta).
        frac: optimised fraction length afterwards.
        drop: of the metric against the float network (Delta).
        deviation: of the outputs from the float network's; zero where reductions do not rank by it.
    """

    structure: Structure
    bits: int
    frac: int
    drop: float
    deviation: float = 0.0

    @property
    def rank(self) -> tuple[float, ...]:
        """Smallest first: more bits, less deviation, less loss, a later layer, then by kind."""
        structure = self.structure
        return (-self.bits, self.deviation, self.drop, -structure.layer, KIND_ORDER.index(structure.kind))

    def change(self, plan_format: FixedPoint) -> FixedPoint:
        """The format after the reduction."""
        return replace(plan_format, width=plan_format.width - self.bits, frac=self.frac)


@dataclass(frozen=True, eq=False)
class Competition:
    """Finds out by how much each member of a cluster can be reduced.

    Args:
        cost: by which fraction lengths are compared.
        on_cost: evaluates them, where the cost needs the network to be run.
        on_metric: evaluates the metric, and where reductions rank by it the deviation.
        drop_of: from a loss of ``on_metric`` to the drop against the float network.
        loss_at: the other way round.
        reach: ``K`` of Algorithm 1.
        rank: what decides between reductions by as many bits.
        fits: whether a data-structure may get a format, given how long sums may be.
        known: losses by candidate that an earlier, interrupted run has found.
        done: is told every loss.
    """

    cost: Cost
    on_cost: Evaluator
    on_metric: Evaluator
    drop_of: Callable[[float], float]
    loss_at: Callable[[float], float]
    reach: int
    rank: Rank
    fits: Callable[[Plan, Structure, FixedPoint], bool]
    known: Callable[[str], float | None]
    done: Callable[[str, float], None]

    def solve(self, members: Iterable[Structure], allowed: Allowed, climb: bool = False) -> list[Solution]:
        """The valid reduction of every member that has one, in the order of ``members``.

        Args:
            members: to try.
            allowed: largest drop.
            climb: try two bits at once, where one is too much (hill climbing).

        Raises:
            SearchError: a worker failed; names the candidate.
        """
        found = self._map(list(members), lambda s: self._solve(s, allowed, climb))
        return [solution for solution in found if solution is not None]

    def best(self, members: Iterable[Structure], allowed: Allowed, climb: bool = False) -> Solution | None:
        """The first of ``solve`` by rank; what cannot win is not evaluated to the end."""
        lock = threading.Lock()
        leading: list[Solution] = []

        def try_(structure: Structure) -> None:
            with lock:
                leader = leading[0] if leading else None
            found = self._solve(structure, allowed, climb, leader)
            with lock:
                if found is not None and (not leading or found.rank < leading[0].rank):
                    leading[:] = [found]

        # Long words first: where several bits can go at once, those that lose one at a time need not be tried.
        self._map(sorted(members, key=lambda s: format_of(self.on_metric.plan, s).width <= GRADUAL), try_)
        return leading[0] if leading else None

    def _map(self, members: Sequence[Structure], work: Callable[[Structure], T]) -> list[T]:
        count = min(self.on_metric.count, len(members))
        if count <= 1:
            return [work(s) for s in members]
        with ThreadPoolExecutor(count) as pool:
            return list(pool.map(work, members))

    def _solve(
        self, structure: Structure, allowed: Allowed, climb: bool, leader: Solution | None = None
    ) -> Solution | None:
        fmt = format_of(self.on_metric.plan, structure)
        low, high = (2, 2) if climb else (1, 1 if fmt.width <= GRADUAL else fmt.width - 1)
        if low < high:
            leader = None  # more bits than the leader's may be possible even where as many are worse
        elif leader is not None and leader.bits > low:
            return None
        solution = None
        while low <= high:
            bits = -(-(low + high) // 2)
            found = self._reduce(structure, fmt, bits, allowed, leader) if bits < fmt.width else None
            if found is None:
                high = bits - 1
            else:
                solution, low = found, bits + 1
        return solution

    def _reduce(
        self, structure: Structure, fmt: FixedPoint, bits: int, allowed: Allowed, leader: Solution | None
    ) -> Solution | None:
        shorter = replace(fmt, width=fmt.width - bits)
        assert isinstance(fmt.frac, int)  # noqa: S101 - layer-wise formats
        frac, cost = best_fraction(
            lambda frac, bound: self._cost(structure, replace(shorter, frac=frac), bound), fmt.frac - bits, self.reach
        )
        if cost == INFINITE or not self.fits(self.on_metric.plan, structure, replace(shorter, frac=frac)):
            return None
        drop, most = allowed(structure, bits), INFINITE
        if leader is not None and leader.bits == bits:
            drop, most = (min(drop, leader.drop), most) if self.rank == "metric" else (drop, leader.deviation)
        limit = self.loss_at(drop)
        found = self._candidate(structure, replace(shorter, frac=frac))
        loss, deviation = self._judge(found, limit + SLACK * max(1.0, abs(limit)), most)
        return None if loss == INFINITE else Solution(structure, bits, frac, self.drop_of(loss), deviation)

    def _cost(self, structure: Structure, fmt: FixedPoint, bound: float) -> float:
        own = self.cost.own(structure, fmt)
        if not self.cost.forwards or own >= bound:
            return own
        found = self._candidate(structure, fmt)
        name = f"cost of {found.name}"
        cost = self.known(name)
        if cost is None:
            cost = self.on_cost.loss(found, bound - own)
            if cost < INFINITE:
                self.done(name, cost)
        return own + cost if cost < bound - own else INFINITE

    def _candidate(self, structure: Structure, fmt: FixedPoint) -> Candidate:
        found = candidate(self.on_metric.plan, structure, fmt)
        return replace(found, name=f"{structure.key} {fmt.width} bits, fraction {fmt.frac}")

    def _judge(self, found: Candidate, bound: float, most: float) -> tuple[float, float]:
        """Loss of the metric and deviation; both infinite if not below ``bound``, or the deviation exceeds ``most``."""
        name, beside = f"metric of {found.name}", f"deviation of {found.name}"
        loss, deviation = self.known(name), self.known(beside) if self.rank == "deviation" else 0.0
        if loss is None or deviation is None:
            loss, deviation = self.on_metric.measure(found, bound, most)
            if loss < INFINITE:
                self.done(name, loss)
                if self.rank == "deviation":
                    self.done(beside, deviation)
        return (loss, deviation) if loss < bound and deviation <= most else (INFINITE, INFINITE)
