"""An input that is loaded beside the first pass, which begins as soon as no pixel that it reads is missing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hlsq.backends.folded.loops import Loops
from hlsq.backends.folded.pieces import PIPELINE
from hlsq.backends.folded.tasks import Task


def delay_beside(task: Task, loops: Loops, positions: int, words: int, chunks_of_word: int) -> int:
    """Cycles that ``task`` waits before its first step while its source is loaded, a word a cycle.

    What is written can be read when it has come through the pipeline, which is assumed to take ``PIPELINE`` cycles.

    Args:
        task: the pass.
        loops: of it.
        positions: of its array.
        words: memory words of a pixel of its source.
        chunks_of_word: steps that such a word takes.
    """
    window = task.window
    newest = _newest_pixels(task, loops, positions)
    groups = np.arange(len(newest)) * loops.filters * loops.outputs * loops.period
    delay = 0
    for tap in range(window.taps):
        pixel = newest[:, tap]
        used = pixel >= 0
        for chunk in range(loops.chunks if task.mode == "mac" else words):
            if task.mode == "mac":
                word, step = chunk // chunks_of_word, tap * loops.chunks + chunk
            else:
                word, step = chunk, chunk * loops.period + tap
            come = pixel[used] * words + word + 1 + PIPELINE
            delay = max(delay, int((come - groups[used] - loops.wait - step).max(initial=0)))
    return delay


def _newest_pixels(task: Task, loops: Loops, positions: int) -> NDArray[np.int64]:
    """Number of the last pixel that any position of a group sees with a tap, -1 for none: shape [groups, taps]."""
    window = task.window
    height, width, _ = window.source
    if loops.flat:
        number = np.arange(loops.groups * positions).reshape(-1, positions)
        row, column = number // width, number % width
    else:
        row, column = np.divmod(np.arange(window.target[0] * loops.groups), loops.groups)
        row, column = np.broadcast_arrays(row[:, None], column[:, None] * positions + np.arange(positions))
    counts = (row < window.target[0]) & (column < window.target[1])
    found = []
    for tap in np.ndindex(*window.kernel):
        y = row * window.strides[0] - window.padding[0] + tap[0] * window.dilation[0]
        x = column * window.strides[1] - window.padding[1] + tap[1] * window.dilation[1]
        inside = counts & (y >= 0) & (y < height) & (x >= 0) & (x < width)
        found.append(np.where(inside, y * width + x, -1).max(axis=1))
    return np.stack(found, axis=1)
