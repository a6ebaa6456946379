"""QKeras's convolutions and fully connected layers: the float handlers on quantised weights."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

from hlsq.converters.keras.call import LayerCall
from hlsq.converters.keras.draft import Node
from hlsq.converters.keras.handler import LayerHandler
from hlsq.converters.keras.layers.conv import ConvHandler, DepthwiseConvHandler, SeparableConvHandler
from hlsq.converters.keras.layers.dense import DenseHandler
from hlsq.converters.keras.qkeras_view import activated, layer_bias, layer_weights, repeated, seen_with
from hlsq.graph.ops import DepthwiseConv2D


class QLinearHandler(LayerHandler):
    """Layers with one kernel; the formats of weights, bias and output are noted with the block."""

    packages = ("qkeras",)
    kernel: ClassVar[str] = "kernel"
    option: ClassVar[str] = "kernel_quantizer"
    floats: ClassVar[type[LayerHandler]]

    def parameters(self, layer: Any) -> tuple[Any, Any]:
        """The layer's float kernel, and its bias or None."""
        return getattr(layer, self.kernel), layer.bias if layer.use_bias else None

    def convert(self, call: LayerCall) -> tuple[Node, ...]:
        """One block with quantised kernel and bias, and with the activation if the layer has one."""
        variable, bias_variable = self.parameters(call.layer)
        kernel = layer_weights(call, self.option, variable)
        bias, formats = layer_bias(call, bias_variable)
        (node,) = self.floats().convert(seen_with(call, **{self.kernel: kernel.values}, **bias, activation=None))
        depthwise = isinstance(node.block.op, DepthwiseConv2D)
        formats["kernel"] = repeated(kernel.format, call.input_shapes[0][-1]) if depthwise else kernel.format
        return (activated(call, replace(node, quantizers=formats), call.layer.activation),)


class QConvHandler(QLinearHandler):
    """Convolutions."""

    classes: ClassVar[tuple[str, ...]] = ("QConv1D", "QConv2D")
    floats = ConvHandler


class QDenseHandler(QLinearHandler):
    """Fully connected layers."""

    classes: ClassVar[tuple[str, ...]] = ("QDense",)
    floats = DenseHandler


class QDepthwiseHandler(QLinearHandler):
    """Depthwise convolutions."""

    classes: ClassVar[tuple[str, ...]] = ("QDepthwiseConv2D",)
    kernel = "depthwise_kernel"
    option = "depthwise_quantizer"
    floats = DepthwiseConvHandler


class QSeparableHandler(LayerHandler):
    """Separable convolutions, whose layer quantises nothing between its depthwise and its pointwise part."""

    classes = ("QSeparableConv1D", "QSeparableConv2D")
    packages = ("qkeras",)

    def convert(self, call: LayerCall) -> tuple[Node, ...]:
        """Two blocks; the sums of the first go on unrounded."""
        layer = call.layer
        first = layer_weights(call, "depthwise_quantizer", layer.depthwise_kernel)
        second = layer_weights(call, "pointwise_quantizer", layer.pointwise_kernel)
        bias, formats = layer_bias(call, layer.bias if layer.use_bias else None)
        kernels = {"depthwise_kernel": first.values, "pointwise_kernel": second.values}
        inner, outer = SeparableConvHandler().convert(seen_with(call, **kernels, **bias, activation=None))
        inner = replace(inner, quantizers={"kernel": repeated(first.format, call.input_shapes[0][-1])})
        outer = replace(outer, quantizers={**formats, "kernel": second.format})
        return inner, activated(call, outer, layer.activation)
