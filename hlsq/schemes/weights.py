"""Choosing the formats of weights."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hlsq.elementary import round_log2
from hlsq.formats import Affine, FixedPoint, Rounding
from hlsq.formats.fixed_point import MAX_FRAC
from hlsq.graph import Block
from hlsq.graph.ops import DepthwiseConv2D

Floats = NDArray[np.float64]

NO_WEIGHTS = 1.0
"""Largest magnitude assumed where all weights are zero: any positive scale holds them exactly."""

LEAST_WEIGHT = 2.0**-500
"""Smaller ones are zeros: in a scale of their own, products of scales would leave float64."""

MAX_CHANNEL_BITS = 10
MAX_CHANNEL_RATIO = 2.0**MAX_CHANNEL_BITS
"""How much smaller than the largest a channel's scale may get.

Folding a batch norm whose gain has died leaves a channel of tiny weights beside an ordinary bias. In that channel's own
scale the bias would be an enormous integer and widen the accumulators of all channels, for weights that do not matter.
"""


def is_gain(block: Block) -> bool:
    """Whether the weights are a gain per channel (a batch norm on its own) and not a real convolution."""
    kernel = block.kernel
    return isinstance(block.op, DepthwiseConv2D) and kernel is not None and kernel.shape[:2] == (1, 1)


def magnitude(kernel: Floats, per_channel: bool) -> Floats:
    """Largest magnitude of ``kernel``, shape [], or [output channels] (its last axis); always positive.

    Weights below ``LEAST_WEIGHT`` count as zeros.
    """
    if not per_channel:
        return np.asarray(max(float(np.abs(kernel).max(initial=0.0)), LEAST_WEIGHT) if kernel.any() else NO_WEIGHTS)
    peaks = np.abs(kernel).reshape(-1, kernel.shape[-1]).max(axis=0)
    top = max(float(peaks.max()), LEAST_WEIGHT) if kernel.any() else NO_WEIGHTS
    return np.maximum(peaks, top / MAX_CHANNEL_RATIO)


def symmetric_affine(kernel: Floats, width: int, per_channel: bool) -> Affine:
    """Symmetric format with zero point 0 whose largest integer is the largest weight (DoubleQ eq. 1-2)."""
    scale = magnitude(kernel, per_channel) / (2 ** (width - 1) - 1)
    plain = tuple(float(s) for s in scale) if scale.ndim else float(scale)
    return Affine(width, plain, symmetric=True)


FINER = 8
"""How many fraction bits beyond He et al.'s integer part a search for the best fraction length tries."""


def fixed_point(kernel: Floats, width: int, method: str, per_channel: bool, rounding: Rounding) -> FixedPoint:
    """Signed fixed-point format of ``width`` bits (He et al. eq. 1).

    Args:
        kernel: weights, output channels last.
        width: stored bits; a single one stores signs, whose magnitude is the power of two nearest to the mean one.
        method: ``"minmax"`` gives the integer part the fewest bits ``l`` with ``|w| < 2**l``; ``"mse"`` starts there
            and takes the fraction length with the smallest squared error.
        per_channel: one fraction length per output channel.
        rounding: ties to even or up.
    """
    if not per_channel:
        return FixedPoint(width, _frac(kernel.ravel(), width, method, rounding), rounding=rounding)
    channels = kernel.reshape(-1, kernel.shape[-1]).T
    fracs = np.array([_frac(channel, width, method, rounding) for channel in channels])
    least = int(min(f for f, c in zip(fracs, channels, strict=True) if c.any())) if kernel.any() else int(fracs.min())
    # A channel without weights takes the coarsest fraction length, a tiny one stays near it: see MAX_CHANNEL_RATIO.
    fracs[~channels.any(axis=1)] = least
    fracs = np.minimum(fracs, min(least + MAX_CHANNEL_BITS, MAX_FRAC))
    return FixedPoint(width, tuple(int(f) for f in fracs), rounding=rounding)


def _frac(values: Floats, width: int, method: str, rounding: Rounding) -> int:
    if width == 1:
        mean = float(np.abs(values).mean()) or NO_WEIGHTS
        return min(-int(round_log2(mean)), MAX_FRAC)
    integer_bits = int(np.frexp(np.abs(values).max(initial=0.0) or NO_WEIGHTS)[1])
    first = min(width - 1 - integer_bits, MAX_FRAC)
    if method == "minmax":
        return first
    fracs = range(first, min(first + FINER, MAX_FRAC + 1))
    errors = [np.square(FixedPoint(width, f, rounding=rounding).fake_quantize(values) - values).sum() for f in fracs]
    return fracs[int(np.argmin(errors))]
