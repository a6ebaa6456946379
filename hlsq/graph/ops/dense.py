"""Fully connected layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import ClassVar

from hlsq.errors import GraphError
from hlsq.graph.ops.base import Op, Shape


@dataclass(frozen=True)
class Dense(Op):
    """Matrix product with a vector, kernel [in, out]; the input is [in]."""

    kind: ClassVar[str] = "dense"
    has_kernel: ClassVar[bool] = True

    def output_shape(self, shapes: Sequence[Shape], kernel: Shape | None) -> Shape:
        """[out]."""
        if kernel is None or len(kernel) != 2 or len(shapes[0]) != 1 or kernel[0] != prod(shapes[0]):
            raise GraphError(f"dense kernel {kernel} does not fit input {list(shapes[0])}; expected [in] and [in, out]")
        return (kernel[1],)
