"""Quantizer of the power-of-two format."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from hlsq.formats import PowerOfTwo
from hlsq.quantizers.base import FormatQuantizer, divide, numbers


class power_of_two(FormatQuantizer):
    """Quantizes to ``PowerOfTwo(code_bits, max_exponent, scale, ...)``: zero and ``+-scale * 2**e``.

    As an activation the unsigned format is a ReLU: negative values become zero. For weights like DoubleQ's the scale
    is ``max(abs(weights)) / 127``; a power of two instead lets hardware requantise by shifting.

    Args:
        code_bits: stored bits of one value.
        max_exponent: largest exponent.
        scale: real value of the integer 1, one number or one per channel (as text ``"0.1;0.2"``).
        signed: whether there are negative values.
        zero_below: magnitudes below ``zero_below * scale`` are zero; 0 for a format without zero.

    Raises:
        FormatError: an impossible parameter.
    """

    _format: PowerOfTwo

    def __init__(
        self,
        code_bits: int = 5,
        max_exponent: int = 7,
        scale: float | Sequence[float] | str = 1.0,
        signed: bool = True,
        zero_below: float = 0.5,
    ) -> None:
        super().__init__(PowerOfTwo(code_bits, max_exponent, numbers(scale, float), bool(signed), zero_below))

    @property
    def format(self) -> PowerOfTwo:
        """The power-of-two format."""
        return self._format

    def _values(self, x: tf.Tensor) -> tf.Tensor:
        fmt = self.format
        steps = divide(x, fmt.step)
        magnitude = tf.abs(steps)
        # Powers of two times sqrt(1/2) are exact, so these are the very numbers the format compares mantissas with.
        thresholds = np.ldexp(np.sqrt(0.5), np.arange(1, fmt.max_exponent + 1))
        exponent = tf.searchsorted(thresholds, tf.reshape(magnitude, [-1]), side="right")
        power = tf.gather(np.ldexp(1.0, np.arange(fmt.max_exponent + 1)), tf.reshape(exponent, tf.shape(magnitude)))
        q = tf.where(magnitude < fmt.zero_below, np.float64(0), power)
        q = tf.where(x < 0, -q if fmt.signed else np.float64(fmt.qmin), q)
        return tf.ensure_shape(q, x.shape) * fmt.step
