"""Interval analysis: which integers an accumulator and every partial sum on the way to it can take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hlsq.errors import QuantizationError
from hlsq.formats import Format
from hlsq.formats.base import SMALLEST_SCALE
from hlsq.graph.ops import AveragePool2D, Op, Shape
from hlsq.graph.ops.pool2d import average_weights
from hlsq.graph.quantized import Interval, QScale

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
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


def checked(name: str, *bounds: ArrayLike) -> None:
    """Refuse ``bounds``, as real numbers, that leave 62 bits.

    Raises:
        QuantizationError: naming the layer.
    """
    for bound in bounds:
        if (np.abs(bound) >= LIMIT).any():
            raise QuantizationError(
                f"layer {name!r}: its accumulator would need more than 62 bits; use narrower weights, activations "
                "or biases (or fewer fraction bits) for this layer"
            )


def checked_step(name: str, step: Floats) -> None:
    """Refuse a step that float64 does not hold with full precision: what follows would be arbitrary.

    Raises:
        QuantizationError: naming the layer.
    """
    if not (np.isfinite(step) & (step >= SMALLEST_SCALE)).all():
        raise QuantizationError(
            f"layer {name!r}: a step of its accumulator is {float(np.max(step)):.3g}, the product of the steps of its "
            f"input and parameters; allowed are {SMALLEST_SCALE:.3g} to 1.8e+308, so give these formats other steps"
        )


def checked_output(name: str, interval: Interval, fmt: Format) -> None:
    """Refuse a network's output that is infinite in float32, in which the user gets it.

    Raises:
        QuantizationError: naming the layer.
    """
    ends = np.asarray([interval.lo - fmt.offset, interval.hi - fmt.offset], dtype=np.float64)
    with np.errstate(over="ignore"):
        largest = float(np.abs(np.multiply.outer(ends, fmt.step)).max())
    if largest > float(np.finfo(np.float32).max):
        raise QuantizationError(
            f"layer {name!r}: its output reaches {largest:.3g}, which float32 cannot hold; give the formats of this "
            "layer and its input smaller steps"
        )


def sum_bounds(
    name: str,
    op: Op,
    weights: Ints | None,
    multipliers: Sequence[int],
    deviations: Sequence[Interval],
    source: Shape,
    channels: int,
) -> ChannelBounds:
    """Bounds of what ``op`` sums up, before any shift and bias.

    Args:
        name: of the layer, for the error.
        op: an operation that accumulates.
        weights: in the operation's layout, or None.
        multipliers: factors of the inputs of an addition; empty for others.
        deviations: integers of ``a - z`` for each input.
        source: shape of the first input.
        channels: of the output.
    """
    for deviation in deviations:
        checked(name, float(deviation.lo), float(deviation.hi))
    if weights is not None:
        return product_bounds(name, weights.reshape(-1, channels), deviations[0], 0)
    factors = multipliers or [1]
    if isinstance(op, AveragePool2D):
        # A window's weight times its number of values is the divisor at every position.
        factors = [average_weights(op, source).divisor]
    lo = sum(m * d.lo for m, d in zip(factors, deviations, strict=True))
    hi = sum(m * d.hi for m, d in zip(factors, deviations, strict=True))
    checked(name, float(lo), float(hi))
    return ChannelBounds(np.full(channels, lo, dtype=np.int64), np.full(channels, hi, dtype=np.int64))


def product_bounds(name: str, weights: Ints, deviation: Interval, shift: int) -> ChannelBounds:
    """Bounds of ``sum(d * w) << shift`` over all subsets of the taps, ``d`` in ``deviation`` (which holds 0).

    Args:
        name: of the layer, for the error.
        weights: [taps, channels].
        deviation: of ``a - z``.
        shift: left shift of the sum.
    """
    lo, hi, factor = deviation.lo, deviation.hi, 2.0**shift
    # In real numbers first: integers could wrap.
    checked(name, np.abs(weights.astype(np.float64)).sum(axis=0) * max(hi, -lo, 1) * factor)
    positive = np.maximum(weights, 0).sum(axis=0)
    negative = np.minimum(weights, 0).sum(axis=0)
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
    largest = (
        np.maximum(-bounds.lo, bounds.hi).astype(np.float64) * np.abs(scale.multiplier.astype(np.float64)) * factor
    )
    checked(name, largest + np.abs(scale.shift.astype(np.float64)), scale.multiplier.astype(np.float64) * factor)
    gain = scale.multiplier << scale.product_shift
    ends = np.stack([bounds.lo * gain, bounds.hi * gain])
    product = ChannelBounds(lo=ends.min(axis=0), hi=ends.max(axis=0))
    total = ChannelBounds(lo=product.lo + scale.shift, hi=product.hi + scale.shift)
    return total, total.interval.union(product.interval).with_zero()
