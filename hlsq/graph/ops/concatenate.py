"""Concatenation along the channels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from hlsq.errors import GraphError
from hlsq.graph.ops.base import Op, Shape


@dataclass(frozen=True)
class Concatenate(Op):
    """Two or more maps side by side along the last axis; each input is requantised to the common output format."""

    kind: ClassVar[str] = "concatenate"
    inputs: ClassVar[int | None] = None

    def output_shape(self, shapes: Sequence[Shape], kernel: Shape | None) -> Shape:
        """The inputs' shape with the sum of their channels."""
        if len({s[:-1] for s in shapes}) != 1:
            raise GraphError(
                f"cannot concatenate {[list(s) for s in shapes]} along the last axis; the others must agree"
            )
        return (*shapes[0][:-1], sum(s[-1] for s in shapes))
