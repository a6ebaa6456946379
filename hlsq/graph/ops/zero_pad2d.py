"""Zero padding on its own (a convolution that follows alone takes it over)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from hlsq.graph.ops.base import Op, Pads, Shape, restore, spatial, whole


@dataclass(frozen=True)
class ZeroPad2D(Op):
    """Adds rows and columns of zeros (the format's zero point)."""

    kind: ClassVar[str] = "zero_pad2d"
    accumulates: ClassVar[bool] = False

    padding: Pads = field(metadata=whole(4, 0))

    def output_shape(self, shapes: Sequence[Shape], kernel: Shape | None) -> Shape:
        """The padded map's shape."""
        height, width, channels = spatial(shapes[0])
        top, bottom, left, right = self.padding
        return restore(height + top + bottom, width + left + right, channels, shapes[0])
