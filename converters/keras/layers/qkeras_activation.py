"""QKeras's activation layers."""

from __future__ import annotations

from typing import Any

from hlsq.converters.keras.call import LayerCall
from hlsq.converters.keras.draft import Node
from hlsq.converters.keras.handler import LayerHandler
from hlsq.converters.keras.qkeras_view import activated
from hlsq.graph.ops import Identity


class QActivationHandler(LayerHandler):
    """An activation quantizer on its own; the passes join it to the operation before."""

    classes = ("QActivation",)
    packages = ("qkeras",)

    def convert(self, call: LayerCall) -> tuple[Node, ...]:
        """One identity; nothing for a linear function."""
        node = activated(call, call.node(Identity()), self.quantizer(call.layer))
        return () if node.is_open else (node,)

    def quantizer(self, layer: Any) -> Any:
        """The quantizer, or function of Keras, that the layer applies."""
        return layer.activation


class QAdaptiveActivationHandler(QActivationHandler):
    """A quantizer whose range was found in training, with the integer bits that it has now."""

    classes = ("QAdaptiveActivation",)

    def quantizer(self, layer: Any) -> Any:
        """The layer's ``quantized_bits`` or ``quantized_relu``."""
        return layer.quantizer
