"""Codes of any width packed into words of any width (DoubleQ Fig. 2: three 5-bit codes in a 16-bit word)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hlsq.errors import FormatError
from hlsq.formats.base import check_codes


def codes_per_word(code_bits: int, word_bits: int) -> int:
    """How many whole codes fit into one word.

    Raises:
        FormatError: none fits, or the word is wider than 64 bits.
    """
    if not 1 <= code_bits <= word_bits <= 64:
        raise FormatError(
            f"a code of {code_bits} bits cannot be packed into words of {word_bits} bits; "
            "the word must be at least as wide as the code and at most 64 bits"
        )
    return word_bits // code_bits


def packed_words(count: int, code_bits: int, word_bits: int) -> int:
    """Words that ``count`` codes occupy."""
    return -(-count // codes_per_word(code_bits, word_bits))


def pack(codes: ArrayLike, code_bits: int, word_bits: int = 16) -> NDArray[np.uint64]:
    """Pack the last axis of ``codes`` into words, first code in the lowest bits; unused bits are 0.

    Args:
        codes: non-negative codes below ``2**code_bits``, shape [..., count].
        code_bits: bits of one code.
        word_bits: bits of one word.

    Returns:
        Words, shape [..., packed_words(count, code_bits, word_bits)].

    Raises:
        FormatError: a code does not fit its bits, or no code fits a word.
    """
    per_word = codes_per_word(code_bits, word_bits)
    values = np.atleast_1d(check_codes(codes, code_bits, "packing"))
    words = packed_words(values.shape[-1], code_bits, word_bits)
    padded = np.zeros((*values.shape[:-1], words * per_word), dtype=np.uint64)
    padded[..., : values.shape[-1]] = values
    shifts = np.arange(per_word, dtype=np.uint64) * np.uint64(code_bits)
    return np.bitwise_or.reduce(padded.reshape(*values.shape[:-1], words, per_word) << shifts, axis=-1)


def unpack(words: ArrayLike, count: int, code_bits: int, word_bits: int = 16) -> NDArray[np.uint64]:
    """Inverse of ``pack``: the first ``count`` codes of the last axis.

    Raises:
        FormatError: the words hold fewer codes than ``count``, or a word does not fit its bits.
    """
    per_word = codes_per_word(code_bits, word_bits)
    values = np.atleast_1d(check_codes(words, word_bits, "packing"))
    if count > values.shape[-1] * per_word:
        raise FormatError(
            f"{values.shape[-1]} words of {word_bits} bits hold {values.shape[-1] * per_word} codes of {code_bits} "
            f"bits, not {count}"
        )
    shifts = np.arange(per_word, dtype=np.uint64) * np.uint64(code_bits)
    mask = np.uint64(2**code_bits - 1)
    codes = (values[..., None] >> shifts) & mask
    return codes.reshape(*values.shape[:-1], -1)[..., :count]
