"""Element-wise sum of feature maps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from hlsq.errors import GraphError
from hlsq.graph.ops.base import Op, Shape


@dataclass(frozen=True)
class Add(Op):
    """Sum of two or more maps of one shape."""

    kind: ClassVar[str] = "add"
    inputs: ClassVar[int | None] = None

    def output_shape(self, shapes: Sequence[Shape], kernel: Shape | None) -> Shape:
        """The inputs' common shape."""
        if len(set(shapes)) != 1:
            raise GraphError(f"the inputs of an addition have shapes {[list(s) for s in shapes]}; they must be equal")
        return shapes[0]
