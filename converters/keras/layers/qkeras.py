"""QKeras layers: the float handlers on quantised weights, with the formats of weights, bias and output noted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from hlsq.converters.keras.activations import function_of
from hlsq.converters.keras.call import LayerCall
from hlsq.converters.keras.draft import Node
from hlsq.converters.keras.handler import LayerHandler
from hlsq.converters.keras.layers.batch_norm import BatchNormalizationHandler
from hlsq.converters.keras.layers.conv import ConvHandler, DepthwiseConvHandler
from hlsq.converters.keras.layers.dense import DenseHandler
from hlsq.converters.keras.qkeras_activations import is_quantizer, quantized_activation
from hlsq.converters.keras.qkeras_weights import SUPPORTED, quantized_weights
from hlsq.formats import Affine, FixedPoint, Format, PowerOfTwo
from hlsq.graph.ops import DepthwiseConv2D, Identity


class QLinearHandler(LayerHandler):
    """Convolutions and fully connected layers."""

    classes: ClassVar[tuple[str, ...]] = ("QConv1D", "QConv2D", "QDense")
    packages = ("qkeras",)
    kernel: ClassVar[str] = "kernel"
    floats: ClassVar[dict[str, type[LayerHandler]]] = {
        "QConv1D": ConvHandler,
        "QConv2D": ConvHandler,
        "QDense": DenseHandler,
        "QDepthwiseConv2D": DepthwiseConvHandler,
    }

    def convert(self, call: LayerCall) -> tuple[Node, ...]:
        """One block with quantised kernel and bias, and with the activation if the layer has one."""
        layer, option = call.layer, "depthwise_quantizer" if self.kernel == "depthwise_kernel" else "kernel_quantizer"
        quantizer = getattr(layer, f"{option}_internal")
        if quantizer is None:
            raise call.refuse(
                f"{option}=None leaves its weights unquantised",
                f"{SUPPORTED}; or quantise the float model with a scheme",
            )
        kernel = quantized_weights(call, option, quantizer, getattr(layer, self.kernel))
        replaced: dict[str, Any] = {self.kernel: kernel.values, "activation": None}
        formats: dict[str, Any] = {"kernel": kernel.format}
        if layer.use_bias and layer.bias_quantizer_internal is not None:
            bias = quantized_weights(call, "bias_quantizer", layer.bias_quantizer_internal, layer.bias)
            replaced["bias"] = bias.values
            formats["bias"] = bias.format
        (node,) = self._float_handler(layer).convert(replace(call, layer=_with(layer, **replaced)))
        if isinstance(node.block.op, DepthwiseConv2D):
            formats["kernel"] = _repeated(kernel.format, call.input_shapes[0][-1])
        return (_activated(call, replace(node, quantizers=formats), layer.activation),)

    def _float_handler(self, layer: Any) -> LayerHandler:
        return next(self.floats[cls.__name__]() for cls in type(layer).__mro__ if cls.__name__ in self.floats)


class QDepthwiseHandler(QLinearHandler):
    """Depthwise convolutions."""

    classes = ("QDepthwiseConv2D",)
    kernel = "depthwise_kernel"


class QActivationHandler(LayerHandler):
    """An activation quantizer on its own; the passes join it to the operation before."""

    classes = ("QActivation",)
    packages = ("qkeras",)

    def convert(self, call: LayerCall) -> tuple[Node, ...]:
        """One identity; nothing for a linear function."""
        node = _activated(call, call.node(Identity()), call.layer.quantizer)
        return () if node.is_open else (node,)


class QBatchNormalizationHandler(LayerHandler):
    """Batch norms with quantised parameters."""

    classes = ("QBatchNormalization",)
    packages = ("qkeras",)
    parameters: ClassVar[dict[str, str]] = {
        "gamma": "gamma",
        "beta": "beta",
        "mean": "moving_mean",
        "variance": "moving_variance",
    }

    def convert(self, call: LayerCall) -> tuple[Node, ...]:
        """One identity with the scale that the quantised parameters give."""
        layer = call.layer
        quantized = {}
        for role, attribute in self.parameters.items():
            quantizer, variable = getattr(layer, f"{role}_quantizer_internal"), getattr(layer, attribute)
            if quantizer is not None and variable is not None:
                quantized[attribute] = quantizer(variable)
        return BatchNormalizationHandler().convert(replace(call, layer=_with(layer, **quantized)))


def _activated(call: LayerCall, node: Node, activation: Any) -> Node:
    """``node`` with the layer's activation, which is a quantizer or a function of Keras."""
    if is_quantizer(activation):
        made = quantized_activation(call, activation)
        block = replace(node.block, activation=made.activation)
        return replace(node, block=block, quantizers={**node.quantizers, "output": made.format})
    function = function_of(call, activation)
    return replace(node, block=replace(node.block, activation=function.activation), host=function.host)


def _repeated(fmt: Format, channels: int) -> Format:
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


def _with(layer: Any, **replaced: Any) -> Any:
    """``layer`` with some attributes replaced, under its own class name (which messages show)."""
    return type(type(layer).__name__, (_View,), {})(layer, replaced)
