"""Activation layers."""

from __future__ import annotations

from hlsq.converters.keras.activations import layer_function
from hlsq.converters.keras.call import LayerCall
from hlsq.converters.keras.draft import Node
from hlsq.converters.keras.handler import LayerHandler
from hlsq.graph.ops import Identity


class ActivationHandler(LayerHandler):
    """An activation on its own; the passes join it to the operation before."""

    classes = ("Activation", "LeakyReLU", "ReLU", "Softmax")

    def convert(self, call: LayerCall) -> tuple[Node, ...]:
        """One identity with the activation; nothing for a linear one."""
        function = layer_function(call)
        if function.is_linear:
            return ()
        if len(call.inputs) != 1:
            raise call.refuse("it is called with a mask", "one input")
        return (call.node(Identity(), activation=function.activation, host=function.host),)
