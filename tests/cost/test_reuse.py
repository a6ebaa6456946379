"""Splits of a block's products over PEs and cycles."""

from __future__ import annotations

import pytest

from hlsq.cost import Products, Split, nearest_reuse_factors, pareto_splits, split, valid_reuse_factors


@pytest.mark.parametrize(("taps", "outputs"), [(27, 16), (7, 3), (144, 10), (1, 1), (64, 10)])
def test_every_split_covers_all_products(taps: int, outputs: int) -> None:
    products = Products(taps, outputs)
    valid = valid_reuse_factors(products)
    assert valid[0] == 1
    assert valid[-1] == products.total
    for factor in valid:
        s = split("b", products, factor)
        assert s.reuse_factor == factor
        assert s.tap_steps * s.tap_block >= taps > (s.tap_steps - 1) * s.tap_block
        assert s.output_steps * s.output_block >= outputs > (s.output_steps - 1) * s.output_block
        assert s.pes * factor >= products.total
    for factor in range(1, products.total + 2):
        assert (factor in valid) == (nearest_reuse_factors(products, factor) == (factor,))


@pytest.mark.parametrize(("taps", "outputs", "packets"), [(64, 10, 4), (12, 3, 12), (30, 7, 2)])
def test_no_step_needs_values_of_two_packets(taps: int, outputs: int, packets: int) -> None:
    products = Products(taps, outputs, packets)
    valid = valid_reuse_factors(products)
    assert valid[0] == packets  # they arrive one a cycle
    assert valid[-1] == products.total
    for factor in valid:
        s = split("b", products, factor)
        assert s.tap_steps % packets == 0
        assert s.tap_steps // packets * s.tap_block >= taps // packets


@pytest.mark.parametrize(("channels", "group"), [(5, 1), (4, 2), (1, 6), (3, 4)])
def test_outputs_of_a_step_share_channels_evenly(channels: int, group: int) -> None:
    products = Products(9, channels * group, group=group)
    for factor in valid_reuse_factors(products):
        s = split("b", products, factor)
        assert s.output_block % group == 0 or group % s.output_block == 0
        assert s.output_steps * s.output_block >= products.outputs


def test_as_few_outputs_at_a_time_as_the_pes_allow() -> None:
    s = split("b", Products(144, 16), 64)
    assert (s.pes, s.output_block) == (36, 1)


@pytest.mark.parametrize(
    ("products", "steps", "words", "strips", "loose", "crowded"),
    [
        (Products(144, 16, columns=3), (15, 4), 15, 3, 1, False),
        (Products(144, 16, columns=3), (29, 2), 29, 1, 2, False),  # 58 taps in registers
        (Products(144, 16, columns=3), (36, 1), 36, 1, 1, False),
        (Products(576, 64, columns=3), (116, 1), 116, 1, 2, True),  # 232
        (Products(144, 16, columns=3), (4, 16), 1, 0, 36, False),  # few words
        (Products(144, 16, columns=3), (72, 1), 1, 0, 2, True),
        (Products(27, 16, columns=3), (14, 1), 1, 0, 2, False),
        (Products(144, 16), (15, 4), 1, 0, 10, False),
        (Products(9, 16, group=1, columns=3), (2, 16), 32, 1, 2, True),  # of each of 16 channels
        (Products(9, 16, group=1, columns=3), (3, 16), 48, 1, 0, False),
        (Products(9, 12, group=2, columns=3), (2, 6), 12, 1, 2, False),
    ],
)
def test_steps_see_whole_strips_of_a_window_in_a_memory_and_loose_taps(
    products: Products, steps: tuple[int, int], words: int, strips: int, loose: int, crowded: bool
) -> None:
    s = Split(products, *steps)
    assert (s.window_words, s.strips, s.loose, s.is_crowded) == (words, strips, loose, crowded)


@pytest.mark.parametrize(
    "products", [Products(36, 5, columns=3), Products(25, 6, group=1, columns=5), Products(49, 8, group=4, columns=7)]
)
def test_a_memory_holds_no_more_strips_than_there_are_beside_loose_taps(products: Products) -> None:
    for factor in valid_reuse_factors(products):
        s = split("b", products, factor)
        left = products.taps - s.tap_steps * s.strips * products.columns
        assert s.tap_steps * s.loose >= left
        assert left > 0 or s.loose == 0


def test_the_convolutions_of_resnet20_have_few_more_pes_than_they_keep_busy() -> None:
    """In 65,536 cycles an image, of which some 1,100 take the rows and columns in which no window ends."""
    for taps, outputs, cycles, most in ((144, 16, 63, 40), (288, 32, 254, 39), (576, 64, 1022, 38)):
        splits = pareto_splits(Products(taps, outputs, columns=3))
        assert min(s.pes for s in splits if s.reuse_factor <= cycles) == most
