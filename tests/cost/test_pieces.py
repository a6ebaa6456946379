"""ROMs a little deeper than a power of two lie in two memories."""

from __future__ import annotations

from itertools import accumulate

import pytest

from hlsq.cost.blockram import block_rams
from hlsq.cost.estimate.storage import rom
from hlsq.cost.pieces import MOST, SHALLOW, choosing_luts, rom_pieces


@pytest.mark.parametrize(
    ("depth", "width", "pieces", "whole", "cut"),
    [
        (4225, 320, (4096, 129), 160, 81),  # ResNet-20 with codes of five bits for 64 PEs of a position
        (2117, 640, (2048, 69), 143, 90),
        (9000, 9, (8192, 808), 9, 6),
    ],
)
def test_what_is_above_a_power_of_two_lies_apart(
    depth: int, width: int, pieces: tuple[int, ...], whole: int, cut: int
) -> None:
    assert rom_pieces(depth, width) == pieces
    assert block_rams(depth, width) == whole
    assert sum(block_rams(rows, width) for rows in pieces) == cut


@pytest.mark.parametrize("depth", [1, SHALLOW, 950, 1666, 4096])
def test_where_nothing_is_saved_it_stays_whole(depth: int) -> None:
    assert rom_pieces(depth, 128) == (depth,)


def test_pieces_are_all_rows_and_the_highest_bits_of_an_address_choose() -> None:
    for depth in range(500, 9000, 37):
        for width in (5, 64, 320):
            pieces = rom_pieces(depth, width)
            assert sum(pieces) == depth
            assert len(pieces) <= MOST
            for rows, first in zip(pieces, (0, *accumulate(pieces)), strict=False):
                assert first % (1 << (rows - 1).bit_length()) == 0
            assert sum(rom("", rows, width, "auto").bram18 for rows in pieces) <= block_rams(depth, width)
    assert choosing_luts(1, 64) == 0 < choosing_luts(2, 64) < choosing_luts(3, 64)
