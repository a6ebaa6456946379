"""Accumulator to output integers on whole arrays, exactly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsq.emulate.exact import FLOAT64_EXACT
from hlsq.formats import Rounding
from hlsq.graph.lowering.requant import product_interval
from hlsq.graph.quantized import DyadicRequant, Interval, QBlock, QScale, Requant, ThresholdRequant

Values = NDArray[Any]


@dataclass(frozen=True, eq=False)
class FloatRequant:
    """Dyadic requantisation in float64, for blocks where no intermediate integer leaves 2**53.

    ``t * m / 2**n`` is then a float64 product without rounding, so that rounding it is the integer rounding.
    """

    gain: NDArray[np.float64]
    offset: NDArray[np.float64] | None
    requant: DyadicRequant
    out: np.dtype[Any]

    def __call__(self, acc: Values) -> Values:
        """Output integers, in the carrier type of the output."""
        r = self.requant
        x = np.multiply(acc, self.gain, dtype=np.float64)
        if self.offset is not None:
            x += self.offset
        if r.negative_shift:
            np.multiply(x, 2.0**-r.negative_shift, out=x, where=x < 0)
        if r.rounding is Rounding.HALF_EVEN:
            np.rint(x, out=x)
        else:
            x += 0.5
            np.floor(x, out=x)
        if r.zero_point:
            x += r.zero_point
        np.clip(x, r.lo, r.hi, out=x)
        return x.astype(self.out)


@dataclass(frozen=True, eq=False)
class IntegerStage:
    """Bias, scale and requantisation in 64-bit integers: always exact, slower."""

    product_shift: int
    bias: NDArray[np.int64] | None
    scale: QScale | None
    requant: Requant | None
    out: np.dtype[Any]

    def __call__(self, acc: Values) -> Values:
        """Output integers, in the carrier type of the output."""
        t = acc.astype(np.int64)
        if self.product_shift:
            t <<= self.product_shift
        if self.bias is not None:
            t += self.bias
        if self.scale is not None:
            t = t * self.scale.multiplier + self.scale.shift
        return requantise(self.requant, t).astype(self.out)


def requantise(requant: Requant | None, t: NDArray[np.int64]) -> NDArray[np.int64]:
    """``requant`` of integers ``t`` [..., channels] in int64."""
    if requant is None:
        return t
    if isinstance(requant, ThresholdRequant):
        steps = np.zeros(t.shape, dtype=np.int64)
        for step in range(requant.thresholds.shape[1]):
            steps += t >= requant.thresholds[:, step]
        return requant.values[steps]
    product = t * np.asarray(requant.multiplier, dtype=np.int64)
    shift = np.broadcast_to(np.asarray(requant.shift, dtype=np.int64), product.shape)
    if requant.negative_shift:
        shift = shift + np.where(t < 0, requant.negative_shift, 0)
    half = np.where(shift > 0, np.int64(1) << np.maximum(shift - 1, 0), 0)
    if requant.rounding is Rounding.HALF_UP:
        rounded = (product + half) >> shift
    else:
        odd = (product >> shift) & 1
        rounded = np.where(shift > 0, (product + half - 1 + odd) >> shift, product)
    return np.clip(rounded + requant.zero_point, requant.lo, requant.hi)


def stage_for(block: QBlock, out: np.dtype[Any]) -> FloatRequant | IntegerStage:
    """The fastest exact way from the bare sum of products of ``block`` to its output integers."""
    r = block.requant
    intervals = [block.accumulator, block.scaled]
    if isinstance(r, DyadicRequant):
        intervals.append(product_interval(r, block.scaled))
        # The constant part alone may be larger than its sum with the products, which the intervals hold.
        intervals.append(product_interval(r, _constant_part(block)))
    if isinstance(r, DyadicRequant) and _fits(*intervals):
        gain = np.asarray(r.multiplier, dtype=np.float64) * np.exp2(-np.asarray(r.shift, dtype=np.float64))
        offset = np.zeros(1)
        if block.bias is not None:
            offset = block.bias.astype(np.float64)
        if block.scale is not None:
            offset = offset * block.scale.multiplier + block.scale.shift
            total = gain * block.scale.multiplier
        else:
            total = gain
        shifted = total * 2.0**block.product_shift
        bias = offset * gain
        # acc * G * m must not leave 2**53 by itself; the scaled interval holds the bare product for that reason.
        return FloatRequant(shifted, bias if bias.any() else None, r, out)
    return IntegerStage(block.product_shift, block.bias, block.scale, r, out)


def _constant_part(block: QBlock) -> Interval:
    bias = 0 if block.bias is None else block.bias.astype(object)
    if block.scale is not None:
        bias = bias * block.scale.multiplier.astype(object) + block.scale.shift.astype(object)
    bound = int(np.max(np.abs(bias)))
    return Interval(-bound, bound)


def _fits(*intervals: Interval) -> bool:
    return all(max(abs(i.lo), abs(i.hi)) < FLOAT64_EXACT for i in intervals)
