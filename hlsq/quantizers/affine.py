"""Quantizer of the affine format."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from hlsq.formats import Affine, Rounding
from hlsq.quantizers.base import FormatQuantizer, divide, numbers, round_to_integers


class affine(FormatQuantizer):
    """Quantizes to ``Affine(width, scale, zero_point, ...)``: values ``(q - zero_point) * scale``.

    Args:
        width: stored bits, 1 to 64.
        scale: real value of one step, one number or one per channel (as text ``"0.1;0.2"``).
        zero_point: integer that stands for zero; leave 0 for weights.
        signed: two's complement if true.
        symmetric: leave out the most negative integer.
        rounding: ``"half_even"`` or ``"half_up"``.

    Raises:
        FormatError: an impossible parameter.
    """

    _format: Affine

    def __init__(
        self,
        width: int,
        scale: float | Sequence[float] | str,
        zero_point: int = 0,
        signed: bool = True,
        symmetric: bool = False,
        rounding: str = "half_even",
    ) -> None:
        scales = numbers(scale, float)
        super().__init__(Affine(width, scales, zero_point, bool(signed), bool(symmetric), Rounding(rounding)))

    @property
    def format(self) -> Affine:
        """The affine format."""
        return self._format

    def _values(self, x: tf.Tensor) -> tf.Tensor:
        fmt = self.format
        q = round_to_integers(divide(x, fmt.step), fmt.rounding) + np.float64(fmt.zero_point)
        q = tf.clip_by_value(q, np.float64(fmt.qmin), np.float64(fmt.qmax))
        return (q - np.float64(fmt.zero_point)) * fmt.step
