"""What a greedy search decides: which blocks leave the formats of a start plan for wider ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

from numpy.typing import NDArray

from hlsq.graph import Graph
from hlsq.plan import BlockPlan, Plan
from hlsq.search.fingerprint import Fingerprint
from hlsq.search.scoring import Scoring

Rank = Literal["metric", "metric_per_byte"]


@dataclass(frozen=True)
class Change:
    """A block at one of its levels: 0 is the start plan's formats, 1 the first of those beyond."""

    name: str
    level: int = 1


@dataclass(frozen=True, eq=False)
class Problem:
    """A plan and the formats that its blocks may take instead, one block at a time.

    Args:
        graph: float network.
        start: plan without any change.
        levels: block name to the formats it can take instead, each level with more bits for the weights than the one
            before; the order of blocks decides ties.
        inputs: real evaluation samples, name to [samples, ...].
        scoring: of the outputs; it knows the labels.
        labels: for the fingerprint.
        rank: by what a change is judged: the metric with it, or by how much it raises the metric for every byte of
            weights that it adds.
    """

    graph: Graph
    start: Plan
    levels: Mapping[str, Sequence[BlockPlan]]
    inputs: Mapping[str, NDArray[Any]]
    scoring: Scoring
    labels: Any = None
    rank: Rank = "metric"

    @property
    def samples(self) -> int:
        """Number of evaluation samples."""
        return len(next(iter(self.inputs.values())))

    @property
    def everything(self) -> list[Change]:
        """Every block at its last level."""
        return [Change(name, len(levels)) for name, levels in self.levels.items()]

    def left(self, taken: Sequence[Change]) -> list[Change]:
        """The changes that are possible after ``taken``: every block to any level beyond its own."""
        held = {change.name: change.level for change in taken}
        return [
            Change(name, level)
            for name, levels in self.levels.items()
            for level in range(held.get(name, 0) + 1, len(levels) + 1)
        ]

    def formats(self, changes: Sequence[Change]) -> dict[str, BlockPlan]:
        """The formats of the blocks that ``changes`` names; of several changes to one block the last."""
        return {change.name: self.levels[change.name][change.level - 1] for change in changes}

    def plan(self, changes: Sequence[Change]) -> Plan:
        """The start plan with ``changes``."""
        return replace(self.start, blocks={**self.start.blocks, **self.formats(changes)})

    def label(self, change: Change) -> str:
        """Name of ``change`` for messages and the state: the block's, with its bits where there is a choice."""
        if len(self.levels[change.name]) == 1:
            return change.name
        return f"{change.name} with {self._format_bits(self.levels[change.name][change.level - 1])} bits"

    def weight_bits(self, taken: Sequence[Change], name: str) -> int:
        """Bits of all weights of block ``name`` after the changes ``taken``."""
        formats = {**self.start.blocks, **self.formats(taken)}[name]
        kernel = next(block.kernel for block in self.graph.blocks if block.name == name)
        return 0 if kernel is None else kernel.size * self._format_bits(formats)

    @staticmethod
    def _format_bits(formats: BlockPlan) -> int:
        return 0 if formats.weight is None else formats.weight.bits

    @cached_property
    def fingerprint(self) -> str:
        """Hash of everything that decides the result (of a metric function its name)."""
        levels = [[name, [formats.to_dict() for formats in levels]] for name, levels in self.levels.items()]
        content = [levels, self.scoring.name, self.rank]
        found = Fingerprint().graph(self.graph).plan(self.start).json(content)
        return found.samples(self.inputs, self.labels).hexdigest()
