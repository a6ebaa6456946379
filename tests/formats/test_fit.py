"""Steps that fit: against trying every step there is, and what clips against a fitting step."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from hlsq.formats import Affine, FixedPoint, Format, PowerOfTwo
from hlsq.formats.fit import clipping, fitted, refitted, squared_errors

Floats = NDArray[np.float64]
VALUES = np.random.default_rng(0).laplace(size=(60, 4)) * [0.02, 0.1, 1.0, 9.0]
FORMATS: list[Format] = [
    FixedPoint(8, 3),
    FixedPoint(8, 3, symmetric=True),
    FixedPoint(8, (9, 7, 3, 0)),
    FixedPoint(8, 5, signed=False),
    Affine(8, 0.3, symmetric=True),
    Affine(8, (0.001, 0.01, 0.1, 0.5)),
    Affine(8, 0.3, zero_point=90, signed=False),
    Affine(8, 0.3, zero_point=-20),
    PowerOfTwo(5, 7, 0.25),
    PowerOfTwo(4, 6, (0.001, 0.01, 0.1, 0.3)),
]


def error(fmt: Format, values: Floats) -> float:
    return float(squared_errors(fmt, values).sum())


@pytest.mark.parametrize("bits", [3, 4, 6])
@pytest.mark.parametrize("fmt", FORMATS, ids=str)
def test_other_bits_keep_the_range(fmt: Format, bits: int) -> None:
    other = refitted(fmt, bits)
    assert other.bits == bits
    assert (other.channels, other.qmin < 0) == (fmt.channels, fmt.qmin < 0)
    for mine, its in zip(other.range(), fmt.range(), strict=True):
        assert (np.abs(mine) >= 0.6 * np.abs(its)).all()
        assert (np.abs(mine) <= 1.5 * np.abs(its)).all()
    assert refitted(fmt, fmt.bits) == fmt


@pytest.mark.parametrize("bits", [3, 4, 6])
@pytest.mark.parametrize("fmt", FORMATS, ids=str)
def test_no_step_is_much_better(fmt: Format, bits: int) -> None:
    """Against two thousand steps, or all powers of two; those tried are four to the octave."""
    found = refitted(fmt, bits, VALUES)
    binary = isinstance(fmt, FixedPoint) or float(np.min(fmt.step)) == 0.25
    steps = 2.0 ** np.arange(-30, 12) if binary else np.geomspace(1e-5, 50, 2000)
    ones = np.ones_like(found.step)
    every = np.array([squared_errors(found.with_step(step * ones), VALUES) for step in steps])
    assert error(found, VALUES) <= (1.0 if binary else 1.06) * every.min(axis=0).sum() * (1 + 1e-12)
    assert error(found, VALUES) <= error(refitted(fmt, bits), VALUES)


def test_zeros_say_nothing() -> None:
    for fmt in FORMATS:
        assert fitted(fmt, np.zeros((3, 4))) == fmt


@pytest.mark.parametrize("fmt", [f for f in FORMATS if not isinstance(f, PowerOfTwo)], ids=str)
def test_a_width_that_keeps_its_old_step_clips(fmt: Format) -> None:
    values = np.abs(VALUES) if fmt.qmin >= 0 and not fmt.offset else VALUES
    good = fitted(fmt, values)
    assert clipping(good, values) is None
    assert clipping(refitted(good, 4, values), values) is None
    short = good.with_bits(4).with_step(good.step)
    found = clipping(short, values)
    assert found is not None
    low, high = short.range()
    beyond = (values > high + short.step / 2) | (values < low - short.step / 2)
    assert found.clipped == beyond.mean()
    assert found.worse == pytest.approx(error(short, values) / error(fitted(short, values), values))


def test_coarse_steps_do_not_clip() -> None:
    coarse = FixedPoint(8, -6)
    assert error(coarse, VALUES) > 100 * error(fitted(coarse, VALUES), VALUES)
    assert clipping(coarse, VALUES) is None
    assert clipping(replace(coarse, frac=7), VALUES) is not None
