"""Batch normalisation with its moving statistics."""

from __future__ import annotations

import numpy as np

from hlsq.converters.keras.call import LayerCall, to_array
from hlsq.converters.keras.draft import Node
from hlsq.converters.keras.handler import LayerHandler
from hlsq.converters.keras.options import require_map
from hlsq.converters.keras.parameters import check_variance
from hlsq.graph import ChannelScale
from hlsq.graph.ops import Identity


class BatchNormalizationHandler(LayerHandler):
    """The per-channel scale of FxP-QNet eq. 4-5, still on its own; the passes put it where it belongs."""

    classes = ("BatchNormalization",)

    def convert(self, call: LayerCall) -> tuple[Node, ...]:
        """One identity with a scale."""
        require_map(call)
        _check(call)
        return (call.node(Identity(), scale=refined(call)),)


def refined(call: LayerCall) -> ChannelScale:
    """``gamma / sqrt(variance + epsilon)`` and ``beta - mean * multiplier``, one value per channel.

    Raises:
        QuantizationError: a variance that has no square root to divide by.
    """
    layer = call.layer
    variance, epsilon = to_array(layer.moving_variance), float(layer.epsilon)
    check_variance(layer.name, variance, epsilon)
    multiplier = 1.0 / np.sqrt(variance + epsilon)
    if layer.gamma is not None:
        multiplier = multiplier * to_array(layer.gamma)
    shift = -to_array(layer.moving_mean) * multiplier
    if layer.beta is not None:
        shift = shift + to_array(layer.beta)
    return ChannelScale(multiplier, shift)


def _check(call: LayerCall) -> None:
    axis, rank = call.layer.axis, len(call.input_shapes[0])
    axes = [int(a) for a in axis] if isinstance(axis, list | tuple) else [int(axis)]
    if axes not in ([-1], [rank]):
        raise call.refuse(f"axis={axes[0] if len(axes) == 1 else axes}", f"the last axis, axis=-1 or axis={rank}")
    if call.training:
        raise call.refuse("it is called with training=True", "the moving statistics: call it without training=True")
    if getattr(call.layer, "renorm", False):
        raise call.refuse("renorm=True", "renorm=False")
