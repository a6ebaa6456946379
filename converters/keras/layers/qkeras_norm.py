"""QKeras's batch norm."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from hlsq.converters.keras.call import LayerCall, to_array
from hlsq.converters.keras.draft import Node
from hlsq.converters.keras.handler import LayerHandler
from hlsq.converters.keras.layers.batch_norm import BatchNormalizationHandler
from hlsq.converters.keras.qkeras_view import seen_with
from hlsq.converters.keras.qkeras_weights import applied
from hlsq.graph import ChannelScale


class QBatchNormalizationHandler(LayerHandler):
    """Batch norms with quantised parameters."""

    classes = ("QBatchNormalization",)
    packages = ("qkeras",)
    parameters: ClassVar[dict[str, str]] = {
        "gamma": "gamma",
        "beta": "beta",
        "mean": "moving_mean",
        "variance": "moving_variance",
    }

    def convert(self, call: LayerCall) -> tuple[Node, ...]:
        """One identity with the scale that the quantised parameters give."""
        layer = call.layer
        quantized = {}
        for role, attribute in self.parameters.items():
            quantizer, variable = getattr(layer, f"{role}_quantizer_internal"), getattr(layer, attribute)
            if quantizer is not None and variable is not None:
                quantized[attribute] = applied(call, f"{role}_quantizer", quantizer, variable)
        seen = seen_with(call, **quantized)
        (node,) = BatchNormalizationHandler().convert(seen)
        if layer.inverse_quantizer_internal is not None:
            node = replace(node, block=replace(node.block, scale=_with_quantised_factor(seen.layer)))
        return (node,)


def _with_quantised_factor(layer: Any) -> ChannelScale:
    """The scale whose factor ``gamma / sqrt(variance + epsilon)`` is quantised, in float32 as the layer computes it."""
    variance = to_array(layer.moving_variance).astype(np.float32) + np.float32(layer.epsilon)
    factor = np.reciprocal(np.sqrt(variance))
    if layer.gamma is not None:
        factor = factor * to_array(layer.gamma).astype(np.float32)
    quantised = to_array(layer.inverse_quantizer_internal(factor))
    shift = -to_array(layer.moving_mean) * quantised
    return ChannelScale(quantised, shift if layer.beta is None else shift + to_array(layer.beta))
