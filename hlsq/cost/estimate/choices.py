"""What a design asks for that its cost depends on, beside its parallelism."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Storage = Literal["auto", "lutram", "bram"]
Multipliers = Literal["auto", "dsp", "fabric"]
PEKind = Literal["multiply", "shift", "sign"]


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
    """

    streams: bool = True
    multipliers: Multipliers = "auto"
    roms: Storage = "auto"
    lines: Storage = "auto"
