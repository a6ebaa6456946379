"""Fully connected layers."""

from __future__ import annotations

from hlsq.converters.keras.activations import function_of
from hlsq.converters.keras.call import LayerCall, to_array
from hlsq.converters.keras.draft import Node
from hlsq.converters.keras.handler import LayerHandler
from hlsq.converters.keras.options import require_map
from hlsq.graph.ops import Conv2D, Dense


class DenseHandler(LayerHandler):
    """A matrix product on vectors; on maps, where Keras uses the last axis only, a 1x1 convolution."""

    classes = ("Dense",)

    def convert(self, call: LayerCall) -> tuple[Node, ...]:
        """One block."""
        require_map(call)
        if getattr(call.layer, "quantization_mode", None) is not None:
            raise call.refuse(
                f"quantised by Keras to {call.layer.quantization_mode!r}", "float layers; convert it before"
            )
        kernel = to_array(call.layer.kernel)
        bias = None if call.layer.bias is None else to_array(call.layer.bias)
        is_vector = len(call.input_shapes[0]) == 1
        function = function_of(call, call.layer.activation)
        node = call.node(
            Dense() if is_vector else Conv2D(),
            kernel=kernel if is_vector else kernel[None, None],
            bias=bias,
            activation=function.activation,
            host=function.host,
        )
        return (node,)
