"""One call of one Keras layer, seen the same way for Keras 3, tf_keras and QKeras."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsq.converters.keras.draft import Node
from hlsq.errors import UnsupportedLayerError
from hlsq.graph import Activation, Block, ChannelScale
from hlsq.graph.ops import Op, Shape

Array = NDArray[np.float64]


def to_array(variable: Any) -> Array:
    """A Keras variable or tensor as float64."""
    value = variable.numpy() if hasattr(variable, "numpy") else variable
    return np.asarray(value).astype(np.float64)


@dataclass(frozen=True, eq=False)
class LayerCall:
    """One call of a layer; a layer that is called twice gives two.

    Args:
        layer: the Keras layer.
        name: the tensor it makes: the layer's name, made unique.
        inputs: the tensors it reads.
        input_shapes: their shapes, per sample.
        output_shape: shape of its output, per sample.
        training: whether it is called with ``training=True``, which fixes its behaviour in training.
        fresh: makes a name unique, for a layer that becomes several blocks.
    """

    layer: Any
    name: str
    inputs: tuple[str, ...]
    input_shapes: tuple[Shape, ...]
    output_shape: Shape
    training: bool
    fresh: Callable[[str], str]

    @property
    def kind(self) -> str:
        """The layer's class name."""
        return type(self.layer).__name__

    @property
    def package(self) -> str:
        """The package that the layer's class comes from: ``keras``, ``tf_keras``, ``qkeras``, ..."""
        return type(self.layer).__module__.partition(".")[0]

    def reading(self, inputs: tuple[str, ...]) -> LayerCall:
        """The same call with other names for the tensors it reads."""
        return replace(self, inputs=inputs)

    def refuse(self, problem: str, supported: str) -> UnsupportedLayerError:
        """The error that says why this layer cannot be converted."""
        return UnsupportedLayerError(self.layer.name, self.kind, problem, supported)

    def node(
        self,
        op: Op,
        *,
        name: str | None = None,
        inputs: tuple[str, ...] | None = None,
        kernel: Array | None = None,
        bias: Array | None = None,
        scale: ChannelScale | None = None,
        activation: Activation | None = None,
        host: str | None = None,
        quantizers: Mapping[str, Any] | None = None,
    ) -> Node:
        """A node for this call; names and inputs default to the call's own."""
        block = Block(
            name=self.name if name is None else name,
            op=op,
            inputs=self.inputs if inputs is None else inputs,
            kernel=kernel,
            bias=bias,
            scale=scale,
            activation=Activation() if activation is None else activation,
            layers=(self.layer.name,),
        )
        return Node(block, self.kind, self.layer.name, host, {} if quantizers is None else quantizers)
