"""How many block RAMs a memory of one write port and one read port takes; a ROM takes as many.

Vivado, unless told otherwise, extends the depth to a power of two and cuts the word into columns, each of the primitive
that is as deep as the memory: memories of 40K x 36 bits are 36 columns of 64K x 1, 72 blocks of 36 Kb (UG906), though
40 could hold them. Columns are of both sizes, so that the last may be half a block. Parity bits are bits as others, but
there are none in primitives of 8K words and deeper. UltraRAM is not used: it holds no constants, and rows of a map,
FIFOs and kept vectors have a small part of the 4,096 words of its blocks.
"""

from __future__ import annotations

from hlsq.errors import OptionError
from hlsq.files.fields import shown

DEEPEST = 32_768
"""Words of a block of 36 Kb at one bit a word; a deeper column is several in a row."""
COLUMNS = {512: (36, 72), 1024: (18, 36), 2048: (9, 18), 4096: (4, 9), 8192: (2, 4), 16_384: (1, 2), DEEPEST: (0, 1)}
"""Words of a column: bits of one block of 18 Kb, and of one of 36 Kb."""


def block_rams(depth: int, width: int) -> int:
    """Block RAMs of 18 Kb for ``depth`` words of ``width`` bits; one of 36 Kb counts as two, which it is.

    Raises:
        OptionError: no positive whole numbers.
    """
    for name, value in (("depth", depth), ("width", width)):
        if type(value) is not int or value < 1:
            raise OptionError(f"memory: {name} is {shown(value)}; expected a whole number from 1")
    words = max(512, 1 << (depth - 1).bit_length())
    half, whole = COLUMNS[min(words, DEEPEST)]
    rows = -(-words // DEEPEST)
    columns, rest = divmod(width, whole)
    if not rest:
        return 2 * rows * columns
    return rows * (2 * columns + (1 if rest <= half else 2))
