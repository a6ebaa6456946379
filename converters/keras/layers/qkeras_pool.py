"""QKeras's average pooling, whose reciprocal of the number of values may be quantised."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import numpy as np

from hlsq.converters.keras.call import LayerCall
from hlsq.converters.keras.draft import Node
from hlsq.converters.keras.handler import LayerHandler
from hlsq.converters.keras.layers.pool import GlobalPoolHandler, PoolHandler
from hlsq.converters.keras.qkeras_view import activated
from hlsq.converters.keras.qkeras_weights import quantized_weights
from hlsq.graph.ops import AveragePool2D
from hlsq.graph.ops.pool2d import average_weights


class QAveragePoolHandler(LayerHandler):
    """Pooling over windows: ``sum * average_quantizer(1 / n)``, or the plain average without a quantizer."""

    classes = ("QAveragePooling2D",)
    packages = ("qkeras",)
    floats: ClassVar[type[LayerHandler]] = PoolHandler

    def convert(self, call: LayerCall) -> tuple[Node, ...]:
        """One block, with the format of the reciprocal if that is quantised, and with the layer's activation."""
        (node,) = self.floats().convert(call)
        quantizer, op = call.layer.average_quantizer_internal, node.block.op
        if quantizer is not None and isinstance(op, AveragePool2D):
            count = int(np.prod(op.pool))
            if average_weights(op, call.input_shapes[0]).divisor != count:
                raise call.refuse(
                    f"an average_quantizer with padding={call.layer.padding!r}, where windows at the edge hold fewer "
                    "values",
                    "padding='valid', or average_quantizer=None",
                )
            factor = quantized_weights(call, "average_quantizer", quantizer, np.asarray([1 / count], np.float32))
            node = replace(node, quantizers={"scale": factor.format})
        return (activated(call, node, call.layer.activation),)


class QGlobalAveragePoolHandler(QAveragePoolHandler):
    """Pooling over the whole map."""

    classes = ("QGlobalAveragePooling2D",)
    floats = GlobalPoolHandler
