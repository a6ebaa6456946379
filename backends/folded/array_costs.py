"""Roughly what an array takes, to tell apart shapes of as many PEs; ``hlsq.cost.folded`` estimates the whole design."""

from __future__ import annotations

from hlsq.backends.folded.engines import EngineSpec

PE = 30
SUM_BITS = 20
"""Of products on their way through adder trees, and a few more of accumulators, of which each is also held."""
SINGLE_LANE = 22
SELECTED = 16
"""Of a lane of a word in front of a position: one of several banks and memories."""
DECODER = 6
POINTER = 112
POST_PROCESSING = 300
"""Of a value that is finished a cycle."""


def array_luts(spec: EngineSpec, word: int, lanes_alone: bool) -> int:
    """LUTs of an engine with this array.

    Args:
        spec: of the engine.
        word: lanes of a memory word.
        lanes_alone: whether it has passes whose lanes work by themselves.
    """
    array = spec.array
    trees = array.outputs * array.positions
    sums = array.positions * max(array.outputs * max(spec.splits), array.taps if lanes_alone else 0)
    return (
        array.pes * (PE + SUM_BITS)
        - trees * SUM_BITS
        + sums * SUM_BITS * 3 // 2
        + array.positions * array.taps * (SINGLE_LANE if lanes_alone else 0)
        + array.positions * (word * SELECTED + POINTER)
        + array.taps * array.outputs * DECODER
        + spec.lanes(word) * POST_PROCESSING
    )
