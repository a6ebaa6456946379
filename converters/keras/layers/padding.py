"""Zero padding as a layer."""

from __future__ import annotations

from hlsq.converters.keras.call import LayerCall
from hlsq.converters.keras.draft import Node
from hlsq.converters.keras.handler import LayerHandler
from hlsq.converters.keras.options import require_channels_last
from hlsq.graph.ops import ZeroPad2D


class ZeroPaddingHandler(LayerHandler):
    """Rows and columns of zeros; the passes give them to a convolution that follows."""

    classes = ("ZeroPadding1D", "ZeroPadding2D")

    def convert(self, call: LayerCall) -> tuple[Node, ...]:
        """One block; nothing if there is nothing to add."""
        require_channels_last(call)
        given = call.layer.padding
        if len(call.input_shapes[0]) == 2:
            (top, bottom), (left, right) = (0, 0), (int(v) for v in given)
        else:
            (top, bottom), (left, right) = ((int(v) for v in axis) for axis in given)
        if not any((top, bottom, left, right)):
            return ()
        return (call.node(ZeroPad2D((top, bottom, left, right))),)
