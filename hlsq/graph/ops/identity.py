"""An activation or a change of format on its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from hlsq.graph.ops.base import Op, Shape


@dataclass(frozen=True)
class Identity(Op):
    """Passes values on; its block's activation and output format do the work."""

    kind: ClassVar[str] = "identity"

    def output_shape(self, shapes: Sequence[Shape], kernel: Shape | None) -> Shape:
        """The input's shape."""
        return shapes[0]
