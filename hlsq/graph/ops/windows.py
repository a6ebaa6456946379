"""Windows of a map as positions of their own: a convolution over the map is one of single positions over them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from hlsq.graph.ops.base import Op, Pads, Shape, restore, spatial, whole, window_size


@dataclass(frozen=True)
class Windows(Op):
    """All values of each window side by side, row by row, as channels of one position; padding is the zero point.

    Args:
        window: (height, width).
        strides: (vertical, horizontal).
        padding: zeros (top, bottom, left, right).
        dilation: (vertical, horizontal).
    """

    kind: ClassVar[str] = "windows"
    accumulates: ClassVar[bool] = False

    window: tuple[int, int] = field(metadata=whole(2, 1))
    strides: tuple[int, int] = field(default=(1, 1), metadata=whole(2, 1))
    padding: Pads = field(default=(0, 0, 0, 0), metadata=whole(4, 0))
    dilation: tuple[int, int] = field(default=(1, 1), metadata=whole(2, 1))

    def output_shape(self, shapes: Sequence[Shape], kernel: Shape | None) -> Shape:
        """Shape of the map whose positions are the windows."""
        height, width, channels = spatial(shapes[0])
        top, bottom, left, right = self.padding
        return restore(
            window_size(height, self.window[0], self.strides[0], top, bottom, self.dilation[0]),
            window_size(width, self.window[1], self.strides[1], left, right, self.dilation[1]),
            self.window[0] * self.window[1] * channels,
            shapes[0],
        )

    @property
    def spans(self) -> tuple[int, int]:
        """Rows and columns from the first tap of a window to its last."""
        height, width = ((size - 1) * step + 1 for size, step in zip(self.window, self.dilation, strict=True))
        return height, width
