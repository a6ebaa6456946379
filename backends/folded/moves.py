"""Reshapes that change the channels, as passes that move integers: convolutions with weights of zeros and ones.

In row-major order, a pixel of as many channels as ``k`` pixels have is these side by side: a window of ``k`` pixels,
the next one ``k`` further. A map that is a single pixel becomes several ones by a window as wide as all of them: under
each of its taps it meets that pixel once, and each tap takes other channels from it. Any other reshape is the one
after the other, by way of a single pixel.
"""

from __future__ import annotations

from math import prod

import numpy as np
from numpy.typing import NDArray

from hlsq.graph.ops import Shape

MOST = 1 << 20
"""Weights of a move at most: beyond, it would take more memory than a network's own."""

Map = tuple[int, int, int]
Move = tuple[Map, Map, tuple[int, int], tuple[int, int], tuple[int, int]]
"""Source, target, kernel, strides and padding of a window."""


def moves_between(source: Shape, target: Shape) -> tuple[Move, ...]:
    """Windows of the passes that make a map of shape ``target`` of one of shape ``source``, one or two."""
    pixels, channels = prod(source[:-1]), source[-1]
    if target[-1] % channels == 0:
        return (_gathered(pixels, channels, target[-1] // channels),)
    if pixels == 1:
        return (_spread(channels, target[-1]),)
    return _gathered(pixels, channels, pixels), _spread(pixels * channels, target[-1])


def _gathered(pixels: int, channels: int, count: int) -> Move:
    return (1, pixels, channels), (1, pixels // count, channels * count), (1, count), (1, count), (0, 0)


def _spread(channels: int, each: int) -> Move:
    count = channels // each
    return (1, 1, channels), (1, count, each), (1, count), (1, 1), (0, count - 1)


def size_of(move: Move) -> int:
    """Weights that it takes."""
    source, target, kernel, _, _ = move
    return prod(kernel) * source[2] * target[2]


def move_weights(source: Map, target: Map, kernel: tuple[int, int]) -> NDArray[np.int64]:
    """Of a move, or of a pass that brings channels into order, shape [1, taps, channels, channels of the target]."""
    taps, channels = kernel[1], source[2]
    if target[2] == taps * channels:
        return np.eye(target[2], dtype=np.int64).reshape(1, taps, channels, target[2])
    # The first pixel lies under the last tap.
    parts = np.eye(channels, dtype=np.int64).reshape(channels, taps, target[2])
    return parts.transpose(1, 0, 2)[None, ::-1]
