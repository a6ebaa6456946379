"""What the quantizers of all formats have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np
import tensorflow as tf
from qkeras.base_quantizer import BaseQuantizer

from hlsq.errors import FormatError
from hlsq.formats import Format, Rounding
from hlsq.formats.base import Floats
from hlsq.quantizers.registration import register

SEPARATOR = ";"


class FormatQuantizer(BaseQuantizer):
    """A QKeras quantizer that computes the values of one number format.

    Values are computed in float64 as the format computes them, so they are equal to the format's, rounded to the
    tensor's type (TensorFlow takes subnormal inputs for zero). The gradient is one within the format's range and zero
    outside (a clipped straight-through estimator), so that values beyond the range are not driven further out.

    A subclass registers under its name with QKeras, which then finds it in strings, layer configurations and
    saved models.

    Args:
        number_format: the format.
    """

    _format: Format

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        register(cls)

    def __init__(self, number_format: Format) -> None:
        super().__init__()
        self._format = number_format

    @property
    def format(self) -> Format:
        """The number format whose values this quantizer computes."""
        return self._format

    @property
    def bits(self) -> int:
        """Stored bits of one value."""
        return self.format.bits

    @abstractmethod
    def _values(self, x: tf.Tensor) -> tf.Tensor:
        """Values of the format for float64 ``x``."""

    def __call__(self, x: Any) -> tf.Tensor:
        """Values of the format for ``x`` (last axis = channels), in its own float type.

        Raises:
            FormatError: the last axis does not have a per-channel format's number of channels.
        """
        x = tf.convert_to_tensor(x)
        if not x.dtype.is_floating:
            x = tf.cast(x, tf.float32)
        channels = self.format.channels
        if channels is not None and (x.shape.rank == 0 or x.shape[-1] not in (None, channels)):
            raise FormatError(
                f"{self}: the format has {channels} channels but the tensor has shape {x.shape.as_list()}; "
                "its last axis must be the channels"
            )
        values = tf.cast(self._values(tf.cast(x, tf.float64)), x.dtype)
        low, high = (np.clip(bound, x.dtype.min, x.dtype.max) for bound in self.format.range())
        inside = tf.minimum(tf.maximum(x, tf.cast(low, x.dtype)), tf.cast(high, x.dtype))
        # The difference is exactly zero, so the forward value is exact; x + stop_gradient(values - x) is not.
        return tf.stop_gradient(values) + (inside - tf.stop_gradient(inside))

    def max(self) -> float:
        """Largest value (of all channels)."""
        return float(np.max(self.format.range()[1]))

    def min(self) -> float:
        """Smallest value (of all channels)."""
        return float(np.min(self.format.range()[0]))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, fit for JSON."""
        config = {field.name: getattr(self.format, field.name) for field in fields(self.format)}
        return {name: _plain(value) for name, value in config.items()}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> FormatQuantizer:
        """The quantizer that ``get_config`` describes."""
        return cls(**config)

    def __str__(self) -> str:
        """The string form, which QKeras reads back: required arguments, then those that differ from their defaults."""
        parts = []
        for field in fields(self.format):
            value = getattr(self.format, field.name)
            if value != field.default:
                parts.append(f"{field.name}={_text(value)}")
        return f"{type(self).__name__}({','.join(parts)})"

    def __repr__(self) -> str:
        return str(self)


def numbers(value: Any, kind: type[int] | type[float]) -> Any:
    """One number or a tuple of them: ``value`` itself, or read from ``"1;2;3"`` as the string form writes it.

    Raises:
        FormatError: the text holds no such numbers.
    """
    if isinstance(value, str):
        try:
            return tuple(kind(part) for part in value.split(SEPARATOR))
        except ValueError:
            raise FormatError(
                f"{value!r} is no list of numbers; write one per channel, separated by {SEPARATOR!r}"
            ) from None
    return tuple(value) if isinstance(value, (Sequence, np.ndarray)) and np.ndim(value) else value


def divide(x: tf.Tensor, step: Floats) -> tf.Tensor:
    """``x / step``, correctly rounded in compiled graphs too.

    TensorFlow's graph optimiser replaces a plain division by a constant with a multiplication by its reciprocal,
    which rounds differently; it leaves this operation alone. (XLA does not: under ``jit_compile=True`` a tie may
    fall the other way if the scale is no power of two.)
    """
    return tf.math.divide_no_nan(x, tf.constant(step))


def round_to_integers(x: tf.Tensor, rounding: Rounding) -> tf.Tensor:
    """``Rounding.apply`` in TensorFlow."""
    if rounding is Rounding.HALF_EVEN:
        return tf.round(x)
    floor = tf.floor(x)
    return floor + tf.cast(x - floor >= 0.5, x.dtype)


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    return str(value) if isinstance(value, Rounding) else value


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        return f"'{SEPARATOR.join(repr(v) for v in value)}'"
    return f"'{value}'" if isinstance(value, str) else repr(value)
