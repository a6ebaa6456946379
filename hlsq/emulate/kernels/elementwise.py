"""Sum, concatenation, identity, padding and reshape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from hlsq.emulate.kernels.base import Kernel, Values, as_maps, pad_maps
from hlsq.graph.ops import Add, Concatenate, Identity, Reshape, ZeroPad2D
from hlsq.graph.ops.base import Op


class AddKernel(Kernel[Add]):
    """Element-wise sum."""

    op: ClassVar[type[Op]] = Add

    def linear(self, op: Add, inputs: Sequence[Values], weights: Values | None) -> Values:
        """Maps of the inputs' shape."""
        total = inputs[0] + inputs[1]
        for other in inputs[2:]:
            total += other
        return total


class ConcatenateKernel(Kernel[Concatenate]):
    """Side by side along the last axis."""

    op: ClassVar[type[Op]] = Concatenate

    def linear(self, op: Concatenate, inputs: Sequence[Values], weights: Values | None) -> Values:
        """Maps with the sum of the inputs' channels."""
        return np.concatenate(inputs, axis=-1)


class IdentityKernel(Kernel[Identity]):
    """The input itself."""

    op: ClassVar[type[Op]] = Identity

    def linear(self, op: Identity, inputs: Sequence[Values], weights: Values | None) -> Values:
        """The input."""
        return inputs[0]


class ReshapeKernel(Kernel[Reshape]):
    """Another shape."""

    op: ClassVar[type[Op]] = Reshape

    def linear(self, op: Reshape, inputs: Sequence[Values], weights: Values | None) -> Values:
        """The input's values in the new shape."""
        return inputs[0].reshape(inputs[0].shape[0], *op.shape)


class ZeroPad2DKernel(Kernel[ZeroPad2D]):
    """Rows and columns of zeros."""

    op: ClassVar[type[Op]] = ZeroPad2D

    def linear(self, op: ZeroPad2D, inputs: Sequence[Values], weights: Values | None) -> Values:
        """The padded maps."""
        padded = pad_maps(as_maps(inputs[0]), op.padding)
        return padded.reshape(padded.shape[0], *padded.shape[1:][4 - inputs[0].ndim :])
