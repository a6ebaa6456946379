"""What the handlers of QKeras layers share: a layer seen with quantised weights, and a node with its activation."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from hlsq.converters.keras.activations import function_of
from hlsq.converters.keras.call import LayerCall
from hlsq.converters.keras.draft import Node
from hlsq.converters.keras.qkeras_activations import is_quantizer, quantized_activation
from hlsq.converters.keras.qkeras_weights import SUPPORTED, Quantized, quantized_weights
from hlsq.formats import Affine, FixedPoint, Format, PowerOfTwo


def layer_weights(call: LayerCall, option: str, variable: Any) -> Quantized:
    """Weights ``variable`` of the layer as its quantizer ``option`` makes them.

    Raises:
        UnsupportedLayerError: there is no quantizer, or one that hardware weights cannot follow.
    """
    quantizer = getattr(call.layer, f"{option}_internal")
    if quantizer is None:
        raise call.refuse(
            f"{option}=None leaves its weights unquantised", f"{SUPPORTED}; or quantise the float model with a scheme"
        )
    return quantized_weights(call, option, quantizer, variable)


def layer_bias(call: LayerCall, variable: Any) -> tuple[dict[str, Any], dict[str, Format]]:
    """The bias ``variable`` as the layer's quantizer makes it, for ``seen_with``, and its format by role.

    Both are empty without a bias; the bias alone is there where no quantizer rounds it.
    """
    quantizer = call.layer.bias_quantizer_internal
    if variable is None:
        return {}, {}
    if quantizer is None:
        return {"bias": variable}, {}
    bias = quantized_weights(call, "bias_quantizer", quantizer, variable)
    return {"bias": bias.values}, {"bias": bias.format}


def activated(call: LayerCall, node: Node, activation: Any) -> Node:
    """``node`` with the layer's activation, which is a quantizer or a function of Keras."""
    if is_quantizer(activation):
        made = quantized_activation(call, activation)
        block = replace(node.block, activation=made.activation)
        return replace(node, block=block, quantizers={**node.quantizers, "output": made.format})
    function = function_of(call, activation)
    return replace(node, block=replace(node.block, activation=function.activation), host=function.host)


def repeated(fmt: Format, channels: int) -> Format:
    """A format per multiplier index as one per output channel of a depthwise convolution."""
    if fmt.channels is None:
        return fmt
    if isinstance(fmt, FixedPoint):
        return replace(fmt, frac=tuple(np.tile(fmt.frac, channels).tolist()))
    if isinstance(fmt, Affine | PowerOfTwo):
        return replace(fmt, scale=tuple(np.tile(fmt.scale, channels).tolist()))
    return fmt


class _View:
    """A layer seen with other weights, for a float handler."""

    def __init__(self, layer: Any, replaced: dict[str, Any]) -> None:
        self.__dict__.update(replaced)
        self._layer = layer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._layer, name)


def seen_with(call: LayerCall, **replaced: Any) -> LayerCall:
    """``call`` whose layer has some attributes replaced, under its own class name (which messages show)."""
    view = type(type(call.layer).__name__, (_View,), {})(call.layer, replaced)
    return replace(call, layer=view)
