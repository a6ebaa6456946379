"""Codes in words."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hlsq.errors import FormatError
from hlsq.formats import pack, packed_words, unpack


@given(st.data(), st.integers(1, 64), st.integers(1, 64), st.integers(1, 20))
def test_unpack_inverts_pack(data: st.DataObject, code_bits: int, word_bits: int, count: int) -> None:
    code_bits, word_bits = sorted((code_bits, word_bits))
    rows = data.draw(
        st.lists(st.lists(st.integers(0, 2**code_bits - 1), min_size=count, max_size=count), min_size=1, max_size=3)
    )
    codes = np.array(rows, dtype=np.uint64)
    words = pack(codes, code_bits, word_bits)
    assert words.shape == (len(rows), packed_words(count, code_bits, word_bits))
    assert all(int(w) < 2**word_bits for w in words.ravel())
    assert np.array_equal(unpack(words, count, code_bits, word_bits), codes)


def test_three_five_bit_codes_in_a_sixteen_bit_word() -> None:
    """DoubleQ Fig. 2: the first code in the lowest bits, the top bit unused."""
    assert pack([0b00001, 0b10010, 0b11111, 0b00101], 5, 16).tolist() == [0b0_11111_10010_00001, 0b00101]
    assert packed_words(7, 5, 16) == 3


def test_no_codes_no_words() -> None:
    assert pack(np.zeros(0, dtype=np.uint64), 5, 16).shape == (0,)
    assert unpack(np.zeros(0, dtype=np.uint64), 0, 5, 16).shape == (0,)


@pytest.mark.parametrize("codes", [[32], [-1], [1.5], np.array([2**63], dtype=np.uint64)])
def test_a_code_that_does_not_fit(codes: object) -> None:
    with pytest.raises(FormatError, match="5-bit codes has no integer"):
        pack(codes, 5, 16)  # type: ignore[arg-type]


@pytest.mark.parametrize(("code_bits", "word_bits"), [(0, 16), (17, 16), (8, 65)])
def test_impossible_words(code_bits: int, word_bits: int) -> None:
    with pytest.raises(FormatError, match="cannot be packed"):
        pack([0], code_bits, word_bits)
    with pytest.raises(FormatError, match="cannot be packed"):
        packed_words(3, code_bits, word_bits)


def test_too_few_words() -> None:
    with pytest.raises(FormatError, match="hold 3 codes of 5 bits, not 4"):
        unpack([7], 4, 5, 16)
