"""Where each feature map lies: memory by memory, from the pass that writes it to the last one that reads it."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from hlsq.backends.folded.layout import Layout, parts_of
from hlsq.backends.folded.pieces import Place
from hlsq.backends.folded.tasks import Work

AFTER_ALL = 1 << 30


@dataclass(frozen=True)
class Storage:
    """Something that needs memory: a tensor, or a concatenation with all its parts.

    Attributes:
        name: of the tensor.
        words: in every bank.
        first: number of the pass that begins to write it, -1 for inputs.
        last: number of the last pass that reads it.
    """

    name: str
    words: int
    first: int
    last: int


@dataclass(frozen=True)
class Allocation:
    """Places by tensor, and the depth of each memory in words."""

    places: dict[str, Place]
    depth: tuple[int, ...]


def allocate(work: Work, layouts: dict[str, Layout], word: int, banks: int) -> Allocation:
    """Places of all tensors that lie in memory.

    Args:
        work: the passes.
        layouts: of all tensors.
        word: lanes of a memory word.
        banks: of each memory.
    """
    storages = storages_of(work, layouts, word, banks)
    memory = _memories(work, storages)
    count = 1 + max(memory.values(), default=0)
    base: dict[str, int] = {}
    depth = []
    for number in range(count):
        inside = [s for s in storages.values() if memory[s.name] == number]
        found, peak = _packed(inside)
        base |= found
        depth.append(peak)
    places = {}
    for name in [*(i.name for i in work.graph.inputs), *work.graph.by_name, *work.copies]:
        top, offset = _top(work, layouts, word, name)
        if top in storages:
            pitch = len(layouts[top]) // word
            places[name] = Place(memory[top], base[top], pitch, offset, layouts[work.root(name)])
    return Allocation(places, tuple(depth))


def _top(work: Work, layouts: dict[str, Layout], word: int, name: str) -> tuple[str, int]:
    """The tensor that holds ``name`` with all that lies beside it, and where in it, in words of a pixel."""
    offset = 0
    name = work.root(name)
    while name in work.parts:
        whole, number = work.parts[name]
        before = parts_of(work, whole)[:number]
        offset += sum(len(layouts[part]) for part in before) // word
        name = work.root(whole)
    return name, offset


def storages_of(work: Work, layouts: dict[str, Layout], word: int, banks: int) -> dict[str, Storage]:
    """All that needs memory, by name."""
    first: dict[str, int] = {}
    last: dict[str, int] = {}

    def seen(name: str, written: int | None, read: int | None) -> None:
        top = _top(work, layouts, word, name)[0]
        if written is not None:
            first[top] = min(first.get(top, AFTER_ALL), written)
        last[top] = max(last.get(top, -1), -1 if read is None else read)

    read_by_any = {work.root(name) for task in work.tasks for name in task.reads}
    read_by_any |= {_top(work, layouts, word, name)[0] for name in read_by_any}
    for item in work.graph.inputs:
        seen(item.name, -1, None)
    for number, task in enumerate(work.tasks):
        top = _top(work, layouts, word, task.target)[0]
        if task.target in read_by_any or top in read_by_any or top != task.target:
            seen(task.target, number, number)
        for name in task.reads:
            seen(name, None, number)
    found = {}
    for top, start in first.items():
        pixels = prod(work.shape(top)[:-1])
        found[top] = Storage(top, -(-pixels // banks) * (len(layouts[top]) // word), start, last[top])
    return found


def _memories(work: Work, storages: dict[str, Storage]) -> dict[str, int]:
    """Two memories where additions are fused, so that a pass reads its operands beside its taps; else a single one."""
    apart: dict[str, set[str]] = {name: set() for name in storages}
    for task in work.tasks:
        source = _holder(work, storages, task.source)
        for name in task.operands:
            other = _holder(work, storages, name)
            if other != source:
                apart[source].add(other)
                apart[other].add(source)
    memory: dict[str, int] = {}
    if not any(apart.values()):
        return dict.fromkeys(storages, 0)
    size = [0, 0]
    for name in sorted(storages, key=lambda s: (storages[s].first, s)):
        if name in memory:
            continue
        # A chain of tensors that must lie apart alternates; where that is impossible, taps wait for operands.
        start = 0 if size[0] <= size[1] else 1
        waiting = [(name, start)]
        while waiting:
            here, number = waiting.pop()
            if here in memory:
                continue
            memory[here] = number
            size[number] += storages[here].words
            waiting += [(other, 1 - number) for other in sorted(apart[here])]
    return memory


def _holder(work: Work, storages: dict[str, Storage], name: str) -> str:
    name = work.root(name)
    while name not in storages:
        name = work.root(work.parts[name][0])
    return name


def _packed(storages: list[Storage]) -> tuple[dict[str, int], int]:
    """Base addresses, and words of all: the better of two orders, the largest first and the earliest first."""
    orders = (lambda s: (-s.words, s.first, s.name), lambda s: (s.first, -s.words, s.name))
    return min((_first_fit(sorted(storages, key=order)) for order in orders), key=lambda found: found[1])


def _first_fit(storages: list[Storage]) -> tuple[dict[str, int], int]:
    base: dict[str, int] = {}
    placed: list[Storage] = []
    for item in storages:
        beside = sorted(
            (base[p.name], base[p.name] + p.words) for p in placed if p.first <= item.last and item.first <= p.last
        )
        start = 0
        for low, high in beside:
            if start + item.words <= low:
                break
            start = max(start, high)
        base[item.name] = start
        placed.append(item)
    return base, max((base[s.name] + s.words for s in storages), default=0)
