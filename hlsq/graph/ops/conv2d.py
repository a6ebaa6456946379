"""Convolution over height and width."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from hlsq.errors import GraphError
from hlsq.graph.ops.base import Op, Pads, Shape, restore, spatial, whole, window_size


@dataclass(frozen=True)
class Conv2D(Op):
    """Convolution, kernel [kernel_h, kernel_w, in, out]; a 1-D one has kernel_h 1 and input [length, in].

    Args:
        strides: (vertical, horizontal).
        padding: zeros (top, bottom, left, right).
        dilation: (vertical, horizontal).
    """

    kind: ClassVar[str] = "conv2d"
    has_kernel: ClassVar[bool] = True

    strides: tuple[int, int] = field(default=(1, 1), metadata=whole(2, 1))
    padding: Pads = field(default=(0, 0, 0, 0), metadata=whole(4, 0))
    dilation: tuple[int, int] = field(default=(1, 1), metadata=whole(2, 1))

    def output_shape(self, shapes: Sequence[Shape], kernel: Shape | None) -> Shape:
        """Shape of the output map."""
        height, width, channels = spatial(shapes[0])
        if kernel is None or len(kernel) != 4 or kernel[2] != channels:
            raise GraphError(
                f"kernel {kernel} does not fit {channels} input channels; expected [h, w, {channels}, out]"
            )
        top, bottom, left, right = self.padding
        return restore(
            window_size(height, kernel[0], self.strides[0], top, bottom, self.dilation[0]),
            window_size(width, kernel[1], self.strides[1], left, right, self.dilation[1]),
            kernel[3],
            shapes[0],
        )
