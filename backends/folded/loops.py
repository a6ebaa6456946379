"""The loops of one pass on an array, and the cycles they take."""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd

from hlsq.backends.folded.pieces import Array
from hlsq.backends.folded.tasks import Task, Window

NEVER = 1 << 20
"""A coordinate that no position reaches, so that no row ends there."""


@dataclass(frozen=True)
class Loops:
    """Counts of the loops of a pass, from the outermost one.

    Output positions go in groups of ``array.positions``: through the whole map where the windows of neighbours are
    neighbours also across the end of a row (``flat``), else row by row.

    Attributes:
        flat: whether groups go on across the ends of rows.
        rows, groups: groups of positions, and rows that begin with a new one.
        filters: of a depthwise convolution.
        outputs: groups of outputs that are finished together.
        turns: parts of such a group that are computed one after the other, each in accumulators of its own.
        kernel: taps of the kernel, vertically and horizontally.
        chunks: of the input channels.
        split: parts of the adder tree that work on outputs of their own.
        finished: values of a position in one group of outputs.
        part: those of them that are finished in a cycle.
        drain: cycles in which post-processing finishes a group of positions.
        wait: cycles of a period in which the taps' memory belongs to an operand.
    """

    flat: bool
    rows: int
    groups: int
    filters: int
    outputs: int
    turns: int
    kernel: tuple[int, int]
    chunks: int
    split: int
    finished: int
    part: int
    drain: int
    wait: int

    @property
    def steps(self) -> int:
        """Cycles in which a group of outputs is computed."""
        return self.kernel[0] * self.kernel[1] * self.chunks * self.turns

    @property
    def period(self) -> int:
        """Cycles from one group of outputs to the next."""
        return max(self.steps + self.wait, self.drain)

    @property
    def periods(self) -> int:
        """Number of groups."""
        return self.rows * self.groups * self.filters * self.outputs

    def cycles(self, positions: int) -> int:
        """Iterations of a pass: pointers of the positions, groups, and the last group's post-processing."""
        return positions + self.periods * self.period + self.drain


def bank_count(positions: int, strides: set[int]) -> int:
    """Fewest banks in which ``positions`` neighbours lie apart at any of the ``strides``."""
    return next(b for b in range(positions, positions + 64) if all(gcd(b, s) == 1 for s in strides))


def make_loops(
    task: Task, array: Array, words: int, splits: tuple[int, ...], lanes: int, word: int, shared: bool
) -> Loops:
    """The loops of ``task``.

    Args:
        task: the pass.
        array: that it runs on.
        words: memory words of a pixel of its source.
        splits: in which the adder trees can be tapped.
        lanes: most values that are finished a cycle.
        word: lanes of a memory word.
        shared: whether an operand lies in the memory of the source.
    """
    window = task.window
    flat = _can_be_flat(window) and _flat_groups(window, array.positions) <= _row_groups(window, array.positions)
    rows, groups = (
        (1, _flat_groups(window, array.positions))
        if flat
        else (
            window.target[0],
            -(-window.target[1] // array.positions),
        )
    )
    turns: tuple[int, ...] = (1,)
    if task.mode == "mac":
        fitting = [s for s in splits if words == 1 and window.source[2] <= array.taps // s]
        split = max(fitting, default=1)
        # No wider than what is computed at a time.
        while split > 1 and window.target[2] <= array.outputs * split // 2 and split // 2 in splits:
            split //= 2
        chunks = 1 if split > 1 else -(-words * word // array.taps)
        if words == 1:
            chunks = -(-window.source[2] // (array.taps // split))
        # As many accumulators as a tree has that is tapped in the most parts.
        turns = tuple(most // split for most in splits if most >= split)
        computed, channels, filters = array.outputs * split, window.target[2], 1
    else:
        split, chunks, computed, channels = 1, 1, word, words * word
        filters = window.target[2] // window.source[2]

    def in_turns(count: int) -> Loops:
        finished = computed * count
        used = min(finished, channels)
        part = gcd(min(lanes, gcd(finished, word)), gcd(finished, word))
        drain = array.positions * -(-used // part) * max(1, len(task.operands))
        return Loops(
            flat,
            rows,
            groups,
            filters,
            -(-channels // finished),
            count,
            window.kernel,
            chunks,
            split,
            finished,
            part,
            drain,
            drain if shared else 0,
        )

    # Where post-processing of a group takes longer than its steps, several parts of it share a cycle of its lanes.
    return min((in_turns(count) for count in turns), key=lambda loops: loops.cycles(array.positions))


def _can_be_flat(window: Window) -> bool:
    return window.strides == (1, 1) and window.target[1] <= window.source[1]


def _flat_groups(window: Window, positions: int) -> int:
    """Through rows as wide as the source, of which the results behind the output's width are dropped."""
    return -(-((window.target[0] - 1) * window.source[1] + window.target[1]) // positions)


def _row_groups(window: Window, positions: int) -> int:
    return window.target[0] * -(-window.target[1] // positions)
