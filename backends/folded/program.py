"""``FoldedProgram``: engines, instructions, memory map and images, as plain data that any language can render."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from hlsq.backends.folded.listing import listing
from hlsq.backends.folded.pieces import Engine, EngineImage, Field, Instruction, MemoryMap, Place
from hlsq.graph import Interval


@dataclass(frozen=True, eq=False)
class FoldedProgram:
    """A network for the folded accelerator.

    Attributes:
        engines: that it runs on.
        instructions: in order.
        map: feature-map memories.
        places: of all tensors that lie in them.
        images: of the engines, in their order.
        tables: further constants by name: thresholds, factors of windows at a border.
    """

    engines: tuple[Engine, ...]
    instructions: tuple[Instruction, ...]
    map: MemoryMap
    places: Mapping[str, Place]
    images: tuple[EngineImage, ...]
    tables: Mapping[str, NDArray[np.int64]]

    @property
    def cycles(self) -> int:
        """Of one sample, its input and output included."""
        return sum(item.cycles for item in self.instructions)

    @property
    def pes(self) -> int:
        """Of all engines."""
        return sum(engine.pes for engine in self.engines)

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """Fields of the instruction word: ceil(log2 N) bits for N different values from 0 on (He et al. eq. 13)."""
        found = []
        for name in self.instructions[0].fields:
            values = [item.fields[name] for item in self.instructions]
            range_ = Interval(min(0, *values), max(0, *values))
            found.append(Field(name, 0 if range_ == Interval(0, 0) else range_.width, range_.signed))
        return tuple(found)

    @property
    def bits(self) -> int:
        """Of one instruction."""
        return sum(field.width for field in self.fields)

    def __str__(self) -> str:
        totals = f"{self.cycles:,} cycles, {len(self.instructions)} instructions of {self.bits} bits"
        return listing(self.engines, self.instructions, totals)
