"""QKeras's batch norm."""

from __future__ import annotations

from typing import ClassVar

from hlsq.converters.keras.call import LayerCall
from hlsq.converters.keras.draft import Node
from hlsq.converters.keras.handler import LayerHandler
from hlsq.converters.keras.layers.batch_norm import BatchNormalizationHandler
from hlsq.converters.keras.qkeras_view import seen_with


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
                quantized[attribute] = quantizer(variable)
        return BatchNormalizationHandler().convert(seen_with(call, **quantized))
