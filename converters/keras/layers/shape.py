"""Layers that only arrange the values anew."""

from __future__ import annotations

from hlsq.converters.keras.call import LayerCall
from hlsq.converters.keras.draft import Node
from hlsq.converters.keras.handler import LayerHandler
from hlsq.converters.keras.options import require_channels_last
from hlsq.graph.ops import Reshape


class ReshapeHandler(LayerHandler):
    """Flatten and Reshape: the values keep their row-major order."""

    classes = ("Flatten", "Reshape")

    def convert(self, call: LayerCall) -> tuple[Node, ...]:
        """One block; nothing if the shape stays."""
        require_channels_last(call)
        if call.output_shape == call.input_shapes[0]:
            return ()
        if len(call.output_shape) > 3:
            raise call.refuse(f"output shape {list(call.output_shape)}", "at most three axes")
        return (call.node(Reshape(call.output_shape)),)
