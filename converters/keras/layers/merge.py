"""Layers that bring branches together."""

from __future__ import annotations

from typing import ClassVar

from hlsq.converters.keras.call import LayerCall
from hlsq.converters.keras.draft import Node
from hlsq.converters.keras.handler import LayerHandler
from hlsq.graph.ops import Add, Concatenate

PLUS = ("__operators__.add", "math.add")
"""Names that TensorFlow has for the sum of two tensors."""


class AddHandler(LayerHandler):
    """Additions, the ``+`` of two tensors included."""

    classes: ClassVar[tuple[str, ...]] = ("Add", "ops.Add")

    def convert(self, call: LayerCall) -> tuple[Node, ...]:
        """One block."""
        if len(call.inputs) < 2:
            raise call.refuse("it adds a constant", "two or more tensors of the model")
        if len(set(call.input_shapes)) != 1:
            shapes = " and ".join(str(list(s)) for s in call.input_shapes)
            raise call.refuse(f"inputs of shape {shapes}", "inputs of one shape, nothing is broadcast")
        return (call.node(Add()),)


class OperatorHandler(AddHandler):
    """What tf_keras makes of TensorFlow functions; of these ``+`` alone is known."""

    classes = ("TFOpLambda",)
    packages = ("tf_keras",)

    def convert(self, call: LayerCall) -> tuple[Node, ...]:
        """One block."""
        symbol = str(getattr(call.layer, "symbol", ""))
        if symbol not in PLUS:
            raise call.refuse(f"TensorFlow function {symbol!r}", "the + of two tensors; use a Keras layer for others")
        return super().convert(call)


class ConcatenateHandler(LayerHandler):
    """Concatenation along the channels."""

    classes = ("Concatenate",)

    def convert(self, call: LayerCall) -> tuple[Node, ...]:
        """One block; nothing for a single input."""
        axis, rank = int(call.layer.axis), len(call.output_shape)
        if axis not in (-1, rank):
            raise call.refuse(f"axis={axis}", f"the last axis, axis=-1 or axis={rank}")
        if len(call.inputs) == 1:
            return ()
        return (call.node(Concatenate()),)
