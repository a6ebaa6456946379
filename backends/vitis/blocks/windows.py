"""Windows of a map, each a position of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from hlsq.backends.vitis.blocks.base import BlockCode, Memory
from hlsq.graph import Interval
from hlsq.graph.ops import Windows
from hlsq.graph.ops.base import Op


@dataclass(frozen=True, eq=False)
class WindowsCode(BlockCode):
    """What moves over the map, without anything that computes."""

    op: ClassVar[type[Op]] = Windows
    template: ClassVar[str] = "windows.h.j2"
    headers: ClassVar[tuple[str, ...]] = ("windows.h",)

    @property
    def windows(self) -> Windows:
        """The operation."""
        assert isinstance(self.block.op, Windows)  # noqa: S101 - registered for it
        return self.block.op

    @property
    def memory(self) -> Memory | None:
        """Rows above the one that arrives."""
        return self.lines(self.windows.spans[0] - 1)

    @property
    def tap(self) -> Interval:
        """Integers as they are, zero point included."""
        return self.result.interval
