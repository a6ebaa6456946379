"""Requantisation in integers: choosing dyadic multipliers and exact thresholds, and applying them to one value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hlsq.errors import QuantizationError
from hlsq.formats import Format, Rounding
from hlsq.graph.block import Activation
from hlsq.graph.quantized import DyadicRequant, Interval, Requant, ThresholdRequant

MULTIPLIER_BITS = 16
MAX_SHIFT = 60
MAX_WIDTH = 62
"""Widest integer between accumulator and output, so that C simulation can use the machine's 64-bit integers."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Dyadic:
    """The rational number ``multiplier * 2**-shift``."""

    multiplier: int
    shift: int


def nearest_dyadic(value: float) -> Dyadic:
    """The dyadic number nearest to positive ``value``: a power of two as it is, others with at most 16 bits.

    Values that are no power of two must lie below 2**16.
    """
    mantissa, exponent = np.frexp(value)
    if mantissa == 0.5 and exponent > 0:
        return Dyadic(1 << (int(exponent) - 1), 0)
    shift = MULTIPLIER_BITS - int(exponent)
    multiplier = round(float(mantissa) * 2**MULTIPLIER_BITS)
    while shift > MAX_SHIFT:
        multiplier, shift = (multiplier + 1) // 2, shift - 1
    while multiplier % 2 == 0 and shift > 0:
        multiplier, shift = multiplier // 2, shift - 1
    return Dyadic(max(multiplier, 1), shift)


def round_shift(value: int, shift: int, rounding: Rounding) -> int:
    """``value / 2**shift`` rounded, in exact integers."""
    if shift == 0:
        return value
    half = 1 << (shift - 1)
    if rounding is Rounding.HALF_UP:
        return (value + half) >> shift
    return (value + half - 1 + ((value >> shift) & 1)) >> shift


def apply_requant(requant: Requant | None, value: int, channel: int = 0) -> int:
    """``requant`` of one integer, in exact integers."""
    if requant is None:
        return value
    if isinstance(requant, ThresholdRequant):
        row = requant.thresholds[channel if len(requant.thresholds) > 1 else 0]
        return int(requant.values[int(np.searchsorted(row, value, side="right"))])
    multiplier = requant.multiplier[channel if len(requant.multiplier) > 1 else 0]
    shift = requant.shift[channel if len(requant.shift) > 1 else 0]
    if value < 0:
        shift += requant.negative_shift
    rounded = round_shift(value * multiplier, shift, requant.rounding) + requant.zero_point
    return min(max(rounded, requant.lo), requant.hi)


def make_requant(name: str, scale: Floats, output: Format, activation: Activation, scaled: Interval) -> Requant:
    """Requantisation from integers of real ``scale`` ([] or [channels]) to ``output``.

    Raises:
        QuantizationError: intermediate values would need more than 62 bits, or the output is finer than the
            accumulator by a factor of 2**16 or more that is no power of two.
    """
    if output.levels is not None:
        return _thresholds(scale, output, activation, scaled)
    ratio = np.atleast_1d(scale / output.step)
    if ((ratio >= 2**MULTIPLIER_BITS - 0.5) & (np.frexp(ratio)[0] != 0.5)).any():
        raise QuantizationError(
            f"layer {name!r}: its output format {output} is finer than its accumulator by a factor of "
            f"{float(ratio.max()):.3g}; allowed is less than 65536, so give the output a larger step"
        )
    dyadics = [nearest_dyadic(float(r)) for r in ratio]
    if len(set(dyadics)) == 1:
        dyadics = dyadics[:1]
    negative_shift = activation.negative_shift or 0
    requant = DyadicRequant(
        multiplier=tuple(d.multiplier for d in dyadics),
        shift=tuple(d.shift for d in dyadics),
        rounding=output.rounding_mode,
        zero_point=output.offset,
        lo=_lower(output, activation),
        hi=_upper(output, activation),
        negative_shift=negative_shift,
    )
    if (width := product_interval(requant, scaled).width) > MAX_WIDTH:
        raise QuantizationError(
            f"layer {name!r}: its requantisation needs {width} bits; at most {MAX_WIDTH} are supported, "
            "so use narrower weights or activations for this layer"
        )
    return requant


def product_interval(requant: DyadicRequant, scaled: Interval) -> Interval:
    """All integers between ``t`` and the output: the product and what rounding adds to it."""
    half = (1 << (max(requant.shift) + requant.negative_shift)) >> 1
    top = max(requant.multiplier)
    return Interval(min(scaled.lo, 0) * top - half, max(scaled.hi, 0) * top + half)


def working_interval(requant: DyadicRequant, scaled: Interval) -> Interval:
    """All integers of the requantisation of ``t`` in ``scaled``: product, rounding, zero point and bounds."""
    inner, least = product_interval(requant, scaled), min(requant.shift)
    rounded = Interval((inner.lo >> least) + requant.zero_point, (inner.hi >> least) + requant.zero_point)
    return inner.union(rounded).union(Interval(requant.lo, requant.hi))


def more_shifts(requant: DyadicRequant) -> tuple[int, ...]:
    """By how much each channel shifts right beyond the one that does least, which is what hardware stores."""
    return tuple(shift - min(requant.shift) for shift in requant.shift)


def output_interval(requant: Requant | None, scaled: Interval, channels: int) -> Interval:
    """The integers that come out of ``requant`` for ``t`` in ``scaled``."""
    if requant is None:
        return scaled
    ends = [apply_requant(requant, t, c) for c in range(channels) for t in (scaled.lo, scaled.hi)]
    return Interval(min(ends), max(ends))


def _lower(output: Format, activation: Activation) -> int:
    if activation.relu:
        return max(output.qmin, output.offset)
    if activation.min_value is None:
        return output.qmin
    return max(output.qmin, int(output.quantize(activation.min_value)))


def _upper(output: Format, activation: Activation) -> int:
    if activation.max_value is None:
        return output.qmax
    return min(output.qmax, int(output.quantize(activation.max_value)))


def _thresholds(scale: Floats, output: Format, activation: Activation, scaled: Interval) -> ThresholdRequant:
    """Exact integer thresholds of a format whose values are not equally spaced, by bisection on the format itself."""
    levels = np.asarray(output.levels, dtype=np.int64)
    scales = np.unique(scale) if np.unique(scale).size == 1 else np.atleast_1d(scale)

    def quantized(t: NDArray[np.int64]) -> NDArray[np.int64]:
        real = activation.apply(t.astype(np.float64) * scales[:, None])
        return output.quantize(real)

    shape = (scales.size, levels.size - 1)
    low = np.full(shape, scaled.lo - 1, dtype=np.int64)
    high = np.full(shape, scaled.hi + 1, dtype=np.int64)
    # Invariant: quantized(low) is below the level (or low is out of range), quantized(high) reaches it (or likewise).
    while (high - low > 1).any():
        middle = (low + high) // 2
        reached = quantized(middle) >= levels[1:]
        high = np.where(reached, middle, high)
        low = np.where(reached, low, middle)
    return ThresholdRequant(thresholds=high, values=levels)
