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
