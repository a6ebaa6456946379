"""Accumulator to output integers on whole arrays, by the fastest way that is proven exact for a block."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsq.elementary import power_of_two
from hlsq.emulate.exact import FLOAT64_EXACT
from hlsq.emulate.integers import IntegerStage
from hlsq.emulate.kernels.base import SCRATCH, Finish
from hlsq.emulate.single import single_factors, staircase
from hlsq.formats import Rounding
from hlsq.graph.quantized import DyadicRequant, Interval, QBlock

Values = NDArray[Any]
ROW = 1024
CHUNK = 1 << 15
"""Values that are taken through all the small steps together, so that they stay in the cache."""


@dataclass(frozen=True, eq=False)
class FloatRequant:
    """Dyadic requantisation in float64, for blocks where no intermediate integer leaves 2**53.

    ``t * m / 2**n`` is then a float64 product without rounding, so that rounding it is the integer rounding.
    """

    gain: NDArray[np.float64]
    bias: Values | None
    offset: NDArray[np.float64] | None
    requant: DyadicRequant
    row: int

    @property
    def per_channel(self) -> bool:
        """Whether the channels' gains differ."""
        return len(self.gain) > 1

    @classmethod
    def make(cls, block: QBlock, requant: DyadicRequant, dtype: np.dtype[Any]) -> FloatRequant:
        """Constants of ``block``, repeated to rows of about a thousand values.

        A bias alone is added in ``dtype``, the accumulator's own type, in which the sum is exact as well; a scale's
        constant, or one beside shifted products, in float64 after the multiplication.
        """
        channels = block.shape[-1]
        repeat = max(1, ROW // channels)
        gain = np.asarray(requant.multiplier, dtype=np.float64) * power_of_two(-np.asarray(requant.shift))
        constant = np.zeros(1) if block.bias is None else block.bias.astype(np.float64)
        plain = block.scale is None and block.product_shift == 0
        total = gain * 2.0**block.product_shift
        if block.scale is not None:
            factor = block.scale.multiplier * 2.0**block.scale.product_shift
            constant = constant * factor + block.scale.shift
            total = total * factor

        def row(values: NDArray[np.float64], dtype: np.dtype[Any]) -> Values:
            return np.tile(np.broadcast_to(values, (channels,)), repeat).astype(dtype)

        float64 = np.dtype(np.float64)
        return cls(
            gain=row(total, float64) if len(np.unique(total)) > 1 else total[:1],
            bias=row(constant, dtype) if plain and constant.any() else None,
            offset=row(constant * gain, float64) if not plain and constant.any() else None,
            requant=requant,
            row=channels * repeat,
        )

    def __call__(self, acc: Values, out: Values) -> None:
        """Write the output integers for ``acc`` to ``out``."""
        if acc.flags.c_contiguous and out.flags.c_contiguous:
            # Long rows: NumPy's loop over a row of few channels costs more than the arithmetic.
            width = math.gcd(acc.size, self.row)
            acc, out = acc.reshape(-1, width), out.reshape(-1, width)
            for start in range(0, len(acc), rows := max(1, CHUNK // width)):
                self._chunk(acc[start : start + rows], out[start : start + rows], width)
        else:
            self._chunk(acc, out, acc.shape[-1])

    def _chunk(self, acc: Values, out: Values, width: int) -> None:
        r = self.requant
        x = SCRATCH.get("requant", acc.shape, np.dtype(np.float64))
        if self.bias is not None:
            acc += self.bias[:width]
        # Copying and then scaling in place is faster than a product of mixed types.
        np.copyto(x, acc)
        x *= self.gain[:width] if self.per_channel else self.gain[0]
        if self.offset is not None:
            x += self.offset[:width]
        if r.negative_shift:
            np.multiply(x, 2.0**-r.negative_shift, out=x, where=x < 0)
        if r.rounding is Rounding.HALF_EVEN:
            np.rint(x, out=x)
        else:
            x += 0.5
            np.floor(x, out=x)
        if r.zero_point:
            x += r.zero_point
        # The bounds are exact in the output's type and rounding to it is monotone, so clipping may come last.
        np.copyto(out, x, casting="unsafe")
        out.clip(out.dtype.type(r.lo), out.dtype.type(r.hi), out=out)


@dataclass(frozen=True, eq=False)
class SingleRequant:
    """Dyadic requantisation in float32, where ``single_factors`` has proven it exact."""

    factor: Values
    bias: Values | None
    requant: DyadicRequant
    row: int

    @classmethod
    def make(cls, block: QBlock, requant: DyadicRequant, dtype: np.dtype[Any]) -> SingleRequant | None:
        """None where the accumulator is not in float32, or float32 is not proven exact."""
        if dtype != np.float32 or block.scale is not None or block.product_shift:
            return None
        factors = single_factors(requant, block.scaled)
        if factors is None:
            return None
        channels = block.shape[-1]
        repeat = max(1, ROW // channels)
        factor = factors if len(factors) == 1 else np.tile(factors, repeat)
        bias = None if block.bias is None else np.tile(block.bias.astype(np.float32), repeat)
        return cls(factor, bias, requant, channels * repeat)

    def __call__(self, acc: Values, out: Values) -> None:
        """Write the output integers for ``acc`` to ``out``."""
        flat = acc.flags.c_contiguous and out.flags.c_contiguous
        width = math.gcd(acc.size, self.row) if flat else acc.shape[-1]
        if flat:
            acc, out = acc.reshape(-1, width), out.reshape(-1, width)
        if self.bias is None:
            np.copyto(out, acc)
        else:
            np.add(acc, self.bias[:width], out=out)
        staircase(self.requant, out, self.factor[0] if len(self.factor) == 1 else self.factor[:width])


def stage_for(block: QBlock, dtype: np.dtype[Any], out: np.dtype[Any]) -> Finish:
    """The fastest exact way from the bare sum of products of ``block``, in ``dtype``, to integers in ``out``."""
    r = block.requant
    intervals = [block.accumulator, block.scaled]
    if isinstance(r, DyadicRequant):
        # The products, and the constant part, may each be larger than their sum, which is what the intervals hold.
        bound = (_bound(block.scaled) + _bound(_constant_part(block))) * max(r.multiplier)
        # Rounding half up adds a half; rounding half to even has no intermediate value.
        bound += (1 << (max(r.shift) + r.negative_shift)) * (r.rounding is Rounding.HALF_UP)
        intervals.append(Interval(-bound, bound))
    if isinstance(r, DyadicRequant) and out == np.float32 and (single := SingleRequant.make(block, r, dtype)):
        return single
    if isinstance(r, DyadicRequant) and _fits(*intervals):
        return FloatRequant.make(block, r, dtype)
    return IntegerStage(block.product_shift, block.bias, block.scale, r)


def _constant_part(block: QBlock) -> Interval:
    bias = np.zeros(1, dtype=object) if block.bias is None else block.bias.astype(object)
    if block.scale is not None:
        product = bias * block.scale.multiplier.astype(object) * 2**block.scale.product_shift
        bias = product + block.scale.shift.astype(object)
    bound = int(np.max(np.abs(bias)))
    return Interval(-bound, bound)


def _fits(*intervals: Interval) -> bool:
    return all(_bound(i) < FLOAT64_EXACT for i in intervals)


def _bound(interval: Interval) -> int:
    return max(abs(interval.lo), abs(interval.hi))
