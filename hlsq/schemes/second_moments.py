"""Second moments of the windows that a layer's weights see, gathered batch by batch.

Inputs are integers, so their moments are exact sums of integers; what the layer should answer is rounded to a grid on
which its moments with them are exact too. So neither the processor nor the size of a tile changes a digit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsq.emulate.exact import FLOAT32_EXACT, FLOAT64_EXACT
from hlsq.emulate.kernels.base import as_maps, pad_maps, windows
from hlsq.emulate.products import multiply, on_grid
from hlsq.graph import Block
from hlsq.graph.ops import Conv2D, Dense, DepthwiseConv2D

Floats = NDArray[np.float64]

TILE = 4096
"""Windows per matrix product at most; the sum over tiles is in float64."""
LEAST_TILE = 64
"""Windows per float32 matrix product at least; inputs too large for that take float64."""
ANSWER_BITS = 22
"""Of the wanted answers, relative to the largest of a few samples."""


@dataclass(frozen=True, eq=False)
class Moments:
    """Means over windows ``x`` of inputs and what the layer should answer, ``y``.

    A layer has one group of taps, a depthwise convolution one per input channel. Centred moments are about the means:
    what is left to the weights when the bias is free.

    Attributes:
        count: number of windows.
        inputs: mean of ``x``, [groups, taps].
        outputs: mean of ``y``, [groups, channels].
        square: mean of ``x x'``, [groups, taps, taps]; exactly zero for an input that is always zero or, centred,
            always the same.
        cross: mean of ``x y'``, [groups, taps, channels]; zero where ``square`` is.
    """

    count: int
    inputs: Floats
    outputs: Floats
    square: Floats
    cross: Floats


@dataclass(frozen=True, eq=False)
class Sums:
    """What ``Moments`` are means of, for some samples; the same shapes."""

    count: int
    inputs: Floats
    outputs: Floats
    square: Floats
    cross: Floats


class MomentsBuilder:
    """Sums up ``Moments``; memory depends on the taps alone, not on the number of samples.

    Args:
        block: the layer, with weights.
        inner: channels of its input.
        positions: at most so many windows of each sample are taken, at random places.
        middle: in the middle of all inputs; sums are about it, because smaller numbers make larger tiles exact.
        seed: of the random places.
    """

    def __init__(self, block: Block, inner: int, positions: int, middle: int = 0, seed: int = 0) -> None:
        assert block.kernel is not None  # noqa: S101 - the caller looked
        self._block = block
        self._positions = positions
        self._middle = middle
        self._seed = seed
        groups, taps, channels = grouped(block, block.kernel, inner).shape
        self._count = 0
        self._inputs = np.zeros((groups, taps))
        self._outputs = np.zeros((groups, channels))
        self._square = np.zeros((groups, taps, taps))
        self._cross = np.zeros((groups, taps, channels))

    def sums(self, number: int, inputs: NDArray[np.float32], outputs: NDArray[np.float32]) -> Sums:
        """Those of the layer's input, whole numbers, and wanted output (before activation) for a few samples.

        Changes nothing here, so several threads may call it; ``number`` tells these samples from others.
        """
        x, y = self._windows(inputs, outputs, np.random.default_rng([self._seed, number]))
        y = on_grid(y, ANSWER_BITS, axis=1)
        square, cross = np.zeros_like(self._square), np.zeros_like(self._cross)
        peak = max(int(x.max()), -int(x.min()), 1)
        single = peak**2 * LEAST_TILE <= FLOAT32_EXACT
        most = min((FLOAT32_EXACT if single else FLOAT64_EXACT) // peak**2, FLOAT64_EXACT // (peak << ANSWER_BITS))
        rows = max(1, min(most, TILE // len(x)))
        for start in range(0, x.shape[1], rows):
            tile = x[:, start : start + rows]
            double = tile.astype(np.float64)
            factor = tile if single else double
            square += multiply(factor.transpose(0, 2, 1), factor)
            cross += multiply(double.transpose(0, 2, 1), y[:, start : start + rows].astype(np.float64))
        return Sums(x.shape[1], x.sum(axis=1, dtype=np.float64), y.sum(axis=1, dtype=np.float64), square, cross)

    def add(self, sums: Sums) -> None:
        """Take in the sums of some samples; the order of calls changes the last digits of ``outputs`` and ``cross``."""
        self._count += sums.count
        self._inputs += sums.inputs
        self._outputs += sums.outputs
        self._square += sums.square
        self._cross += sums.cross

    def finish(self, step: float, centred: bool = False) -> Moments:
        """The means; inputs were given in units of ``step``. To be called once: the sums become the means in place."""
        n = self._count
        if centred:
            self._centre()
        elif self._middle:
            self._square += self._middle * (self._inputs[:, :, None] + self._inputs[:, None, :] + n * self._middle)
            self._cross += self._middle * self._outputs[:, None, :]
        self._inputs += n * self._middle
        self._square *= step * step / n
        self._cross *= step / n
        return Moments(n, self._inputs * (step / n), self._outputs / n, self._square, self._cross)

    def _centre(self) -> None:
        """Sums about the means, without loss: whole numbers but for the last, small product."""
        n = self._count
        near = np.rint(self._inputs / n)
        rest = self._inputs - n * near
        self._square -= near[:, :, None] * self._inputs[:, None, :]
        self._square -= rest[:, :, None] * near[:, None, :]
        self._square -= rest[:, :, None] * rest[:, None, :] / n
        self._cross -= self._inputs[:, :, None] * (self._outputs / n)[:, None, :]
        self._cross[self._square.diagonal(axis1=1, axis2=2) == 0] = 0

    def _windows(
        self, inputs: NDArray[np.float32], outputs: NDArray[np.float32], random: np.random.Generator
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Chosen windows [groups, windows, taps] and outputs [groups, windows, channels]."""
        op, kernel = self._block.op, self._block.kernel
        assert kernel is not None  # noqa: S101 - looked at in __init__
        if isinstance(op, Dense):
            return inputs[None] - np.float32(self._middle), outputs[None]
        assert isinstance(op, (Conv2D, DepthwiseConv2D))  # noqa: S101 - no other operation has weights
        maps = pad_maps(as_maps(inputs) - np.float32(self._middle), op.padding, fill=-self._middle)
        gathered = windows(maps, (kernel.shape[0], kernel.shape[1]), op.strides, op.dilation)
        wanted = as_maps(outputs)
        height, width = gathered.shape[1:3]
        total = height * width
        if total > self._positions:
            shuffled = np.argpartition(random.random((len(maps), total)), self._positions, axis=1)
            chosen = np.sort(shuffled[:, : self._positions], axis=1)
        else:
            chosen = np.broadcast_to(np.arange(total), (len(maps), total))
        sample, (rows, columns) = np.arange(len(maps))[:, None], np.divmod(chosen, width)
        x, y = gathered[sample, rows, columns], wanted[sample, rows, columns]
        n, channels, inner = x.shape[0] * x.shape[1], y.shape[-1], x.shape[-1]
        if isinstance(op, Conv2D):
            # Indexing leaves an order of axes in memory that BLAS does not take.
            return np.ascontiguousarray(x.reshape(1, n, -1)), np.ascontiguousarray(y.reshape(1, n, channels))
        taps = x.reshape(n, -1, inner).transpose(2, 0, 1)
        return np.ascontiguousarray(taps), np.ascontiguousarray(y.reshape(n, inner, -1).transpose(1, 0, 2))


def grouped(block: Block, kernel: NDArray[Any], inner: int) -> NDArray[Any]:
    """``kernel`` of ``block``, whose input has ``inner`` channels, as [groups, taps, channels of a group]."""
    if not isinstance(block.op, DepthwiseConv2D):
        return kernel.reshape(1, -1, kernel.shape[-1])
    # Keras's order: output channel c * multiplier + j belongs to input channel c.
    return kernel.reshape(prod(kernel.shape[:2]), inner, -1).transpose(1, 0, 2)


def ungrouped(block: Block, parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Inverse of ``grouped`` for arrays [taps, channels] of all groups."""
    assert block.kernel is not None  # noqa: S101 - the caller looked
    if not isinstance(block.op, DepthwiseConv2D):
        return parts[0].reshape(block.kernel.shape)
    return np.stack(parts, axis=1).reshape(block.kernel.shape)
