"""How parallel each block of a design is: as its reuse factor says, or as few PEs as a target leaves it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from hlsq.backends.vitis.limits import ToolLimits
from hlsq.backends.vitis.options import HardwareOptions
from hlsq.cost import (
    DEFAULT_REUSE,
    Products,
    Split,
    closest_split,
    nearest_reuse_factors,
    products_of,
    split,
    valid_reuse_factors,
)
from hlsq.cost.balance import Pace, Task, balanced, pace_of, tasks_of
from hlsq.cost.estimate.model import Estimate
from hlsq.cost.fit import fastest_fit
from hlsq.errors import OptionError
from hlsq.formats.packing import codes_per_word
from hlsq.graph import QBlock, QuantizedGraph


@dataclass(frozen=True, eq=False)
class Parallelism:
    """The choice of splits for one network.

    Attributes:
        graph: the network.
        options: what the user asks for.
        limits: of the tool.
        words: of a packet of every tensor.
        estimate: of the design with other splits.
        made: whether ``options`` are those of a design that was made: all factors are in them, whatever the target.
    """

    graph: QuantizedGraph
    options: HardwareOptions
    limits: ToolLimits
    words: Mapping[str, int]
    estimate: Callable[[Mapping[str, Split]], Estimate]
    made: bool = False

    @cached_property
    def tasks(self) -> tuple[Task, ...]:
        """All blocks that take cycles, with the splits that the tool can do."""
        most = {block.name: self._most_pes(block) for block in self.graph.blocks if block.weights is not None}
        return tasks_of(self.graph, self.words, most)

    @cached_property
    def splits(self) -> dict[str, Split]:
        """Steps of every block that computes.

        Raises:
            OptionError: a reuse factor that a block cannot have, or one of a block that there is not.
            ResourceError: a pace that a block cannot keep, or a part that nothing fits on.
        """
        given = self.options.reuse_factor
        if isinstance(given, Mapping):
            for name in given:
                if name != "default" and name not in self._computing:
                    raise OptionError.unknown("reuse_factor", name, [*self._computing, "default"])
            if self.options.has_target and "default" in set(given) - set(self._computing):  # blocks have any name
                raise self.options.reuse_for_all()
        if isinstance(given, int):
            self._check_reuse(given)
        target = self.options.interval
        if target is not None:
            return self._by_interval(target)
        if self.options.wants_fit and self.options.capacity is not None:
            return self._by_fit()
        return self._by_reuse()

    @property
    def note(self) -> str | None:
        """What of the target could not be done, in words."""
        if not self.options.wants_fit or self.options.capacity is not None:
            return None
        return f"what part {self.options.part} has is unknown, so reuse factors are those closest to {DEFAULT_REUSE}"

    @cached_property
    def pace(self) -> Pace | None:
        """What limits the pace; None if no block takes cycles."""
        return pace_of(self.tasks, self.splits)

    @cached_property
    def settled(self) -> HardwareOptions:
        """Options that give the same splits whatever is known of costs: with a target, every block's reuse factor."""
        if not self.options.has_target:
            return self.options
        factors = {name: s.reuse_factor for name, s in self.splits.items()}
        return replace(self.options, reuse_factor=factors, target="fit" if self.options.wants_fit else None)

    @cached_property
    def _computing(self) -> dict[str, Products]:
        """Products, or what is finished, of each block whose parallelism can be chosen."""
        return {task.name: task.splits[0].products for task in self.tasks if task.splits}

    def _by_reuse(self) -> dict[str, Split]:
        """Blocks with weights as their reuse factors say; others take the time of the slowest of them."""
        weights = {task.name: self._by_factor(self.graph.by_name[task.name]) for task in self.tasks if task.weights}
        took = [t.cycles.at(weights[t.name]) for t in self.tasks if t.weights]
        slowest = max(took, default=0)
        splits = dict(weights)
        for task in self.tasks:
            if task.splits and not task.weights:
                splits[task.name] = self._pinned(task) or task.within(slowest) or task.splits[0]
        return splits

    def _by_interval(self, interval: int) -> dict[str, Split]:
        """Blocks without a reuse factor of their own as slow as ``interval`` allows."""
        pinned = {task.name: found for task in self.tasks if (found := self._pinned(task)) is not None}
        if self._are_all_made(pinned):
            return pinned
        for task in self.tasks:
            if task.name in pinned and (took := task.cycles.at(pinned[task.name])) > interval:
                most = task.within(interval) or task.splits[0]
                raise OptionError(
                    f"reuse_factor {pinned[task.name].reuse_factor} of block {task.name!r} makes it take {took:,} "
                    f"cycles a sample, more than {self.options.asked}: give it at most {most.reuse_factor}, or leave "
                    "it out"
                )
        free = [task for task in self.tasks if task.name not in pinned]
        chosen = pinned | balanced(free, interval, self.options.asked)
        return {task.name: chosen[task.name] for task in self.tasks if task.splits}

    def _by_fit(self) -> dict[str, Split]:
        """Blocks without a reuse factor of their own as fast as fits, all alike."""
        kept = {task.name: found for task in self.tasks if (found := self._pinned(task)) is not None}
        if self._are_all_made(kept):
            return kept
        chosen = fastest_fit(self.tasks, kept, self.estimate)
        return {task.name: chosen[task.name] for task in self.tasks if task.splits}

    def _are_all_made(self, splits: Mapping[str, Split]) -> bool:
        """Whether the target has been reached by ``splits`` before, whatever is known of cycles and costs now."""
        return self.made and all(task.name in splits for task in self.tasks if task.splits)

    def _pinned(self, task: Task) -> Split | None:
        """The split that the user asked for by the name of the block."""
        wanted, by_name = self.options.reuse_for(task.name)
        if wanted is None or not by_name:
            return None
        if task.weights:
            return self._by_factor(self.graph.by_name[task.name])
        return split(task.name, task.splits[0].products, wanted)

    def _by_factor(self, block: QBlock) -> Split:
        """The split of a block with weights that its reuse factor, or the default, asks for."""
        products = products_of(block, self.graph, self.words)
        assert products is not None  # noqa: S101 - it has weights
        wanted, by_name = self.options.reuse_for(block.name)
        if wanted is None:
            chosen = closest_split(block.name, products, DEFAULT_REUSE)
            if self._overrun(block, chosen):
                chosen = split(block.name, products, self._enough(block, products, DEFAULT_REUSE))
        elif not by_name:
            chosen = split(block.name, products, _within(products, wanted))
        else:
            chosen = split(block.name, products, wanted)
        if found := self._overrun(block, chosen):
            enough = self._enough(block, products, 1)
            raise OptionError(
                f"block {block.name!r}: reuse factor {chosen.reuse_factor} asks for {found}: give it at least "
                f"{enough}, as in reuse_factor={{{block.name!r}: {enough}}}"
            )
        return chosen

    def _most_pes(self, block: QBlock) -> int:
        """PEs of ``block`` that the tool can do at once."""
        assert block.weights is not None  # noqa: S101 - the caller looked
        bits = block.weights.format.bits
        word = self.options.word_for(bits)
        return min(self.limits.loop_copies.most, self.limits.reshape_bits.most // word * codes_per_word(bits, word))

    def _overrun(self, block: QBlock, chosen: Split) -> str:
        """What ``chosen`` asks for that the tool cannot do, and how much of it that does; empty if it can."""
        assert block.weights is not None  # noqa: S101 - the caller looked
        bits = block.weights.format.bits
        word = self.options.word_for(bits)
        row = -(-chosen.pes // codes_per_word(bits, word)) * word
        asked = (
            ("PEs at once", chosen.pes, self.limits.loop_copies),
            ("bits of weights at once", row, self.limits.reshape_bits),
        )
        over = [
            f"{amount:,} {what}; Vitis HLS takes at most {limit.most:,}"
            for what, amount, limit in asked
            if amount > limit.most
        ]
        return over[0] if over else ""

    def _enough(self, block: QBlock, products: Products, least: int) -> int:
        """The smallest reuse factor from ``least`` on with which the tool can do what it asks for."""
        valid = valid_reuse_factors(products)
        fitting = (v for v in valid if v >= least and not self._overrun(block, split(block.name, products, v)))
        return next(fitting, valid[-1])

    def _check_reuse(self, wanted: int) -> None:
        """Refuse a factor for the whole network that some block cannot have, naming all such blocks at once."""
        products = {b.name: p for b in self.graph.blocks if (p := products_of(b, self.graph, self.words)) is not None}
        # A block with fewer products than that is served by a single PE, whatever the factor.
        # One whose input arrives in more packets takes a cycle for each.
        possible = {name: set(valid_reuse_factors(p)) for name, p in products.items() if p.packets <= wanted < p.total}
        failing = [name for name, valid in possible.items() if wanted not in valid]
        if not failing:
            return
        nearest = {name: nearest_reuse_factors(products[name], wanted) for name in failing}
        listed = "; ".join(f"{name!r}: {' or '.join(map(str, values))}" for name, values in nearest.items())
        common = sorted(
            factor
            for factor in set().union(*possible.values())
            if all(factor in valid_reuse_factors(p) or not p.packets <= factor <= p.total for p in products.values())
        )
        below = [c for c in common if c < wanted][-1:]
        above = [c for c in common if c > wanted][:1]
        example = {failing[0]: nearest[failing[0]][0]}
        raise OptionError(
            f"reuse_factor {wanted} is impossible for {len(failing)} of {len(products)} blocks; nearest valid for all: "
            f"{' or '.join(map(str, below + above)) or 'none'}; nearest valid by block: {listed}. Give factors of "
            f"single blocks, as in reuse_factor={example}, with which the others have theirs closest to "
            f"{DEFAULT_REUSE}; or none, and a target chooses them"
        )


def _within(products: Products, wanted: int) -> int:
    """``wanted``, or the nearest end of what is possible: a single PE, or a cycle for each packet of the input."""
    return min(max(wanted, products.packets), products.total)
