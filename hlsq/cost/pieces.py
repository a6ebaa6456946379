"""In how many memories the rows of a ROM lie so that they take the fewest block RAMs.

A memory that is a little deeper than a power of two takes as many block RAMs as one of twice that depth: columns are as
deep as the memory, and narrower the deeper they are. Rows above the power of two in a memory of their own take a few,
and the highest bits of the address choose between the words of both.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from hlsq.cost.estimate.cells import selection
from hlsq.cost.estimate.storage import memory_cells, rom

MOST = 3
"""Memories of one ROM."""
SHALLOW = 512
"""Rows for which no column of block RAM is too deep."""
LUTS_OF_BLOCK = 60
"""LUTs that saving a block RAM of 18 Kb may cost. Parts of 7 series have some 200 for each, and folded accelerators,
whose ROMs these are, are short of LUTs sooner."""


@lru_cache(maxsize=4096)
def rom_pieces(depth: int, width: int) -> tuple[int, ...]:
    """Rows of each memory, in order; all but the last are powers of two, and each begins at a multiple of its size.

    Args:
        depth: words of the ROM.
        width: bits of one.
    """
    if depth <= SHALLOW:
        return (depth,)
    return min(_cuts(depth, MOST), key=lambda pieces: (_cost(pieces, width), len(pieces)))


def choosing_luts(pieces: int, width: int) -> float:
    """LUTs that take a word of one of so many memories."""
    return selection(pieces, width).lut


def _cuts(depth: int, most: int) -> Iterator[tuple[int, ...]]:
    """The whole, and all ways to take powers of two off it that leave at least a row."""
    yield (depth,)
    first = 1 << (depth.bit_length() - 1)
    if most > 1 and first < depth:
        for rest in _cuts(depth - first, most - 1):
            yield (first, *rest)


def _cost(pieces: tuple[int, ...], width: int) -> float:
    cells = [memory_cells(rom("", depth, width, "auto")) for depth in pieces]
    luts = sum(found.lut for found in cells) + choosing_luts(len(pieces), width)
    return sum(found.bram18 for found in cells) + luts / LUTS_OF_BLOCK
