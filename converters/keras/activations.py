"""Activation functions, given by name, as a function or as a layer."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import frexp
from typing import Any

from hlsq.converters.keras.call import LayerCall
from hlsq.graph import Activation

MAX_NEGATIVE_SHIFT = 16
SUPPORTED = (
    "linear, relu, relu6, a ReLU or LeakyReLU layer with a negative slope of 2^-k, "
    "and softmax or sigmoid as the last layer"
)
HOST_FUNCTIONS = ("softmax", "sigmoid")
ACTIVATIONS = {"linear": Activation(), "relu": Activation(relu=True), "relu6": Activation(relu=True, max_value=6.0)}


@dataclass(frozen=True)
class Function:
    """An activation, or what of it is left to the host."""

    activation: Activation = field(default_factory=Activation)
    host: str | None = None

    @property
    def is_linear(self) -> bool:
        """Whether it changes nothing."""
        return self.activation.is_linear and self.host is None


def function_of(call: LayerCall, given: Any) -> Function:
    """What the ``activation`` option ``given`` of a layer does.

    Raises:
        UnsupportedLayerError: hardware cannot do it.
    """
    if given is None:
        return Function()
    names = {cls.__name__ for cls in type(given).__mro__}
    if "Layer" in names:
        return _function_of_layer(call, given, type(given).__name__)
    name, package = getattr(given, "__name__", None), str(getattr(given, "__module__", "")).partition(".")[0]
    if name is None or package not in ("keras", "tf_keras", "tensorflow"):
        raise call.refuse(f"activation {name or given!r} is not one of Keras's own", SUPPORTED)
    if name in HOST_FUNCTIONS:
        return Function(host=name)
    if name == "leaky_relu":
        raise call.refuse("activation 'leaky_relu' has a negative slope of 0.2", SUPPORTED)
    if name not in ACTIVATIONS:
        raise call.refuse(f"activation {name!r}", SUPPORTED)
    return Function(ACTIVATIONS[name])


def _function_of_layer(call: LayerCall, layer: Any, kind: str) -> Function:
    """What an activation layer does."""
    if kind == "Activation":
        return function_of(call, layer.activation)
    if kind == "ReLU":
        return Function(_relu(call, layer))
    if kind == "LeakyReLU":
        slope = layer.negative_slope if hasattr(layer, "negative_slope") else layer.alpha
        return Function(_leaky(call, float(slope), None))
    if kind == "Softmax":
        return _softmax(call, layer)
    raise call.refuse(f"activation layer {kind}", SUPPORTED)


def _softmax(call: LayerCall, layer: Any) -> Function:
    axis, rank = layer.axis, len(call.output_shape)
    axes = list(axis) if isinstance(axis, list | tuple) else [axis]
    if axes not in ([-1], [rank]):
        raise call.refuse(f"softmax over axis {axis}", "softmax over the last axis")
    return Function(host="softmax")


def _relu(call: LayerCall, layer: Any) -> Activation:
    threshold, slope = float(layer.threshold or 0), float(layer.negative_slope or 0)
    limit = None if layer.max_value is None else float(layer.max_value)
    if threshold != 0:
        raise call.refuse(f"threshold={threshold:g}", "threshold=0")
    if limit is not None and limit <= 0:
        raise call.refuse(f"max_value={limit:g}", "a positive max_value, or None")
    return _leaky(call, slope, limit)


def _leaky(call: LayerCall, slope: float, limit: float | None) -> Activation:
    """``slope * x`` for negative x, which hardware does by a shift."""
    if slope == 0:
        return Activation(relu=True, max_value=limit)
    if slope == 1:
        return Activation(max_value=limit)
    mantissa, exponent = frexp(slope)
    shift = 1 - exponent
    if mantissa != 0.5 or not 1 <= shift <= MAX_NEGATIVE_SHIFT:
        raise call.refuse(
            f"negative slope {slope:g}",
            f"0, 1 and powers of two from 2^-1 to 2^-{MAX_NEGATIVE_SHIFT}, such as 0.25 or 0.125; "
            "change the slope and train again",
        )
    return Activation(negative_shift=shift, max_value=limit)


def layer_function(call: LayerCall) -> Function:
    """What the activation layer of ``call`` does.

    Raises:
        UnsupportedLayerError: hardware cannot do it.
    """
    return _function_of_layer(call, call.layer, _own_kind(call.layer))


def _own_kind(layer: Any) -> str:
    """Name of the Keras class that ``layer`` is, or is derived from."""
    kinds = ("Activation", "ReLU", "LeakyReLU", "Softmax")
    return next((c.__name__ for c in type(layer).__mro__ if c.__name__ in kinds), type(layer).__name__)
