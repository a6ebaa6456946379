"""Where a memory goes, and what it takes there.

Left to themselves, tools put what is small or shallow into LUTs. The rule here, for ``"auto"``: block RAM holds what
has more than 64 words (a LUT of the kind that is memory holds 64 bits) and more than 4,096 bits (a quarter of the
smallest block RAM); LUTs hold the rest.
"""

from __future__ import annotations

from hlsq.cost.blockram import block_rams
from hlsq.cost.estimate.cells import NOTHING, cells
from hlsq.cost.estimate.choices import Storage
from hlsq.cost.estimate.model import Resources

SHALLOW = 64
SMALL = 4096


def in_block_ram(depth: int, width: int, storage: Storage) -> bool:
    """Whether a memory goes to block RAM."""
    return storage == "bram" or (storage == "auto" and depth > SHALLOW and depth * width > SMALL)


def rom(depth: int, width: int, storage: Storage) -> Resources:
    """``depth`` words of ``width`` bits with fixed contents, one of which is read in a cycle."""
    if depth <= 1 or not width:
        return NOTHING
    if in_block_ram(depth, width, storage):
        return Resources(bram18=block_rams(depth, width))
    return cells("rom", "lut", depth, width)


def ram(depth: int, width: int, storage: Storage) -> Resources:
    """A memory that is written at one port and read at the other; a single word is registers."""
    if not width or depth < 1:
        return NOTHING
    if depth == 1:
        return Resources(ff=width)
    if in_block_ram(depth, width, storage):
        return Resources(bram18=block_rams(depth, width))
    return cells("ring", "lutram", depth, width)


def fifo(depth: int, width: int) -> Resources:
    """A stream that holds ``depth`` words of ``width`` bits."""
    if depth <= 2:
        return cells("fifo", "registers", width)
    if in_block_ram(depth, width, "auto"):
        # Its counters and flags are those of a stream of one bit.
        return Resources(bram18=block_rams(depth, width)) + cells("fifo", "registers", 1)
    return cells("fifo", "srl", depth, width)
