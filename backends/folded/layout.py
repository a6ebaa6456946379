"""Which channel lies in which lane of a memory word: in order, but for the parts of a concatenation, which begin a word
each, and depthwise convolutions of several filters, whose results lie filter by filter."""

from __future__ import annotations

from hlsq.backends.folded.tasks import Work
from hlsq.graph import QuantizedGraph
from hlsq.graph.ops import Concatenate

Layout = tuple[int, ...]
NONE = -1
"""No channel."""


def in_order(channels: int, word: int) -> Layout:
    """Channels one after the other in whole words."""
    lanes = -(-channels // word) * word
    return tuple(c if c < channels else NONE for c in range(lanes))


def layouts(work: Work, word: int) -> dict[str, Layout]:
    """Of every tensor and copy, by name.

    Args:
        work: the passes.
        word: lanes of a memory word.
    """
    graph = work.graph
    found = {item.name: in_order(item.shape[-1], word) for item in graph.inputs}
    made = {task.target: task for task in work.tasks}

    def of(name: str) -> Layout:
        if name not in found:
            found[name] = derive(name)
        return found[name]

    def derive(name: str) -> Layout:
        block = graph.by_name.get(name)
        if block is not None and isinstance(block.op, Concatenate):
            return side_by_side(graph, work, name, of)
        if name in work.aliases:
            return of(work.aliases[name])
        task = made.get(name)
        if task is None:  # fused into the pass of an addition, and nowhere in memory
            return in_order(work.shape(name)[-1], word)
        if task.mode == "mac":
            return in_order(task.window.target[2], word)
        source = of(work.root(task.source))
        filters = task.window.target[2] // task.window.source[2]
        return tuple(c if c == NONE else c * filters + j for j in range(filters) for c in source)

    for name in (*graph.by_name, *work.copies):
        of(name)
    return found


def side_by_side(graph: QuantizedGraph, work: Work, name: str, of: object) -> Layout:
    """That of a concatenation: its parts', each with the channels it gets there."""
    lanes: list[int] = []
    start = 0
    for part in parts_of(work, name):
        lanes += [c if c == NONE else c + start for c in of(part)]  # type: ignore[operator]
        start += work.shape(part)[-1]
    return tuple(lanes)


def parts_of(work: Work, name: str) -> list[str]:
    """Tensors that lie in concatenation ``name``, in order."""
    inside = {number: part for part, (whole, number) in work.parts.items() if whole == name}
    return [inside[number] for number in sorted(inside)]
