"""Requantisation in 64-bit integers: the definition, which the faster ways are proven to equal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsq.formats import Rounding
from hlsq.graph.quantized import QScale, Requant, ThresholdRequant

Values = NDArray[Any]


@dataclass(frozen=True, eq=False)
class IntegerStage:
    """Bias, scale and requantisation in 64-bit integers: always exact, slower."""

    product_shift: int
    bias: NDArray[np.int64] | None
    scale: QScale | None
    requant: Requant | None

    def __call__(self, acc: Values, out: Values) -> None:
        """Write the output integers for ``acc`` to ``out``."""
        t = acc.astype(np.int64)
        if self.product_shift:
            t <<= self.product_shift
        if self.bias is not None:
            t += self.bias
        if self.scale is not None:
            t = (t * self.scale.multiplier << self.scale.product_shift) + self.scale.shift
        np.copyto(out, requantise(self.requant, t), casting="unsafe")


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
