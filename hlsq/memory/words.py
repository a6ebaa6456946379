"""Widths of tables, and codes in memory words."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from hlsq.formats.packing import packed_words
from hlsq.graph import Interval


def packed_size(count: int, code_bits: int, word_bits: int) -> int:
    """Bits of the words that hold ``count`` codes; codes that would not fit get the next power of two.

    Raises:
        FormatError: a word or code of more than 64 bits.
    """
    word = max(word_bits, 1 << (code_bits - 1).bit_length())
    return packed_words(count, code_bits, word) * word


def table_width(values: ArrayLike) -> int:
    """Bits of one entry of a table of constants: those of the widest, without low bits that are zero in all of them.

    Biases and shifts of a coarse format come out of their alignment with such zeros.
    """
    integers = [int(v) for v in np.asarray(values).flat]
    zeros = min(((v & -v).bit_length() - 1 for v in integers if v), default=0)
    return Interval(min(integers) >> zeros, max(integers) >> zeros).width


def table_bits(values: ArrayLike) -> int:
    """Bits of a table whose entries all have the width of the widest."""
    return np.asarray(values).size * table_width(values)
