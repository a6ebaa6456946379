"""Parallelism for a pace: each block as many cycles, and so as few PEs, as the interval between samples leaves it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from hlsq.cost.iterations import LoopCycles, loop_cycles
from hlsq.cost.products import finished_of, products_of
from hlsq.cost.reuse import Products, Split, pareto_splits
from hlsq.counted import counted
from hlsq.errors import ResourceError
from hlsq.graph import QuantizedGraph


@dataclass(frozen=True)
class Task:
    """A block that takes cycles, and the parallelism it can have.

    Attributes:
        name: of the block.
        splits: cycles ascending, PEs (or values that are finished at once) descending; empty for a block that only
            hands values on.
        cycles: of its loop.
        weights: whether it has weights, so that the parallel units of its splits are PEs.
        capped: whether the tool forbids splits that are faster than all of these.
        arriving: words in which a position comes, those of the input that has most.
        leaving: words in which one goes.
    """

    name: str
    splits: tuple[Split, ...]
    cycles: LoopCycles
    weights: bool = False
    capped: bool = False
    arriving: int = 1
    leaving: int = 1

    @property
    def fastest(self) -> int:
        """Cycles a sample at most parallelism."""
        return self.cycles.at(self.splits[0] if self.splits else None)

    @property
    def intervals(self) -> list[int]:
        """Cycles a sample with each of ``splits``, or the only ones it can have."""
        return [self.cycles.at(s) for s in self.splits] or [self.fastest]

    def within(self, interval: int) -> Split | None:
        """The split with the fewest PEs that takes at most ``interval`` cycles a sample; None if none does."""
        count = bisect_right(self.intervals, interval) if self.splits else 0
        return self.splits[count - 1] if count else None


@dataclass(frozen=True)
class Pace:
    """What limits how fast samples follow each other.

    Attributes:
        block: the slowest, the first of several.
        interval: cycles it takes a sample.
        fastest: cycles it would take at most parallelism.
        pes: its number; 0 for a block without.
        most_pes: its number at most parallelism.
        capped: whether the tool, and not its streams, sets that bound.
        arriving: words in which a position comes.
        leaving: words in which one goes.
    """

    block: str
    interval: int
    fastest: int
    pes: int
    most_pes: int
    capped: bool
    arriving: int = 1
    leaving: int = 1

    @classmethod
    def of(cls, task: Task, split: Split | None) -> Pace:
        """The pace of one block."""
        interval = task.cycles.at(split)
        pes, most = (split.pes, task.splits[0].pes) if task.weights and split is not None else (0, 0)
        return cls(task.name, interval, task.fastest, pes, most, task.capped, task.arriving, task.leaving)

    @property
    def can_go_faster(self) -> bool:
        """Whether more PEs would help it."""
        return self.fastest < self.interval

    @property
    def sentence(self) -> str:
        """In words."""
        what = f"block {self.block!r} sets the pace with {counted(self.interval, 'cycle')} a sample"
        if self.can_go_faster:
            more, most = ("PEs", f"{self.most_pes:,} PEs") if self.most_pes else ("parallelism", "all outputs at once")
            return f"{what}; more {more} would help it: {counted(self.fastest, 'cycle')} with {most} at most"
        return f"{what}; more PEs cannot help it: {self.reason}"

    @property
    def reason(self) -> str:
        """Why it can take no fewer than ``fastest`` cycles."""
        if self.capped:
            return "the next faster way has more PEs at once than Vitis HLS can do"
        if self.arriving == self.leaving == 1:
            return "its input stream brings one position a cycle"
        comes = f"comes in {self.arriving} words" if self.arriving > 1 else ""
        goes = f"goes in {self.leaving} words" if self.leaving > 1 else ""
        return f"its streams carry one word a cycle, and a position {' and '.join(filter(None, (comes, goes)))}"


def tasks_of(
    graph: QuantizedGraph, words: Mapping[str, int] | None = None, most_pes: Mapping[str, int] | None = None
) -> tuple[Task, ...]:
    """What takes cycles in the hardware of ``graph``, in its order.

    Args:
        graph: the network.
        words: of a packet of every tensor (see ``stream_words``); None for one each.
        most_pes: that the tool takes, by block with weights; None for any number.
    """

    def transfers(name: str) -> int:
        return 1 if words is None else words[name]

    found = []
    for block in graph.blocks:
        cycles = loop_cycles(graph, block, words)
        if cycles == LoopCycles(0, 0):
            continue
        products = products_of(block, graph, words) or finished_of(block, graph)
        splits = () if products is None else _fewest(products, cycles)
        most = (most_pes or {}).get(block.name)
        allowed = splits if most is None else tuple(s for s in splits if s.pes <= most)
        allowed = allowed or splits[-1:]  # a single PE is more than the tool takes only where its weight is
        capped = len(allowed) < len(splits)
        arriving, leaving = max(map(transfers, block.inputs)), transfers(block.name)
        found.append(Task(block.name, allowed, cycles, block.weights is not None, capped, arriving, leaving))
    return tuple(found)


@lru_cache(maxsize=4096)
def _fewest(products: Products, cycles: LoopCycles) -> tuple[Split, ...]:
    """Splits that have fewer PEs than all that take as few cycles, or as many that finish fewer outputs at a time."""
    found: list[Split] = []
    for one in sorted(pareto_splits(products), key=lambda s: (cycles.at(s), s.size)):
        if not found or one.size < found[-1].size:
            found.append(one)
    return tuple(found)


def balanced(tasks: Sequence[Task], interval: int, asked: str) -> dict[str, Split]:
    """The fewest PEs with which each block takes at most ``interval`` cycles a sample.

    Args:
        tasks: those whose parallelism is free.
        interval: cycles.
        asked: what the user asked for, for messages.

    Raises:
        ResourceError: a block cannot keep that pace; names the slowest, its cycles, and the fastest pace there is.
    """
    slowest = max(tasks, key=lambda task: task.fastest, default=None)
    if slowest is not None and slowest.fastest > interval:
        found = Pace.of(slowest, slowest.splits[0] if slowest.splits else None)
        with_pes = f" with {found.most_pes:,} PEs" if found.most_pes else ""
        raise ResourceError(
            f"{asked}: block {slowest.name!r} takes {slowest.fastest:,} cycles a sample{with_pes}, and cannot take "
            f"fewer: {found.reason}; no block of this network needs more: give target_interval={slowest.fastest} or "
            "more"
        )
    return {task.name: chosen for task in tasks if (chosen := task.within(interval)) is not None}


def pace_of(tasks: Sequence[Task], splits: Mapping[str, Split]) -> Pace | None:
    """What limits the pace of a network whose ``tasks`` have ``splits``; None if nothing in it takes cycles."""
    paces = [Pace.of(task, splits.get(task.name)) for task in tasks]
    return max(paces, key=lambda pace: pace.interval, default=None)
