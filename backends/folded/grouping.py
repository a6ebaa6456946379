"""Which blocks share an engine where the user does not say: those whose weights make PEs of one kind and near widths.

Engines take turns, so that one is idle while another one works: two of them pay only if many products come with PEs
that cost much less than PEs that could compute everything. Of all ways to group blocks by the widths of their operands,
the one with the smallest product of LUTs and cycles is taken. A plan of one format gives one engine, and so does one
whose layers multiply and shift by turns; powers of two with a small last layer of integers give an array that shifts
and a few PEs that multiply.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from itertools import combinations, pairwise
from math import gcd, sqrt

from hlsq.backends.folded.codes import natural_form
from hlsq.backends.folded.engines import Assignment, EngineSpec, simplest_pe, task_form
from hlsq.backends.folded.layout import Layout, layouts
from hlsq.backends.folded.pieces import Multiplier
from hlsq.backends.folded.shapes import choose_array
from hlsq.backends.folded.tasks import Task, Work
from hlsq.backends.pes import PE, WeightForm, Widths
from hlsq.cost.units import unit_cost
from hlsq.errors import OptionError

DEFAULT_PES = 256
MOST_ENGINES = 4
POST_PROCESSING = 8
"""Values that an engine finishes a cycle, assumed for its cost."""
USUAL_WORD = 16
"""Lanes of a word, assumed before there is an array."""


@dataclass(frozen=True)
class Needs:
    """What PEs have to be able to do for some layers.

    Attributes:
        forms: of the weights.
        widths: of the operands.
    """

    forms: frozenset[WeightForm]
    widths: Widths

    def union(self, other: Needs) -> Needs:
        """Both."""
        a, b = self.widths, other.widths
        widths = Widths(max(a.tap, b.tap), max(a.code, b.code), max(a.max_exponent, b.max_exponent))
        return Needs(self.forms | other.forms, widths)


@dataclass(frozen=True)
class Group:
    """Passes that could share an engine.

    Attributes:
        tasks: with weights of their own.
        needs: of all of them.
        products: of one sample.
    """

    tasks: tuple[Task, ...]
    needs: Needs
    products: int

    @property
    def pe(self) -> type[PE]:
        """Those that can do it."""
        return simplest_pe(self.needs.forms)

    @cached_property
    def luts(self) -> float:
        """Of one PE, with its share of the adder tree."""
        widths = self.needs.widths
        return self.pe.luts(widths) + widths.tap + max(widths.code, widths.max_exponent)

    def union(self, other: Group) -> Group:
        """Both."""
        return Group(self.tasks + other.tasks, self.needs.union(other.needs), self.products + other.products)


NO_WEIGHTS = Group((), Needs(frozenset({"power"}), Widths(1, 1)), 1)
"""A network of pools and additions alone."""


def choose_engines(work: Work, pes: int | None, multiplier: Multiplier) -> Assignment:
    """Engines of at most ``pes`` PEs each (None: 256), and which of them runs each pass.

    Raises:
        OptionError: ``pes`` is no whole number above 0.
    """
    most = DEFAULT_PES if pes is None else pes
    if type(most) is not int or most < 1:
        raise OptionError(f"pes is {pes!r}; allowed: a whole number of PEs from 1 on")
    weighted = [task for task in work.tasks if task.block is not None and task.block.weights is not None]
    groups = _best_groups(work, weighted, most) if weighted else [NO_WEIGHTS]
    rest = max(range(len(groups)), key=lambda i: groups[i].products)
    counts = _pes_of(groups, most)
    others = tuple(task for task in work.tasks if task not in weighted)
    array = choose_array(work, [*groups[rest].tasks, *others], most)
    specs = []
    for number, group in enumerate(groups):
        own = array
        if number != rest:
            alone = any(task.mode != "mac" for task in group.tasks)
            # As many outputs as the large array has granules of a word for: a word cut finer takes many more memories.
            granule = gcd(array.outputs, array.taps)
            least = granule * (array.taps if alone else 1)
            own = choose_array(work, group.tasks, max(counts[number], least), array.taps, granule)
        specs.append(EngineSpec(f"engine{number}", group.pe.kind, own, multiplier))
    return Assignment(tuple(specs), {t.target: i for i, group in enumerate(groups) for t in group.tasks}, rest)


def _best_groups(work: Work, weighted: Sequence[Task], most: int) -> list[Group]:
    lanes = layouts(work, USUAL_WORD)
    alike: dict[Needs, Group] = {}
    for task in weighted:
        group = _alone(work, task, lanes)
        alike[group.needs] = group if group.needs not in alike else alike[group.needs].union(group)
    classes = sorted(alike.values(), key=lambda group: (group.luts, group.pe.kind))
    found = [[reduce(Group.union, part) for part in parts] for parts in _partitions(classes)]
    return min(found, key=lambda groups: _cost(groups, most))


def _alone(work: Work, task: Task, lanes: Mapping[str, Layout]) -> Group:
    assert task.block is not None and task.block.weights is not None and task.weights is not None  # noqa: S101, PT018
    natural = natural_form(task.block.weights)
    form = task_form(work, task, lanes, simplest_pe({natural}).kind, USUAL_WORD)
    assert form is not None  # noqa: S101 - such PEs can compute with it
    interval = work.interval(task.source)
    widths = Widths(interval.width + (not interval.signed), form.bits, form.max_exponent)
    return Group((task,), Needs(frozenset({natural}), widths), task.window.pixels * task.weights.size)


def _partitions(classes: Sequence[Group]) -> Iterator[list[Sequence[Group]]]:
    """Of classes in their order, into one part or a few."""
    count = len(classes)
    for cuts in range(min(count, MOST_ENGINES)):
        for inner in combinations(range(1, count), cuts):
            yield [classes[a:b] for a, b in pairwise([0, *inner, count])]


def _pes_of(groups: Sequence[Group], most: int) -> list[int]:
    """PEs of each engine, so that LUTs times cycles are fewest, at most ``most`` of any."""
    ideal = [sqrt(group.products / group.luts) for group in groups]
    return [max(1, round(most * share / max(ideal))) for share in ideal]


def _cost(groups: Sequence[Group], most: int) -> float:
    """LUTs times cycles, with at most ``most`` PEs of an engine."""
    counts = _pes_of(groups, most)
    fixed = POST_PROCESSING * unit_cost("requantise", "varying", 24, 8).lut + unit_cost("control", "nest", 5, 8).lut
    luts = sum(group.luts * count + fixed for group, count in zip(groups, counts, strict=True))
    return luts * sum(group.products / count for group, count in zip(groups, counts, strict=True))
