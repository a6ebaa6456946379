"""Splits of a block's products over PEs and cycles."""

from __future__ import annotations

import pytest

from hlsq.cost import Products, nearest_reuse_factors, split, valid_reuse_factors


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
