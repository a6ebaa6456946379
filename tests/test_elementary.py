"""Elementary functions against Python's decimal arithmetic and at their corners."""

import decimal

import numpy as np
import pytest

from hlsq import elementary as el

VALUES = np.concatenate(
    [np.geomspace(1e-300, 1e300, 999), np.linspace(0.5, 2, 101), np.ldexp(1.0, np.arange(-1074, 1024, 7))]
)


def test_whole_logarithms() -> None:
    for value, low, high, near in zip(
        VALUES, el.floor_log2(VALUES), el.ceil_log2(VALUES), el.round_log2(VALUES), strict=True
    ):
        assert np.ldexp(1.0, low) <= value
        assert high - low == (np.ldexp(1.0, low) != value)
        assert near in (low, high)
        ratio = decimal.Decimal(float(value)) / decimal.Decimal(2) ** int(low)
        assert near == low + (ratio * ratio >= 2)


def test_powers_of_two() -> None:
    exponents = np.arange(-1074, 1024)
    assert all(power == 2.0 ** int(e) for power, e in zip(el.power_of_two(exponents), exponents, strict=True))
    assert el.power_of_two(-3) == 0.125


def test_sixteenth_powers_are_correctly_rounded() -> None:
    with decimal.localcontext(prec=60):
        for k in range(-200, 200):
            assert el.sixteenth_power(k) == float(decimal.Decimal(2) ** (decimal.Decimal(k) / 16))


def test_log_and_exp_are_nearly_correct_to_the_last_digit() -> None:
    with decimal.localcontext(prec=60):
        logs = np.array([float(decimal.Decimal(float(v)).ln()) for v in VALUES])
        powers = np.concatenate([np.linspace(-700, 700, 501), np.linspace(-1, 1, 101)])
        exps = np.array([float(decimal.Decimal(float(p)).exp()) for p in powers])
    assert el.log(VALUES) == pytest.approx(logs, rel=1e-15, abs=1e-16)
    assert el.exp(powers) == pytest.approx(exps, rel=1e-15)
    assert el.log(1.0) == 0
    assert el.exp(0.0) == 1
    assert el.exp(-1e9) == 0
