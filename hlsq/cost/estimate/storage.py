"""Where a memory goes, and what it takes there.

Without an option, a memory of more than 64 words and more than 4,096 bits lies in block RAMs, a smaller one in LUTs;
the generated code says so of line buffers and kept vectors. The others Vitis HLS leaves to Vivado, which wants ROMs of
significantly more than 64 words in block RAMs (UG906, UTIL-203), as a LUT holds that many of a bit. That RAMs are
treated alike, and the bits (a quarter of the smallest block RAM), are assumptions. FIFOs are registers up to two words
and shift registers up to 1,024 bits, as Vitis HLS makes them (UG1399, config_storage: auto_srl_max_depth,
auto_srl_max_bits); larger ones are memories.
"""

from __future__ import annotations

from functools import lru_cache

from hlsq.cost.blockram import block_rams
from hlsq.cost.estimate.cells import NOTHING, cells
from hlsq.cost.estimate.choices import Storage
from hlsq.cost.estimate.model import Memory, Resources

SHALLOW = 64
SMALL = 4096
SHIFT_REGISTERS = 1024
"""Bits of the largest FIFO in shift registers."""
FEW_PLACES = 4
"""Places of a memory that are read again so soon that they are bound to LUTs, whatever the option says."""
LINES = ("line buffers", "kept vector")
"""What blocks keep of their inputs beside windows."""


def rom(component: str, depth: int, width: int, storage: Storage) -> Memory:
    """``depth`` words of ``width`` bits with fixed contents, one of which is read in a cycle; one word is constants."""
    if depth <= 1:
        return Memory(component, 1, depth, width, "constants", 0)
    return _placed(component, 1, depth, width, "ROM in LUTs", storage)


def ram(component: str, copies: int, depth: int, width: int, storage: Storage) -> Memory:
    """Memories that are written at one port and read at the other; a single word is registers."""
    if depth <= 1:
        return Memory(component, copies, depth, width, "registers", 0)
    return _placed(component, copies, depth, width, "LUTRAM", kept_in(depth, width, storage))


def kept_in(depth: int, width: int, storage: Storage) -> Storage:
    """Where a memory of several places lies that is read and written in every iteration: ``"lutram"`` or ``"bram"``."""
    if depth <= FEW_PLACES:
        return "lutram"
    return ("bram" if _is_large(depth, width) else "lutram") if storage == "auto" else storage


def fifo(component: str, depth: int, width: int, storage: Storage = "auto") -> Memory:
    """A stream that holds ``depth`` words of ``width`` bits."""
    if depth <= 2:
        return Memory(component, 1, depth, width, "FIFO in registers", 0)
    if storage == "auto" and depth * width <= SHIFT_REGISTERS:
        return Memory(component, 1, depth, width, "FIFO in shift registers", 0)
    found = _placed(component, 1, depth, width, "FIFO in LUTRAM", storage)
    return found if not found.bram18 else Memory(component, 1, depth, width, "FIFO in block RAM", found.bram18)


def _placed(component: str, copies: int, depth: int, width: int, in_luts: str, storage: Storage) -> Memory:
    if storage == "bram" or (storage == "auto" and _is_large(depth, width)):
        return Memory(component, copies, depth, width, "block RAM", copies * block_rams(depth, width))
    return Memory(component, copies, depth, width, in_luts, 0)


def _is_large(depth: int, width: int) -> bool:
    return depth > SHALLOW and depth * width > SMALL


def memory_cells(memory: Memory) -> Resources:
    """What memories take, their address decoders and output registers included."""
    return _one(memory.storage, memory.depth, memory.width).times(memory.copies)


@lru_cache(maxsize=16384)
def _one(storage: str, depth: int, width: int) -> Resources:
    match storage:
        case "constants":
            return NOTHING
        case "registers":
            return Resources(ff=width)
        case "ROM in LUTs":
            return cells("rom", "lut", depth, width)
        case "LUTRAM":
            return cells("ring", "lutram", depth, width)
        case "FIFO in registers":
            return cells("fifo", "registers", width)
        case "FIFO in shift registers":
            return cells("fifo", "srl", depth, width)
        case "FIFO in LUTRAM":
            return cells("ring", "lutram", depth, width) + _counters(depth)
        case "FIFO in block RAM":
            return Resources(bram18=block_rams(depth, width)) + _counters(depth)
        case _:
            return Resources(bram18=block_rams(depth, width))


def _counters(depth: int) -> Resources:
    """Of a FIFO whose words lie in a memory: where to write, where to read, and how many there are."""
    return cells("control", "nest", 3, max(2, (depth - 1).bit_length()))
