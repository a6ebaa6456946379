"""The shape of an array of PEs: of those with about the fewest cycles, the one with the fewest LUTs times cycles."""

from __future__ import annotations

from collections.abc import Sequence

from hlsq.backends.folded.array_costs import array_luts
from hlsq.backends.folded.engines import EngineSpec, task_loops
from hlsq.backends.folded.layout import layouts
from hlsq.backends.folded.pieces import Array
from hlsq.backends.folded.tasks import Task, Work

MOST_TAPS = 64
MOST_POSITIONS = 32
NEAR = 0.03
"""Share of the fewest cycles that a shape may take more: wide words and many positions save a few for many LUTs."""
USUAL_WORD = 16
"""Lanes of a memory word that need no reason; wider ones, with as many lanes of post-processing, have to cost less by
LUTs times cycles."""


def choose_array(work: Work, tasks: Sequence[Task], pes: int, word: int | None = None, granule: int = 1) -> Array:
    """The array of at most ``pes`` PEs with the fewest LUTs times cycles, of those with about the fewest cycles.

    Args:
        work: all passes.
        tasks: those that run on the array.
        pes: at least ``granule``, and ``word`` times that where channels meet weights of their own.
        word: lanes of a memory word, where they are given; else a word is as wide as the array.
        granule: the array's outputs are a multiple of it.
    """
    found: list[tuple[int, int, Array]] = []
    lanes_alone = any(task.mode != "mac" for task in tasks)
    taps = 1 if word is None or not lanes_alone else word
    while taps <= min(pes, MOST_TAPS if word is None else word):
        width = taps if word is None else word
        words = {name: len(layout) // width for name, layout in layouts(work, width).items()}
        for positions in range(1, min(pes // taps, MOST_POSITIONS) + 1):
            most = pes // (taps * positions)
            for outputs in {most, most // 2 * 2, most // 4 * 4, most // 8 * 8, 1 << (most.bit_length() - 1)} - {0}:
                if outputs % granule:
                    continue
                spec = EngineSpec("", "shift", Array(taps, outputs, positions))
                cycles = sum(task_loops(work, task, spec, words, width, False).cycles(positions) for task in tasks)
                found.append((array_luts(spec, width, lanes_alone), cycles, spec.array))
        taps *= 2
    usual = [item for item in found if word is not None or item[2].taps <= USUAL_WORD]
    enough = min(cycles for _, cycles, _ in usual) * (1 + NEAR)
    best = min((item for item in usual if item[1] <= enough), key=_price)
    faster = [item for item in found if item not in usual and item[1] < best[1]]
    return min([best, *faster], key=_price)[2]


def _price(item: tuple[int, int, Array]) -> tuple[int, int]:
    """LUTs times cycles; of as many, cycles."""
    luts, cycles, _ = item
    return luts * cycles, cycles
