"""Grids on which sums are exact, and the products made of them."""

from fractions import Fraction

import numpy as np
import pytest

from hlsq.emulate.products import bits_beside, multiply, on_grid, product, times_integers
from hlsq.emulate.real import finish, linear, run_block
from hlsq.graph import Block
from hlsq.graph.ops import Conv2D, Dense
from tests.support.machine import another_machine

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(("dtype", "bits"), [(np.float32, 22), (np.float32, 8), (np.float64, 30), (np.float64, 51)])
@pytest.mark.parametrize("size", [1e-30, 1.0, 1e37, 3e38])
def test_values_on_a_grid(dtype: type, bits: int, size: float) -> None:
    values = (RNG.uniform(-1, 1, size=(5, 40)) * [[1], [0.01], [1e-5], [1], [0]] * size).astype(dtype)
    rounded = on_grid(values, bits, axis=1)
    assert rounded.dtype == dtype
    for row, made in zip(values, rounded, strict=True):
        unit = Fraction(2) ** (int(np.frexp(np.abs(row).max())[1]) - bits)
        for value, result in zip(row.tolist(), made.tolist(), strict=True):
            assert (Fraction(result) / unit).denominator == 1
            assert abs(Fraction(result) - Fraction(value)) <= unit / 2
    assert not rounded[4].any()


def test_huge_values_and_none() -> None:
    huge = RNG.normal(size=(3, 4)) * 1e307
    assert np.allclose(on_grid(huge, 30) / huge, 1, atol=1e-6)
    assert on_grid(np.zeros((0, 3)), 30, axis=1).shape == (0, 3)


def test_products_do_not_depend_on_the_order(monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = RNG.normal(size=(30, 200)), RNG.normal(size=(200, 20)) * 1e5
    integers = RNG.integers(-128, 129, size=(200, 20)).astype(np.float64)
    plain, whole = product(a, b), times_integers(a, integers)
    assert np.allclose(plain, multiply(a, b), rtol=0, atol=1e-11 * 1e5 * 200)
    assert np.allclose(whole, multiply(a, integers), atol=1e-7)
    assert bits_beside(integers, 200) == 53 - 8 - 8
    order = another_machine(monkeypatch, 1)
    assert np.array_equal(product(a, b), plain)
    assert np.array_equal(times_integers(a, integers), whole)
    assert order.inexact == 0


@pytest.mark.parametrize("op", [Conv2D((2, 1), (1, 0, 1, 1)), Dense()])
def test_a_sample_alone_and_among_others(op: Conv2D | Dense, monkeypatch: pytest.MonkeyPatch) -> None:
    shape = (9, 6, 5, 4) if isinstance(op, Conv2D) else (9, 70)
    kernel = RNG.normal(size=(3, 3, 4, 7) if isinstance(op, Conv2D) else (70, 7))
    block = Block("layer", op, ("x",), kernel * np.logspace(-8, 8, 7), np.linspace(-1, 1, 7))
    x = (RNG.normal(size=shape) * np.logspace(-9, 9, 9).reshape(-1, *[1] * (len(shape) - 1))).astype(np.float32)
    together = run_block(block, [x])
    another_machine(monkeypatch, 1)
    assert np.array_equal(np.concatenate([run_block(block, [x[i : i + 1]]) for i in range(9)]), together)
    assert np.array_equal(finish(block, linear(block, [x[3:7]])), together[3:7])


def test_real_sums_are_as_good_as_float32() -> None:
    kernel = RNG.normal(size=(500, 20))
    x = RNG.normal(size=(50, 500)).astype(np.float32)
    made = run_block(Block("layer", Dense(), ("x",), kernel), [x])
    exact = (x.astype(np.float64)[:, :, None] * kernel).sum(axis=1)
    single = (x[:, :, None] * kernel.astype(np.float32)).sum(axis=1, dtype=np.float32)
    assert np.abs(made - exact).max() < 2 * np.abs(single - exact).max()
