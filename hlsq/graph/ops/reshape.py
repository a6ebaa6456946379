"""A new shape for the same values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod
from typing import ClassVar

from hlsq.errors import GraphError
from hlsq.graph.ops.base import Op, Shape, whole


@dataclass(frozen=True)
class Reshape(Op):
    """Row-major reshape; flattening is a reshape to one axis."""

    kind: ClassVar[str] = "reshape"
    accumulates: ClassVar[bool] = False

    shape: Shape = field(metadata=whole(None, 1))

    def output_shape(self, shapes: Sequence[Shape], kernel: Shape | None) -> Shape:
        """The new shape."""
        if prod(self.shape) != prod(shapes[0]):
            raise GraphError(f"cannot reshape {list(shapes[0])} to {list(self.shape)}: different number of values")
        return self.shape
