"""An input that is loaded beside the first pass, which begins as soon as no pixel that it reads is missing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hlsq.backends.folded.loops import Loops
from hlsq.backends.folded.pieces import WRITTEN
from hlsq.backends.folded.tasks import Task


@dataclass(frozen=True)
class Load:
    """An input that is loaded beside a pass, a word in each iteration of its loop.

    Attributes:
        words: memory words of a pixel.
        count: of all pixels.
        banks: of the memory.
        is_source: whether the pass reads it.
        meets: whether the pass writes into the same memory: then a word waits while post-processing is at its bank.
    """

    words: int
    count: int
    banks: int
    is_source: bool
    meets: bool


def beside(task: Task, loops: Loops, positions: int, load: Load, chunks_of_word: int) -> tuple[int, int]:
    """Iterations that ``task`` waits before its first step, so that it reads nothing too early, and those of the load.

    What is written can be read when it has come through the pipeline, which is assumed to take ``WRITTEN`` cycles.

    Args:
        task: the pass.
        loops: of it.
        positions: of its array.
        load: beside it.
        chunks_of_word: steps that a memory word takes.
    """
    none = np.zeros(0, dtype=np.int64)
    word, read = _reads(task, loops, positions, load.words, chunks_of_word) if load.is_source else (none, none)
    at, bank = _targets(task, loops, positions, load.banks) if load.meets else (none, none)
    delay = 0
    while True:
        come = _arrivals(load, at + delay, bank)
        late = int((come[word] + 1 + WRITTEN - read - delay).max(initial=0))
        if late <= 0:
            return delay, int(come[-1]) + 1
        delay += late


def _arrivals(load: Load, busy: NDArray[np.int64], bank: NDArray[np.int64]) -> NDArray[np.int64]:
    """The iteration in which each word is written, where a ``bank`` is taken in some iterations."""
    if not busy.size:
        return np.arange(load.count)
    taken = np.full(max(int(busy.max()) + 1, load.count), -1)
    taken[busy] = bank
    held = taken.tolist()
    found, iteration = [], 0
    for word in range(load.count):
        own = word // load.words % load.banks
        while iteration < len(held) and held[iteration] == own:
            iteration += 1
        found.append(iteration)
        iteration += 1
    return np.asarray(found)


def _targets(task: Task, loops: Loops, positions: int, banks: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Iterations in which post-processing works, from the first step on, and the bank of the pixel that it is at."""
    row, column = _places(task, loops, positions)
    counts = ((row < task.window.target[0]) & (column < task.window.target[1])).reshape(-1)
    before: NDArray[np.int64] = (np.cumsum(counts) - counts).reshape(len(row), positions)
    each = np.repeat(before, loops.drain // positions, axis=1)
    shape = len(row), loops.filters * loops.outputs, loops.drain
    # A group is finished in the period behind the one in which it is computed.
    period = np.arange(loops.periods).reshape(*shape[:2], 1) + 1
    cycle = period * loops.period + np.arange(loops.drain)
    return cycle.reshape(-1), np.broadcast_to(each[:, None] % banks, shape).reshape(-1)


def _reads(
    task: Task, loops: Loops, positions: int, words: int, chunks_of_word: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Of every step of the first outputs: the last word that any position reads, and the iteration, from 0 on."""
    newest = _newest_pixels(task, loops, positions)
    groups = np.arange(len(newest)) * loops.filters * loops.outputs * loops.period + loops.wait
    word, read = [], []
    for tap in range(task.window.taps):
        used = newest[:, tap] >= 0
        for chunk in range(loops.chunks if task.mode == "mac" else words):
            if task.mode == "mac":
                of_pixel, step = chunk // chunks_of_word, tap * loops.chunks + chunk
            else:
                of_pixel, step = chunk, chunk * loops.period + tap
            word.append(newest[used, tap] * words + of_pixel)
            read.append(groups[used] + step)
    return np.concatenate(word), np.concatenate(read)


def _newest_pixels(task: Task, loops: Loops, positions: int) -> NDArray[np.int64]:
    """Number of the last pixel that any position of a group sees with a tap, -1 for none: shape [groups, taps]."""
    window = task.window
    height, width, _ = window.source
    row, column = _places(task, loops, positions)
    counts = (row < window.target[0]) & (column < window.target[1])
    found = []
    for tap in np.ndindex(*window.kernel):
        y = row * window.strides[0] - window.padding[0] + tap[0] * window.dilation[0]
        x = column * window.strides[1] - window.padding[1] + tap[1] * window.dilation[1]
        inside = counts & (y >= 0) & (y < height) & (x >= 0) & (x < width)
        found.append(np.where(inside, y * width + x, -1).max(axis=1))
    return np.stack(found, axis=1)


def _places(task: Task, loops: Loops, positions: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Row and column of each position in the target, which may lie outside: shape [groups, positions]."""
    if loops.flat:
        number = np.arange(loops.groups * positions).reshape(-1, positions)
        row, column = np.divmod(number, task.window.source[1])
        return row, column
    row, group = np.divmod(np.arange(loops.rows * loops.groups), loops.groups)
    return np.broadcast_to(row[:, None], (len(row), positions)), group[:, None] * positions + np.arange(positions)
