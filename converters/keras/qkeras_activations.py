"""Activation quantizers: what they compute, as an activation and a format whose ``quantize`` gives the same values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from hlsq.converters.keras.activations import MAX_NEGATIVE_SHIFT
from hlsq.converters.keras.call import LayerCall
from hlsq.converters.keras.qkeras_weights import check_noise, describe, kind_of, refused_by_name
from hlsq.elementary import ceil_log2, round_log2
from hlsq.formats import Affine, FixedPoint, Format, PowerOfTwo
from hlsq.graph import Activation

SUPPORTED = (
    "hlsq.quantizers (fixed_point, power_of_two, affine) and QKeras's quantized_bits, quantized_linear, "
    "quantized_relu, quantized_po2, quantized_relu_po2, binary and ternary"
)
EPSILON = 1e-7
"""Magnitudes below Keras's epsilon get QKeras's smallest power of two."""
LOWEST_EXPONENT = -23
"""Exponent of the smallest power that magnitudes from epsilon on round to."""
MAX_EXPONENT = 38


@dataclass(frozen=True)
class QuantizedActivation:
    """``format.fake_quantize(activation.apply(x))`` is what the quantizer computes."""

    activation: Activation
    format: Format


def quantized_activation(call: LayerCall, quantizer: Any) -> QuantizedActivation:
    """What the activation ``quantizer`` computes.

    Raises:
        UnsupportedLayerError: hardware cannot do it.
    """
    fmt = getattr(quantizer, "format", None)
    if isinstance(fmt, Format):
        if fmt.channels is not None:
            raise call.refuse(
                f"activation {describe(quantizer)} has one scale per channel", "one scale for the whole tensor"
            )
        clips = isinstance(fmt, FixedPoint | PowerOfTwo) and fmt.qmin == 0
        return QuantizedActivation(Activation(relu=clips), fmt)
    maker = _MAKERS.get(kind_of(quantizer))
    if maker is None:
        raise call.refuse(f"activation {describe(quantizer)}", SUPPORTED)
    check_noise(call, "activation", quantizer)
    with refused_by_name(call, "activation", quantizer):
        made = maker(call, quantizer)
    if not np.isfinite(np.asarray(made.format.range(), dtype=np.float32)).all():
        raise call.refuse(f"activation {describe(quantizer)}, whose range is beyond float32", "fewer integer bits")
    return made


def is_quantizer(value: Any) -> bool:
    """Whether ``value`` is a quantizer, not one of Keras's activation functions."""
    return isinstance(getattr(value, "format", None), Format) or bool(kind_of(value))


def _bits(call: LayerCall, quantizer: Any) -> QuantizedActivation:
    alpha = quantizer.alpha
    if isinstance(alpha, str) or (alpha is not None and not (np.asarray(alpha) == 1).all()):
        raise call.refuse(
            f"activation {describe(quantizer)} scales its values by alpha",
            "alpha=None or 1; put powers of two into `integer`",
        )
    width, signed = int(quantizer.bits), bool(quantizer.keep_negative)
    if width == 1 and signed:
        return QuantizedActivation(Activation(), FixedPoint(1, 0))
    frac = width - signed - _integer_bits(call, quantizer)
    fmt = FixedPoint(width, frac, signed=signed, symmetric=signed and bool(quantizer.symmetric))
    return QuantizedActivation(Activation(relu=not signed), fmt)


def _linear(call: LayerCall, quantizer: Any) -> QuantizedActivation:
    alpha = quantizer.alpha
    if isinstance(alpha, str) or (alpha is not None and np.size(alpha) != 1):
        raise call.refuse(f"activation {describe(quantizer)} scales its values by alpha", "alpha=None or one number")
    width, signed = int(quantizer.bits), bool(quantizer.keep_negative)
    step = float(np.asarray(quantizer.quantization_scale, dtype=np.float64).reshape(()))
    if not (np.isfinite(step) and step > 0):
        raise call.refuse(f"activation {describe(quantizer)}, whose step is {step:g}", "a positive alpha")
    mantissa, exponent = np.frexp(step)
    if width == 1 and signed:
        if mantissa == 0.5:
            return QuantizedActivation(Activation(), FixedPoint(1, 2 - int(exponent)))
        return QuantizedActivation(Activation(), PowerOfTwo(1, 0, scale=step / 2, zero_below=0))
    symmetric = signed and bool(quantizer.symmetric)
    fmt: Format = Affine(width, step, signed=signed, symmetric=symmetric)
    if mantissa == 0.5:
        fmt = FixedPoint(width, 1 - int(exponent), signed=signed, symmetric=symmetric)
    return QuantizedActivation(Activation(relu=not signed), fmt)


def _relu(call: LayerCall, quantizer: Any) -> QuantizedActivation:
    if quantizer.use_sigmoid:
        raise call.refuse(f"activation {describe(quantizer)} with use_sigmoid", "use_sigmoid=0")
    slope, integer = float(quantizer.negative_slope), _integer_bits(call, quantizer)
    frac = int(quantizer.bits) - (slope != 0) - integer
    fmt = FixedPoint(int(quantizer.bits), frac, signed=slope != 0)
    bound = None if quantizer.is_quantized_clip else quantizer.relu_upper_bound
    limit = float(bound) if bound else None
    if limit is not None and fmt.fake_quantize(limit) != min(limit, float(fmt.range()[1])):
        raise call.refuse(
            f"activation {describe(quantizer)} with relu_upper_bound={limit:g}, "
            f"no multiple of its step {float(fmt.step):g}",
            "an upper bound on the quantizer's grid",
        )
    if slope == 0:
        return QuantizedActivation(Activation(relu=True, max_value=limit), fmt)
    shift = -int(ceil_log2(slope))
    if not 0 <= shift <= MAX_NEGATIVE_SHIFT:
        raise call.refuse(f"negative_slope={slope:g}", f"powers of two from 1 down to 2^-{MAX_NEGATIVE_SHIFT}")
    lowest = -slope * 2.0**integer
    if fmt.fake_quantize(lowest) != lowest:
        raise call.refuse(
            f"activation {describe(quantizer)}, whose smallest value {lowest:g} is "
            f"no multiple of its step {float(fmt.step):g}",
            "more bits or a steeper slope",
        )
    activation = Activation(max_value=limit, negative_shift=shift or None, min_value=lowest)
    return QuantizedActivation(activation, fmt)


def _po2(call: LayerCall, quantizer: Any) -> QuantizedActivation:
    signed = kind_of(quantizer) == "quantized_po2"
    if quantizer.quadratic_approximation or quantizer.log2_rounding != "rnd":
        raise call.refuse(
            f"activation {describe(quantizer)} with quadratic_approximation={quantizer.quadratic_approximation}, "
            f"log2_rounding={quantizer.log2_rounding!r}",
            "quadratic_approximation=False and log2_rounding='rnd' in activations",
        )
    if getattr(quantizer, "negative_slope", 0):
        raise call.refuse(
            f"activation {describe(quantizer)} with a negative slope", "negative_slope=0, or quantized_relu"
        )
    low, high = int(quantizer._min_exp), int(quantizer._max_exp)
    if quantizer.max_value is not None:
        if quantizer.max_value <= 0:
            raise call.refuse(
                f"activation {describe(quantizer)} with max_value={quantizer.max_value}", "a positive max_value"
            )
        high = max(low, min(high, int(round_log2(float(quantizer.max_value)))))
    has_zero = low < LOWEST_EXPONENT
    low = max(low, LOWEST_EXPONENT)
    span = min(max(high, low), MAX_EXPONENT) - low
    fmt = PowerOfTwo(
        code_bits=(span + has_zero).bit_length() + signed or 1,
        max_exponent=span,
        scale=2.0**low,
        signed=signed,
        zero_below=float(np.float32(EPSILON)) / 2.0**low if has_zero else 0.0,
    )
    return QuantizedActivation(Activation(relu=has_zero and not signed), fmt)


def _binary(call: LayerCall, quantizer: Any) -> QuantizedActivation:
    scale = _alpha(call, quantizer)
    if quantizer.use_01:
        raise call.refuse(f"activation {describe(quantizer)} with use_01", "binary() with the values -1 and 1")
    mantissa, exponent = np.frexp(scale)
    if mantissa == 0.5:
        return QuantizedActivation(Activation(), FixedPoint(1, 1 - int(exponent)))
    return QuantizedActivation(Activation(), PowerOfTwo(1, 0, scale=scale, zero_below=0))


def _ternary(call: LayerCall, quantizer: Any) -> QuantizedActivation:
    scale = _alpha(call, quantizer)
    threshold = quantizer.default_threshold if quantizer.threshold is None else quantizer.threshold
    # QKeras compares float32 numbers; with the threshold 0 only zero itself stays zero.
    below = float(np.float32(threshold)) / scale or float(np.finfo(np.float64).tiny)
    return QuantizedActivation(Activation(), PowerOfTwo(2, 0, scale=scale, zero_below=below))


def _alpha(call: LayerCall, quantizer: Any) -> float:
    alpha = 1.0 if quantizer.alpha is None else quantizer.alpha
    if isinstance(alpha, str) or np.ndim(alpha) or float(alpha) <= 0:
        raise call.refuse(
            f"activation {describe(quantizer)}, whose alpha is {alpha!r}", "alpha=None or one positive number"
        )
    return float(np.float32(alpha))


def _integer_bits(call: LayerCall, quantizer: Any) -> int:
    """Bits left of the binary point; a ``QAdaptiveActivation`` keeps a variable of them, perhaps one per channel."""
    given = np.unique(np.asarray(quantizer.integer))
    if given.size != 1:
        raise call.refuse(
            f"activation {type(quantizer).__name__} has {given.size} different numbers of integer bits, "
            "one per channel",
            "per_channel=False, one scale for the whole tensor",
        )
    return int(given[0])


_MAKERS = {
    "quantized_bits": _bits,
    "quantized_linear": _linear,
    "quantized_relu": _relu,
    "quantized_po2": _po2,
    "quantized_relu_po2": _po2,
    "binary": _binary,
    "ternary": _ternary,
}
