"""Quantizer of the fixed-point format."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from hlsq.formats import FixedPoint, Rounding
from hlsq.quantizers.base import FormatQuantizer, divide, numbers, round_to_integers


class fixed_point(FormatQuantizer):
    """Quantizes to ``FixedPoint(width, frac, ...)``: multiples of ``2**-frac`` in two's complement or unsigned.

    As an activation the unsigned format is a ReLU: negative values become zero.

    Args:
        width: stored bits, 1 to 64; 1 signed means ``+-2**-frac``.
        frac: fraction length, one number or one per channel (as text ``"4;5;6"``).
        signed: two's complement if true.
        symmetric: leave out the most negative integer.
        rounding: ``"half_even"`` or ``"half_up"``.

    Raises:
        FormatError: an impossible parameter.
    """

    _format: FixedPoint

    def __init__(
        self,
        width: int,
        frac: int | Sequence[int] | str,
        signed: bool = True,
        symmetric: bool = False,
        rounding: str = "half_even",
    ) -> None:
        super().__init__(FixedPoint(width, numbers(frac, int), bool(signed), bool(symmetric), Rounding(rounding)))

    @property
    def format(self) -> FixedPoint:
        """The fixed-point format."""
        return self._format

    def _values(self, x: tf.Tensor) -> tf.Tensor:
        fmt = self.format
        if fmt.is_sign:
            return tf.where(x < 0, -fmt.step, fmt.step)
        q = round_to_integers(divide(x, fmt.step), fmt.rounding)
        return tf.clip_by_value(q, np.float64(fmt.qmin), np.float64(fmt.qmax)) * fmt.step
