"""QKeras layers with a batch norm inside: the folded weights are quantised, as their own inference does it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsq.converters.keras.layers.qkeras import QConvHandler, QDenseHandler, QDepthwiseHandler, QLinearHandler
from hlsq.converters.keras.parameters import check_variance

Floats = NDArray[np.float32]


class FoldedHandler(QLinearHandler):
    """The parameters of a layer with its batch norm folded into them, in float32 as the layer computes them."""

    def parameters(self, layer: Any) -> tuple[Any, Any]:
        """Folded kernel and bias.

        Raises:
            QuantizationError: a variance that has no square root to divide by.
        """
        norm = layer.batchnorm
        variance = _values(norm.moving_variance)
        check_variance(layer.name, variance, float(norm.epsilon))
        gain = self.reciprocal_root(variance + np.float32(norm.epsilon))
        if norm.gamma is not None:
            gain = gain * _values(norm.gamma)
        bias = _values(layer.bias) if layer.use_bias else np.float32(0)
        bias = gain * (bias - _values(norm.moving_mean))
        if norm.beta is not None:
            bias = bias + _values(norm.beta)
        kernel = _values(getattr(layer, self.kernel))
        return self.align(gain, kernel) * kernel, bias

    def reciprocal_root(self, variance: Floats) -> Floats:
        """One over the standard deviation."""
        return np.reciprocal(np.sqrt(variance))

    def align(self, gain: Floats, kernel: Floats) -> Floats:
        """``gain`` in a shape that multiplies ``kernel``."""
        return gain


class QConvBatchnormHandler(FoldedHandler, QConvHandler):
    """Convolutions."""

    classes = ("QConv2DBatchnorm",)


class QDenseBatchnormHandler(FoldedHandler, QDenseHandler):
    """Fully connected layers."""

    classes = ("QDenseBatchnorm",)


class QDepthwiseBatchnormHandler(FoldedHandler, QDepthwiseHandler):
    """Depthwise convolutions."""

    classes = ("QDepthwiseConv2DBatchnorm",)

    def reciprocal_root(self, variance: Floats) -> Floats:
        """As this layer computes it, by an operation of its own whose last digits differ."""
        import keras

        return np.asarray(keras.ops.convert_to_numpy(keras.ops.rsqrt(variance)))

    def align(self, gain: Floats, kernel: Floats) -> Floats:
        """One value per channel and multiplier."""
        return gain.reshape(kernel.shape[2:])


def _values(variable: Any) -> Floats:
    return np.asarray(variable.numpy() if hasattr(variable, "numpy") else variable, dtype=np.float32)
