"""The network designer of FxP-QNet: word lengths, one reduction after the other (Algorithm 2, part 1)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from hlsq.errors import FormatError, SearchError
from hlsq.plan import Plan
from hlsq.progress import progress_bar
from hlsq.schemes.fxp.averages import average_text
from hlsq.schemes.fxp.clusters import Cluster, clusters
from hlsq.schemes.fxp.reduction import Allowed, Competition, Solution
from hlsq.schemes.fxp.rounds import EFFORT, REDUCE
from hlsq.schemes.fxp.structures import Structure, Structures, candidate, format_of, with_format
from hlsq.schemes.fxp.sum_limit import SumLimit
from hlsq.search.state import State

CompetitionKind = Literal["full", "lazy"]
COMPETITIONS: tuple[CompetitionKind, ...] = ("full", "lazy")


@dataclass(eq=False)
class NetworkDesigner:
    """Shortens data-structures as long as the metric allows.

    Traverses the clusters in episodes: those of activations and weights until none of their members can be reduced any
    further, then those of the other parameters, then again, until an episode changes nothing. In the first traversal a
    reduction may cost no more than the data-structure's share of the allowed drop (eq. 24), later up to all of it; the
    other parameters may cost nothing that is not lost already.

    Args:
        structures: of the network.
        competition: tries reductions; its evaluators hold the plan to begin with, ``replayed`` from the state.
        max_drop: largest drop of the metric against the float network (Delta_thld).
        stages: into how many equal steps the drop is divided; all clusters are traversed with each before the next.
        start_drop: that of the plan to begin with.
        kind: ``"full"`` lets all members of a cluster compete for every reduction, as the paper does; ``"lazy"`` tries
            the one that came second before, and takes it unless it has fallen behind others.
        state: what an earlier run has found, and where this one writes.
        reserve: what of the allowed drop is kept, given the plan reached.
        sums: which sums are too long; those are shortened before anything else.
        most: reductions to make; None for all that are allowed. A longer search begins with those of a shorter one.
    """

    structures: Structures
    competition: Competition
    max_drop: float
    start_drop: float
    kind: CompetitionKind
    stages: int
    state: State
    reserve: Callable[[], float]
    sums: SumLimit
    most: int | None = None
    plan: Plan = field(init=False)
    drop: float = field(init=False)
    entries: list[dict[str, Any]] = field(init=False, default_factory=list)
    _totals: dict[str, int] = field(init=False)
    _waiting: dict[str, dict[str, Solution]] = field(init=False, default_factory=dict)
    _failed: dict[str, int] = field(init=False, default_factory=dict)
    _changes: int = field(init=False, default=0)
    _share: float = field(init=False, default=1.0)

    def __post_init__(self) -> None:
        self.drop = self.start_drop
        self.plan = self.competition.on_metric.plan
        kinds = {s.kind for s in self.structures.all}
        self._totals = {kind: sum(s.size for s in self.structures.all if s.kind == kind) for kind in kinds}
        self._earlier = [entry for entry in self.state.rounds if entry["stage"] == REDUCE]

    def run(self, progress: bool | None = None) -> Plan:
        """Reduce until nothing more can be reduced.

        Raises:
            SearchError: a worker failed; names the candidate.
        """
        levels = clusters(self.structures.all)
        with progress_bar(None, "reduce", "bit", progress) as bar:
            self._shorten_sums(bar)
            for stage in range(1, self.stages + 1):
                self._share = stage / self.stages
                self._failed.clear()
                self._traverse(levels, stage == 1, bar)
                if self.complete:
                    break
        return self.plan

    @property
    def complete(self) -> bool:
        """Whether there are as many reductions as were asked for."""
        return self.most is not None and self._changes >= self.most

    def _traverse(self, levels: Mapping[int, tuple[Cluster, ...]], first: bool, bar: Any) -> None:
        """Episodes until one of them changes nothing."""
        visit = {1: True, 2: True}
        level = 1
        while True:
            visit[level] = False
            for cluster in levels[level]:
                while not self.complete and (taken := self._reduce(cluster, first)) is not None:
                    self._count(taken, bar)
                    visit = {1: True, 2: True}
            if not visit[level]:
                level = 3 - level
            first = False
            if self.complete or not visit[level]:
                return

    def _shorten_sums(self, bar: Any) -> None:
        """Reductions of what takes part in sums that are too long, at any loss that is allowed, until none is."""
        while not self.complete and (beyond := self.sums.beyond(self.plan)):
            members = self.sums.members(self.plan, self.structures)
            taken = self._reduce(Cluster(0, len(members), members), False)
            if taken is None:
                longest = max(beyond.values())
                needs = ", ".join(f"{name!r} needs {bits} bits" for name, bits in beyond.items())
                raise SearchError(
                    f"sum_bits={self.sums.bits}: sums of {needs} at the shortest words that the allowed drop of "
                    f"{self.max_drop:g} leaves; give sum_bits={longest}, a larger max_drop, or shorter words to begin "
                    "with there, as in widths={'LAYER.weight': 4}"
                )
            self._count(taken, bar)

    def _count(self, taken: Solution, bar: Any) -> None:
        self.drop = taken.drop
        self._changes += 1
        bar.update(taken.bits)
        bar.set_postfix_str(f"drop {self.drop:.4f}, {average_text(self.plan, self.structures)}")

    def _reduce(self, cluster: Cluster, first: bool) -> Solution | None:
        """The reduction that wins in ``cluster``, or None."""
        visited = f"{cluster.key}{' first' if first else ''}"
        if self._failed.get(visited) == self._changes:
            return None  # nothing has changed since it had none
        if self._earlier:
            entry = self._earlier.pop(0)  # the competition's plan has it already, see ``replayed``
            members = [s.key for s in cluster.members]
            if entry["cluster"] != cluster.key or entry["taken"] not in (None, *members):
                raise SearchError(
                    f"{self.state.path}: the reduction of {entry['taken']!r} in cluster {entry['cluster']!r} is none "
                    f"of this search, which comes to cluster {cluster.key!r} there; leave the state out to start again"
                )
            self.entries.append(entry)
        else:
            start, before = time.monotonic(), self._counts()
            entry = self._compete(cluster, first)
            if entry["taken"] is not None:
                self._move(self._read(entry["taken"], entry["solution"]))
            after = self._counts()
            made = {name: after[name] - before[name] for name in after}
            entry |= {**made, "seconds": round(time.monotonic() - start, 3)}
            self.state.finish(entry)
            self.entries.append(entry)
        self._waiting = {cluster.key: {k: self._read(k, s) for k, s in entry["waiting"].items()}}
        if entry["taken"] is None:
            self._failed[visited] = self._changes
            return None
        return self._read(entry["taken"], entry["solution"])

    def _compete(self, cluster: Cluster, first: bool) -> dict[str, Any]:
        members = [s for s in cluster.members if format_of(self.plan, s).width > 1]
        allowed = self._allowed(cluster, first)
        found: dict[str, Solution] = {}
        if self.kind == "full":
            best = self.competition.best
            taken = best(members, allowed) or best(members, allowed, climb=True)
        else:
            solve = self.competition.solve
            solutions = self._lazily(cluster, members, allowed) or solve(members, allowed)
            found = {s.structure.key: s for s in solutions or solve(members, allowed, climb=True)}
            taken = min(found.values(), key=lambda s: s.rank, default=None)
        # What lost is tried first the next time, and so is the winner, which may well win again.
        return {
            "stage": REDUCE,
            "cluster": cluster.key,
            "taken": None if taken is None else taken.structure.key,
            "solution": None if taken is None else _plain(taken),
            "waiting": {key: _plain(solution) for key, solution in found.items()},
        }

    def _lazily(self, cluster: Cluster, members: list[Structure], allowed: Allowed) -> list[Solution]:
        """Fresh solutions, the best among them better than what is waiting; empty if no waiting one is still valid."""
        names = {s.key for s in members}
        waiting = {k: s for k, s in self._waiting.get(cluster.key, {}).items() if k in names}
        fresh: dict[str, Solution] = {}
        while waiting:
            best = min((*waiting.values(), *fresh.values()), key=lambda s: s.rank)
            if best.structure.key in fresh:
                break
            del waiting[best.structure.key]
            for solution in self.competition.solve([best.structure], allowed):
                fresh[solution.structure.key] = solution
        return [*fresh.values(), *waiting.values()] if fresh else []

    def _allowed(self, cluster: Cluster, first: bool) -> Allowed:
        limit = (self.max_drop - self.reserve()) * self._share
        if cluster.level == 2:
            none_further = max(self.drop, 0.0)
            return lambda structure, bits: none_further
        if first:
            # Several bits of a large share could otherwise be allowed more than there is to lose.
            return lambda structure, bits: limit * min(bits * structure.size / self._totals[structure.kind], 1.0)
        return lambda structure, bits: limit

    def _counts(self) -> dict[str, int]:
        evaluators = dict.fromkeys((self.competition.on_metric, self.competition.on_cost))
        return {name: sum(getattr(e, name) for e in evaluators) for name in EFFORT}

    def _move(self, solution: Solution) -> None:
        fmt = solution.change(format_of(self.plan, solution.structure))
        change = candidate(self.plan, solution.structure, fmt)
        for evaluator in dict.fromkeys((self.competition.on_metric, self.competition.on_cost)):
            evaluator.move(change)
        self.plan = self.competition.on_metric.plan

    def _read(self, key: str, solution: Mapping[str, Any]) -> Solution:
        return Solution(self.structures.by_key[key], **solution)


def replayed(plan: Plan, structures: Structures, state: State, most: int | None = None) -> Plan:
    """``plan`` after the (first ``most``) reductions that an earlier run has left in ``state``."""
    taken = [entry for entry in state.rounds if entry["stage"] == REDUCE and entry["taken"] is not None]
    for entry in taken[:most]:
        structure = structures.by_key[entry["taken"]]
        solution = Solution(structure, **entry["solution"])
        try:
            plan = with_format(plan, structure, solution.change(format_of(plan, structure)))
        except FormatError as error:
            raise SearchError(f"{state.path}: the reduction of {structure.key!r} is impossible: {error}") from None
    return plan


def effort(entries: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """Block evaluations and seconds of competitions, whichever run they took place in."""
    found = list(entries)
    return {name: sum(entry[name] for entry in found) for name in (*EFFORT, "seconds")}


def _plain(solution: Solution) -> dict[str, Any]:
    return {"bits": solution.bits, "frac": solution.frac, "drop": solution.drop, "deviation": solution.deviation}
