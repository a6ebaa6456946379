"""What a design asks for that its cost depends on, beside its parallelism."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

Storage = Literal["auto", "lutram", "bram"]
Storages = Storage | Mapping[str, Storage]
"""For all blocks, or for those that are named; ``"auto"`` for the others."""
Multipliers = Literal["auto", "dsp", "fabric"]
PEKind = Literal["multiply", "shift", "sign", "dual"]
"""``"dual"`` in folded accelerators alone, where blocks share PEs."""


@dataclass(frozen=True)
class PEs:
    """The processing elements of one block.

    Attributes:
        kind: what they do with a tap and a code.
        word_bits: of the words that hold packed codes.
        sum_bits: of partial sums, where an option fixes them.
    """

    kind: PEKind
    word_bits: int
    sum_bits: int | None = None


@dataclass(frozen=True)
class Choices:
    """Options of the whole design.

    Attributes:
        streams: whether maps go through FIFOs packet by packet; else they lie in memories between blocks.
        multipliers: where products are computed that are no shifts.
        roms: what holds weights.
        lines: what holds line buffers and the vectors that dense layers keep.
        fifos: what holds streams of more than two words, by the block that reads them.
    """

    streams: bool = True
    multipliers: Multipliers = "auto"
    roms: Storages = "auto"
    lines: Storages = "auto"
    fifos: Storages = "auto"

    def storage_of(self, choice: str, block: str) -> Storage:
        """What ``"roms"``, ``"lines"`` or ``"fifos"`` says of ``block``."""
        said: Storages = getattr(self, choice)
        return said.get(block, "auto") if isinstance(said, Mapping) else said

    def with_storage(self, **said: Mapping[str, Storage]) -> Choices:
        """The same, but for the blocks of which one of these says something else."""
        changes: dict[str, Storages] = {}
        for choice, blocks in said.items():
            before: Storages = getattr(self, choice)
            if blocks:
                changes[choice] = {**before, **blocks} if isinstance(before, Mapping) else blocks
        return replace(self, **changes)  # type: ignore[arg-type]
