"""Overlays: the memories that their templates have, and the image in memory that they run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hlsq.backends.folded.overlay import Table
from hlsq.backends.folded.overlay_image import overlay_image
from hlsq.backends.folded.program import FoldedProgram

IMAGE_FILE = "tb_data/program_image.bin"


@dataclass(frozen=True)
class OverlayTable:
    """A double-buffered memory for the template of ``image_axi.h``.

    Attributes:
        number: of the engine that reads it.
        section: of the image, in which its words come.
        table: what it holds.
    """

    number: int
    section: int
    table: Table

    @property
    def engine(self) -> str:
        """Name in C++ of the engine that reads it."""
        return f"engine{self.number}"

    @property
    def name(self) -> str:
        """Of the function that reads it."""
        return f"{self.engine}_{self.table.name}"

    @property
    def is_weights(self) -> bool:
        """Whether it holds weights, in slices."""
        return self.table.name == "weights"

    @property
    def type(self) -> str:
        """C++ type of a value."""
        return f"hlsq::{'uint' if self.is_weights else 'sint'}<{self.table.bits}>"

    @property
    def bytes(self) -> int:
        """Of a value in C simulation's machine integers."""
        return next(size for size in (1, 2, 4, 8) if self.table.bits <= 8 * size)

    @property
    def mask(self) -> int:
        """Of a value in a word."""
        return (1 << self.table.bits) - 1


def overlay_context(program: FoldedProgram) -> dict[str, Any]:
    """What templates of overlays have beside those of all folded accelerators."""
    overlay = program.overlay
    if overlay is None:
        return {"overlay": None}
    pairs = [(number, table) for number, tables in enumerate(overlay.tables) for table in tables]
    return {
        "overlay": overlay,
        "tables": [OverlayTable(number, section, table) for section, (number, table) in enumerate(pairs, 2)],
        "image_words": len(overlay_image(program)),
    }


def image_bytes(program: FoldedProgram) -> bytes:
    """The image of ``program``, as it lies in memory."""
    return overlay_image(program).astype("<u8").tobytes()
