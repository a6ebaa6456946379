"""Weights of QKeras layers: the values their quantizers make of them, and the format that holds these exactly."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsq.converters.keras.call import Array, LayerCall, to_array
from hlsq.elementary import round_log2
from hlsq.errors import QuantizationError, UnsupportedLayerError
from hlsq.formats import Affine, FixedPoint, Format, PowerOfTwo

SUPPORTED = (
    "hlsq.quantizers (fixed_point, power_of_two, affine) and QKeras's quantized_bits, quantized_linear, quantized_po2, "
    "quantized_relu_po2, binary and ternary"
)
FLUSH_EXPONENT = -24
"""QKeras's power-of-two quantizers give their smallest power to values below 1e-7 (their stand-in for zero)."""


@dataclass(frozen=True, eq=False)
class Quantized:
    """Values (last axis = channels) and the format of exactly these."""

    values: Array
    format: Format


def quantized_weights(call: LayerCall, role: str, quantizer: Any, variable: Any) -> Quantized:
    """What ``quantizer`` makes of the weights ``variable``.

    Args:
        call: the layer's call, for messages.
        role: name of the layer's option, for messages.
        quantizer: a quantizer of hlsq or QKeras.
        variable: the layer's float weights.

    Raises:
        UnsupportedLayerError: a quantizer that hardware weights cannot follow.
        QuantizationError: weights that are NaN or infinite.
    """
    weights = to_array(variable)
    if not np.isfinite(weights).all():
        raise QuantizationError(
            f"layer {call.layer.name!r}: {int((~np.isfinite(weights)).sum())} of its {_what(role)} are NaN or "
            "infinite; all must be finite, so train or load the model again"
        )
    fmt = getattr(quantizer, "format", None)
    if isinstance(fmt, Format):
        if fmt.offset:
            raise call.refuse(f"{role}={quantizer} has the zero point {fmt.offset}", f"zero_point=0 in a {role}")
        return Quantized(fmt.fake_quantize(weights), fmt)
    maker = _MAKERS.get(kind_of(quantizer))
    if maker is None:
        raise call.refuse(f"{role}={describe(quantizer)}", SUPPORTED)
    check_noise(call, role, quantizer)
    values = applied(call, role, quantizer, variable)
    with refused_by_name(call, role, quantizer):
        made = maker(values, quantizer)
        exact = made.fake_quantize(values)
    # QKeras computes x + (quantized - x) in float32, which misses the quantized value by a rounding error.
    if not np.allclose(exact, values, rtol=1e-4, atol=2.0**FLUSH_EXPONENT):
        worst = int(np.abs(exact - values).argmax())
        raise call.refuse(
            f"{role}={describe(quantizer)} gives {values.flat[worst]:.9g}, which is no value of {made}", SUPPORTED
        )
    return Quantized(exact, made)


def applied(call: LayerCall, role: str, quantizer: Any, variable: Any) -> Array:
    """What ``quantizer`` makes of ``variable``.

    Raises:
        UnsupportedLayerError: it cannot quantise it, or makes values that are not finite.
    """
    with refused_by_name(call, role, quantizer):
        values = to_array(quantizer(variable))
    if not np.isfinite(values).all():
        raise call.refuse(f"{role}={describe(quantizer)} makes NaN or infinity of finite values", SUPPORTED)
    return values


@contextmanager
def refused_by_name(call: LayerCall, role: str, quantizer: Any) -> Iterator[None]:
    """Whatever QKeras, or a format, raises about a quantizer's options becomes an error that names layer and quantizer.

    Raises:
        UnsupportedLayerError: something was raised.
    """
    try:
        yield
    except UnsupportedLayerError:
        raise
    except Exception as error:  # assertions and errors of TensorFlow among them
        reason = next(iter(str(error).splitlines()), "") or type(error).__name__
        raise call.refuse(f"{role}={describe(quantizer)} cannot be applied ({reason})", SUPPORTED) from error


def _what(role: str) -> str:
    return "biases" if role == "bias_quantizer" else "weights"


def kind_of(quantizer: Any) -> str:
    """Class name of a QKeras quantizer, empty for anything else."""
    cls = type(quantizer)
    return cls.__name__ if cls.__module__.partition(".")[0] == "qkeras" else ""


def describe(quantizer: Any) -> str:
    """The quantizer's string form, or the name of a function."""
    if name := getattr(quantizer, "__name__", None):
        return str(name)
    try:
        return str(quantizer)
    except Exception:  # QKeras's quantized_hswish cannot be printed, nor its quantized_linear with numbers as alpha
        parts = [
            f"{key}={getattr(quantizer, key)!r}" for key in ("bits", "integer", "alpha") if hasattr(quantizer, key)
        ]
        return f"{type(quantizer).__name__}({', '.join(parts)})"


def check_noise(call: LayerCall, role: str, quantizer: Any) -> None:
    """Refuse a quantizer that mixes float values into its output.

    Raises:
        UnsupportedLayerError: its ``qnoise_factor`` is not 1.
    """
    with refused_by_name(call, role, quantizer):
        noise = float(np.asarray(getattr(quantizer, "qnoise_factor", 1.0)))
    if noise != 1:
        raise call.refuse(
            f"{role}={describe(quantizer)} with qnoise_factor={noise:g} quantizes in part only",
            "qnoise_factor=1; call update_qnoise_factor(1.0) before converting",
        )


def _bits_format(values: Array, quantizer: Any) -> Format:
    """``quantized_bits``: steps of ``scale * 2**(integer - bits + keep_negative)``, the scale perhaps per channel."""
    width = int(quantizer.bits)
    signed = bool(quantizer.keep_negative)
    steps = _channel_scales(quantizer, values)
    if width - signed > 0:
        steps = steps * 2.0 ** (int(np.asarray(quantizer.integer)) - (width - signed))
    signed = signed or bool((values < 0).any())
    if _are_powers(steps):
        return FixedPoint(width, _plain(-round_log2(steps)), signed=signed)
    return Affine(width, _plain(steps), signed=signed)


def _linear_format(values: Array, quantizer: Any) -> Format:
    """``quantized_linear``: integers times ``quantization_scale``, per channel or not; one signed bit is +-half."""
    width, signed = int(quantizer.bits), bool(quantizer.keep_negative)
    steps = _per_channel(quantizer.quantization_scale, values)
    if width == 1 and signed:
        steps = steps / 2
        if not _are_powers(steps):
            return PowerOfTwo(1, 0, scale=_plain(steps), zero_below=0)
    if _are_powers(steps):
        return FixedPoint(width, _plain(-round_log2(steps)), signed=signed)
    return Affine(width, _plain(steps), signed=signed)


def _binary_format(values: Array, quantizer: Any) -> Format:
    """``binary``: one bit for plus and minus a scale, or for zero and a scale."""
    scales = _channel_scales(quantizer, values)
    if not _are_powers(scales) or ((values == 0).any() and (values < 0).any()):
        return _ternary_format(values, quantizer)
    return FixedPoint(1, _plain(-round_log2(scales)), signed=not (values == 0).any())


def _ternary_format(values: Array, quantizer: Any) -> Format:
    """``ternary``: zero and plus or minus a scale."""
    return PowerOfTwo(code_bits=2, max_exponent=0, scale=_plain(_channel_scales(quantizer, values)))


def _po2_format(values: Array, quantizer: Any) -> Format:
    """``quantized_po2`` and ``quantized_relu_po2``: the exponents that occur; zero for QKeras's stand-in of it."""
    magnitudes = np.abs(values)
    kept = magnitudes[magnitudes > 2.0**FLUSH_EXPONENT]
    exponents = round_log2(kept) if kept.size else np.zeros(1, int)
    low, span = int(exponents.min()), int(exponents.max() - exponents.min())
    signed = kind_of(quantizer) == "quantized_po2" or bool((values < 0).any())
    return PowerOfTwo((span + 1).bit_length() + signed, span, scale=2.0**low, signed=signed)


_MAKERS = {
    "quantized_bits": _bits_format,
    "quantized_linear": _linear_format,
    "binary": _binary_format,
    "ternary": _ternary_format,
    "quantized_po2": _po2_format,
    "quantized_relu_po2": _po2_format,
}


def _channel_scales(quantizer: Any, values: Array) -> Array:
    """The quantizer's scale of every channel; 1 where all weights are zero, for which QKeras has the scale 0."""
    return _per_channel(quantizer.scale, values)


def _per_channel(scales: Any, values: Array) -> Array:
    """``scales`` that broadcast to ``values``, as one number per channel; 1 in place of 0."""
    scale = np.asarray(scales, dtype=np.float64)
    channels = np.broadcast_to(scale, (*values.shape[:-1], values.shape[-1])).reshape(-1, values.shape[-1])[0]
    return np.where(channels > 0, channels, 1.0)


def _are_powers(steps: Array) -> bool:
    return bool((np.frexp(steps)[0] == 0.5).all())


def _plain(channels: NDArray[Any]) -> Any:
    """One number where all channels agree, else a tuple."""
    numbers = tuple(channels.tolist())
    return numbers[0] if len(set(numbers)) == 1 else numbers
