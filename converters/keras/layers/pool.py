"""Maximum and average pooling."""

from __future__ import annotations

from hlsq.converters.keras.call import LayerCall
from hlsq.converters.keras.draft import Node
from hlsq.converters.keras.handler import LayerHandler
from hlsq.converters.keras.options import pair, require_channels_last, window_pads
from hlsq.graph.ops import AveragePool2D, MaxPool2D
from hlsq.graph.ops.base import spatial


class PoolHandler(LayerHandler):
    """Pooling over windows; padded positions take no part."""

    classes = ("AveragePooling1D", "AveragePooling2D", "MaxPooling1D", "MaxPooling2D")

    def convert(self, call: LayerCall) -> tuple[Node, ...]:
        """One block."""
        require_channels_last(call)
        axes = len(call.input_shapes[0]) - 1
        pool = pair(call.layer.pool_size, axes)
        strides = pair(call.layer.strides, axes)
        padding = window_pads(call, pool, strides, (1, 1), call.input_shapes[0])
        return (call.node(_operation(call)(pool, strides, padding)),)


class GlobalPoolHandler(LayerHandler):
    """Pooling over the whole map."""

    classes = ("GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalMaxPooling1D", "GlobalMaxPooling2D")

    def convert(self, call: LayerCall) -> tuple[Node, ...]:
        """One block."""
        require_channels_last(call)
        if len(call.inputs) != 1:
            raise call.refuse("it is called with a mask", "one input")
        window = spatial(call.input_shapes[0])[:2]
        return (call.node(_operation(call)(window, window, squeeze=not getattr(call.layer, "keepdims", False))),)


def _operation(call: LayerCall) -> type[AveragePool2D] | type[MaxPool2D]:
    names = [cls.__name__ for cls in type(call.layer).__mro__]
    return AveragePool2D if any("Average" in name for name in names) else MaxPool2D
