"""Interval analysis: which integers an accumulator and every partial sum on the way to it can take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsq.errors import QuantizationError
from hlsq.graph.quantized import Interval, QScale

Ints = NDArray[np.int64]
LIMIT = 2.0**61


@dataclass(frozen=True, eq=False)
class ChannelBounds:
    """Smallest and largest integer of each output channel, shape [channels]; zero always lies between them."""

    lo: Ints
    hi: Ints

    @property
    def interval(self) -> Interval:
        """The interval that holds all channels."""
        return Interval(int(self.lo.min()), int(self.hi.max()))


def checked(name: str, *arrays: NDArray[np.floating[Any]]) -> None:
    """Refuse bounds that leave 62 bits.

    Raises:
        QuantizationError: naming the layer.
    """
    for array in arrays:
        if (np.abs(array) >= LIMIT).any():
            raise QuantizationError(
                f"layer {name!r}: its accumulator would need more than 62 bits; use narrower weights, activations "
                "or biases (or fewer fraction bits) for this layer"
            )


def product_bounds(name: str, weights: Ints, deviation: Interval, shift: int) -> ChannelBounds:
    """Bounds of ``sum(d * w) << shift`` over all subsets of the taps, ``d`` in ``deviation`` (which holds 0).

    Args:
        name: of the layer, for the error.
        weights: [taps, channels].
        deviation: of ``a - z``.
        shift: left shift of the sum.
    """
    positive = np.maximum(weights, 0).sum(axis=0)
    negative = np.minimum(weights, 0).sum(axis=0)
    lo, hi, factor = deviation.lo, deviation.hi, 2.0**shift
    span = (positive.astype(np.float64) - negative) * max(hi, -lo) * factor
    checked(name, span)
    return ChannelBounds(
        lo=(positive * lo + negative * hi) << shift,
        hi=(positive * hi + negative * lo) << shift,
    )


def add_bias(name: str, bounds: ChannelBounds, bias: Ints | None) -> tuple[ChannelBounds, Interval]:
    """Bounds after the bias, and the interval that holds both the sums and the biased sums."""
    if bias is None:
        return bounds, bounds.interval.with_zero()
    checked(name, bounds.lo.astype(np.float64) + bias, bounds.hi.astype(np.float64) + bias)
    total = ChannelBounds(lo=bounds.lo + bias, hi=bounds.hi + bias)
    return total, total.interval.union(bounds.interval).with_zero()


def scale_bounds(name: str, bounds: ChannelBounds, scale: QScale) -> tuple[ChannelBounds, Interval]:
    """Bounds of ``(acc * multiplier << product_shift) + shift``, and the interval that also holds the bare product."""
    factor = 2.0**scale.product_shift
    largest = np.maximum(-bounds.lo, bounds.hi).astype(np.float64) * np.abs(scale.multiplier) * factor
    checked(name, largest + np.abs(scale.shift))
    gain = scale.multiplier << scale.product_shift
    ends = np.stack([bounds.lo * gain, bounds.hi * gain])
    product = ChannelBounds(lo=ends.min(axis=0), hi=ends.max(axis=0))
    total = ChannelBounds(lo=product.lo + scale.shift, hi=product.hi + scale.shift)
    return total, total.interval.union(product.interval).with_zero()
