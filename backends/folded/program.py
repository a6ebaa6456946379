"""``FoldedProgram``: engines, instructions, memory map and images, as plain data that any language can render."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsq.backends.folded.channelwise import comparison
from hlsq.backends.folded.listing import listing
from hlsq.backends.folded.overlay import WORD, Overlay, loading
from hlsq.backends.folded.pieces import Engine, EngineImage, Field, Instruction, MemoryMap, Place
from hlsq.backends.folded.storage import PROGRAM, named_arrays, program_text, read_pieces
from hlsq.errors import GraphError
from hlsq.files.write import write_file
from hlsq.graph import Interval, QuantizedGraph


@dataclass(frozen=True, eq=False)
class FoldedProgram:
    """A network for the folded accelerator.

    Fields of a pass whose meaning is not their name:

    * ``outputs`` counts groups of as many outputs as the array computes at a time. Of these, ``last_turn + 1`` follow
      each other in one period, each into accumulators of its own, and are finished together: ``steps``, ``period``,
      ``finishes`` and ``groups_of_outputs`` are theirs. Weights lie in the order in which groups are computed.
    * A load with ``beside`` takes no loop of its own: its words come one a cycle beside the steps of the next pass,
      which goes on until the last one has come. That pass begins its first period ``delay`` cycles late, and so reads
      no pixel that has not been written ``WRITTEN`` cycles before. Where both write into one memory, a word waits
      while post-processing is at a pixel of its bank.

    Attributes:
        engines: that it runs on.
        instructions: in order.
        map: feature-map memories.
        places: of all tensors that lie in them.
        images: of the engines, in their order.
        tables: further constants by name: thresholds, factors of windows at a border.
        overlay: for instructions and constants that come from memory.
    """

    engines: tuple[Engine, ...]
    instructions: tuple[Instruction, ...]
    map: MemoryMap
    places: Mapping[str, Place]
    images: tuple[EngineImage, ...]
    tables: Mapping[str, NDArray[np.int64]]
    overlay: Overlay | None = None

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
        if self.overlay is not None:
            return self.overlay.fields
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

    @property
    def arrays(self) -> dict[str, NDArray[Any]]:
        """What the memories hold, by the name of the file without its ending."""
        return named_arrays(self.images, self.tables)

    @property
    def files(self) -> dict[str, bytes]:
        """The files that hold the program, name to content."""
        found = {PROGRAM: program_text(vars(self), self.fields).encode()}
        return found | {f"{name}.bin": values.tobytes() for name, values in self.arrays.items()}

    def save(self, folder: str | Path) -> None:
        """Write ``program.json``, and what the memories hold beside it, into ``folder``.

        Raises:
            GraphError: they cannot be written.
        """
        for name, content in self.files.items():
            write_file(Path(folder, name), content, GraphError, "the program")

    @classmethod
    def load(cls, folder: str | Path, graph: QuantizedGraph | None = None) -> FoldedProgram:
        """The program that ``save`` wrote into ``folder``.

        Args:
            folder: with its files.
            graph: that it has to be a program of, if given.

        Raises:
            GraphError: a file is missing, damaged or of another version; names the file and the place.
        """
        return cls(**read_pieces(folder, None if graph is None else graph.shapes))

    def __str__(self) -> str:
        words = comparison(self.instructions, len(self.engines), self.bits)
        if self.overlay is not None:
            loads = sum(self.overlay.words(item.fields) for item in self.instructions)
            waits = sum(loading(self.instructions, self.overlay, self.engines))
            words += f"\n{loads:,} words of {WORD} bits from memory, for which they wait {waits:,} cycles"
        return listing(self.engines, self.instructions, f"{self.cycles:,} cycles\n{words}")
