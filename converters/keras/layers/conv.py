"""Convolutions: ordinary, depthwise and separable, in one and two dimensions."""

from __future__ import annotations

from typing import Any

from hlsq.converters.keras.activations import function_of
from hlsq.converters.keras.call import Array, LayerCall, to_array
from hlsq.converters.keras.draft import Node
from hlsq.converters.keras.handler import LayerHandler
from hlsq.converters.keras.options import NO_PADS, pair, require_channels_last, window_pads
from hlsq.graph.ops import Conv2D, DepthwiseConv2D
from hlsq.graph.ops.base import Pads


class ConvHandler(LayerHandler):
    """Convolutions; one whose groups are single channels is a depthwise one."""

    classes = ("Conv1D", "Conv2D")

    def convert(self, call: LayerCall) -> tuple[Node, ...]:
        """One block."""
        require_channels_last(call)
        kernel = to_array(call.layer.kernel)
        strides, padding, dilation = geometry(call, kernel.shape[: axes_of(call)])
        groups, channels = int(getattr(call.layer, "groups", 1)), call.input_shapes[0][-1]
        depthwise = groups == channels > 1
        if groups != 1 and not depthwise:
            raise call.refuse(
                f"groups={groups}",
                f"groups=1, or groups={channels} (one per input channel), or one convolution per group",
            )
        if axes_of(call) == 1:
            kernel = kernel[None]
        function = function_of(call, call.layer.activation)
        node = call.node(
            DepthwiseConv2D(strides, padding, dilation) if depthwise else Conv2D(strides, padding, dilation),
            kernel=kernel.reshape(*kernel.shape[:2], -1) if depthwise else kernel,
            bias=bias_of(call.layer),
            activation=function.activation,
            host=function.host,
        )
        return (node,)


class DepthwiseConvHandler(LayerHandler):
    """Depthwise convolutions with any multiplier."""

    classes = ("DepthwiseConv1D", "DepthwiseConv2D")

    def convert(self, call: LayerCall) -> tuple[Node, ...]:
        """One block."""
        require_channels_last(call)
        kernel = call.layer.depthwise_kernel if hasattr(call.layer, "depthwise_kernel") else call.layer.kernel
        op, weights = depthwise(call, to_array(kernel))
        function = function_of(call, call.layer.activation)
        node = call.node(
            op,
            kernel=weights,
            bias=bias_of(call.layer),
            activation=function.activation,
            host=function.host,
        )
        return (node,)


class SeparableConvHandler(LayerHandler):
    """A depthwise block named ``<layer>_depthwise``, then a pointwise one with bias and activation."""

    classes = ("SeparableConv1D", "SeparableConv2D")

    def convert(self, call: LayerCall) -> tuple[Node, ...]:
        """Two blocks."""
        require_channels_last(call)
        inner = call.fresh(f"{call.name}_depthwise")
        op, kernel = depthwise(call, to_array(call.layer.depthwise_kernel))
        pointwise = to_array(call.layer.pointwise_kernel)
        if axes_of(call) == 1:
            pointwise = pointwise[None]
        function = function_of(call, call.layer.activation)
        first = call.node(op, name=inner, kernel=kernel)
        second = call.node(
            Conv2D(),
            inputs=(inner,),
            kernel=pointwise,
            bias=bias_of(call.layer),
            activation=function.activation,
            host=function.host,
        )
        return first, second


def axes_of(call: LayerCall) -> int:
    """Number of axes that the window slides over."""
    return len(call.input_shapes[0]) - 1


def bias_of(layer: Any) -> Array | None:
    """The layer's bias, or None if it has none."""
    bias = getattr(layer, "bias", None)
    return None if bias is None else to_array(bias)


def geometry(call: LayerCall, window: tuple[int, ...]) -> tuple[tuple[int, int], Pads, tuple[int, int]]:
    """Strides, zero padding and dilation of a convolution with this ``window``."""
    axes = axes_of(call)
    strides = pair(call.layer.strides, axes)
    dilation = pair(call.layer.dilation_rate, axes)
    padding = window_pads(call, pair(window, axes), strides, dilation, call.input_shapes[0]) if axes else NO_PADS
    return strides, padding, dilation


def depthwise(call: LayerCall, kernel: Array) -> tuple[DepthwiseConv2D, Array]:
    """Operation and weights for a Keras kernel [(height,) width, in, multiplier]."""
    op = DepthwiseConv2D(*geometry(call, kernel.shape[: axes_of(call)]))
    if axes_of(call) == 1:
        kernel = kernel[None]
    return op, kernel.reshape(*kernel.shape[:2], -1)
