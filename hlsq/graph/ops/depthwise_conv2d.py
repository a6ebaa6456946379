"""Depthwise convolution; with a 1x1 kernel also the standalone per-channel scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from hlsq.errors import GraphError
from hlsq.graph.ops.base import Op, Pads, Shape, restore, spatial, whole, window_size


@dataclass(frozen=True)
class DepthwiseConv2D(Op):
    """Each input channel with its own filters, kernel [kernel_h, kernel_w, in * multiplier].

    Output channel ``c * multiplier + j`` sees input channel ``c`` alone (the order of Keras).
    """

    kind: ClassVar[str] = "depthwise_conv2d"
    has_kernel: ClassVar[bool] = True

    strides: tuple[int, int] = field(default=(1, 1), metadata=whole(2, 1))
    padding: Pads = field(default=(0, 0, 0, 0), metadata=whole(4, 0))
    dilation: tuple[int, int] = field(default=(1, 1), metadata=whole(2, 1))

    def output_shape(self, shapes: Sequence[Shape], kernel: Shape | None) -> Shape:
        """Shape of the output map."""
        height, width, channels = spatial(shapes[0])
        if kernel is None or len(kernel) != 3 or kernel[2] % channels:
            raise GraphError(
                f"depthwise kernel {kernel} does not fit {channels} channels; expected [h, w, {channels} * m]"
            )
        top, bottom, left, right = self.padding
        return restore(
            window_size(height, kernel[0], self.strides[0], top, bottom, self.dilation[0]),
            window_size(width, kernel[1], self.strides[1], left, right, self.dilation[1]),
            kernel[2],
            shapes[0],
        )
