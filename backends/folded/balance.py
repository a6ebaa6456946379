"""Where a pipeline is cut, and how many PEs each stage gets, so that its slowest stage is as fast as can be."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from math import prod

from hlsq.backends.folded.grouping import USUAL_WORD
from hlsq.backends.folded.stages import Parts
from hlsq.graph import QuantizedGraph

NEAR = 0.005
"""Share of an interval that is not looked for more closely."""


def cut(graph: QuantizedGraph, units: Parts, count: int, pes: int) -> Parts:
    """``units`` in ``count`` groups of neighbours, of which the slowest is fastest.

    A group takes the cycles of its products on an equal share of the PEs, and those in which maps come and go.

    Args:
        graph: the network.
        units: blocks that stay together.
        count: of the groups, at most as many as units.
        pes: of all.
    """
    home = {name: n for n, unit in enumerate(units) for name in unit}
    products = [sum(_products(graph, name) for name in unit) for unit in units]
    # Maps between two units, by where they come from and the last one that reads them.
    maps = [
        (home.get(name, -1), max((home[b.name] for b in graph.consumers(name) if b.name in home), default=len(units)))
        for name in graph.shapes
    ]
    words = [prod(shape[:-1]) * -(-shape[-1] // USUAL_WORD) for shape in graph.shapes.values()]

    def cycles(first: int, end: int) -> float:
        """Of units ``first`` to ``end - 1`` as a stage."""
        inside = range(first, end)
        moved = sum(
            size
            for (source, last), size in zip(maps, words, strict=True)
            if (source < first <= last and last < end) or (source in inside and last >= end)
        )
        return sum(products[first:end]) / max(1, pes / count) + moved

    # best[k][e]: the slowest of k groups of the first e units, and where the last one begins.
    best: list[dict[int, tuple[float, int]]] = [{0: (0.0, 0)}]
    for k in range(1, count + 1):
        row = {}
        for end in range(k, len(units) - (count - k) + 1):
            row[end] = min((max(best[k - 1][b][0], cycles(b, end)), b) for b in best[k - 1] if b < end)
        best.append(row)
    ends = [len(units)]
    for k in range(count, 0, -1):
        ends.append(best[k][ends[-1]][1])
    borders = ends[::-1]
    return tuple(tuple(name for unit in units[a:b] for name in unit) for a, b in pairwise(borders))


def _products(graph: QuantizedGraph, name: str) -> int:
    block = graph.by_name[name]
    return 0 if block.weights is None else prod(block.shape[:-1]) * int(block.weights.values.size)


def shared_pes(count: int, pes: int, run: Callable[[int, int], tuple[int, int]]) -> list[int]:
    """PEs of each of ``count`` stages: the fewest that keep the shortest interval of which ``pes`` are enough.

    Args:
        count: of the stages.
        pes: of all; more where a stage with a single one needs more.
        run: cycles of a stage, and PEs that it really has, by its number and the most PEs it may have.
    """
    choices = _choices(pes)

    def fewest(stage: int, interval: float) -> int | None:
        """The first of ``choices`` with which a stage takes no more; None if it always does."""
        low, high = -1, len(choices)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if run(stage, choices[middle])[0] <= interval else (middle, high)
        return choices[high] if high < len(choices) else None

    def keeping(interval: float) -> list[int] | None:
        """PEs of all stages that keep ``interval``; None if they are too many."""
        found: list[int] = []
        left = pes
        for stage in range(count):
            few = fewest(stage, interval)
            if few is None or (left := left - run(stage, few)[1]) < 0:
                return None
            found.append(few)
        return found

    best = [1] * count
    slow = max(run(stage, 1)[0] for stage in range(count))
    fast = 1.0
    while slow > fast * (1 + NEAR):
        middle = (slow * fast) ** 0.5
        if (found := keeping(middle)) is None:
            fast = middle
        else:
            best = found
            slow = max(run(stage, few)[0] for stage, few in enumerate(best))
    return best


def _choices(pes: int) -> list[int]:
    """Numbers of PEs that are looked at, up to ``pes``: all small ones, then an eighth more each."""
    found, last = [1], 1
    while last < pes:
        last = min(pes, last + max(1, last // 8))
        found.append(last)
    return found
