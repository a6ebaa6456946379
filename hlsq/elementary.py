"""Logarithms, exponentials and roots that have the same last digit on every machine.

NumPy's and the C library's own choose their code by the processor and differ in the last digit. These are made of
additions, multiplications, divisions, square roots and exponents alone, which IEEE 754 defines exactly.
"""

from __future__ import annotations

from math import isqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LN2_HIGH = float.fromhex("0x1.62E42FEFA38p-1")
"""The natural logarithm of 2 in so few bits that its product with an exponent is exact, and what is missing."""
LN2_LOW = float.fromhex("0x1.EF35793C7673p-45")
LOG_TERMS = 12
EXP_TERMS = 14
ROOT_BITS = 60
LEAST_EXPONENT = -1100.0


def floor_log2(values: ArrayLike) -> Ints:
    """The largest ``n`` with ``2**n <= value``, for positive ``values`` of any shape."""
    return np.asarray(np.frexp(values)[1] - 1, dtype=np.int64)


def ceil_log2(values: ArrayLike) -> Ints:
    """The smallest ``n`` with ``2**n >= value``, for positive ``values`` of any shape."""
    mantissa, exponent = np.frexp(values)
    return np.asarray(exponent - (mantissa == 0.5), dtype=np.int64)


def round_log2(values: ArrayLike) -> Ints:
    """The whole number nearest to the logarithm of positive ``values`` of any shape to base 2."""
    mantissa, exponent = np.frexp(values)
    return np.asarray(exponent - 1 + (mantissa >= np.sqrt(0.5)), dtype=np.int64)


def power_of_two(exponents: ArrayLike) -> Floats:
    """``2**n`` for whole ``exponents`` of any shape."""
    return np.asarray(np.ldexp(1.0, np.asarray(exponents)), dtype=np.float64)


def sixteenth_power(k: int) -> float:
    """``2**(k / 16)``, correctly rounded."""
    whole, part = divmod(k, 16)
    root = 1 << (16 * ROOT_BITS + part)
    for _ in range(4):
        root = isqrt(root)
    return float(root / (1 << ROOT_BITS)) * 2.0**whole


def log(values: ArrayLike) -> Floats:
    """Natural logarithm of positive ``values``."""
    mantissa, exponent = np.frexp(np.asarray(values, dtype=np.float64))
    small = mantissa < np.sqrt(0.5)
    mantissa = np.where(small, mantissa * 2, mantissa)
    power = (exponent - small).astype(np.float64)
    ratio = (mantissa - 1) / (mantissa + 1)
    square = ratio * ratio
    series = np.zeros_like(square)
    for term in range(LOG_TERMS, 0, -1):
        series = (series + 1 / (2 * term + 1)) * square
    return np.asarray(power * LN2_HIGH + (power * LN2_LOW + 2 * ratio * (1 + series)), dtype=np.float64)


def exp(values: ArrayLike) -> Floats:
    """``e**value``."""
    x = np.maximum(np.asarray(values, dtype=np.float64), LEAST_EXPONENT)
    power = np.rint(x / (LN2_HIGH + LN2_LOW))
    rest = (x - power * LN2_HIGH) - power * LN2_LOW
    series = np.ones_like(rest)
    for term in range(EXP_TERMS, 0, -1):
        series = 1 + series * rest / term
    return np.asarray(np.ldexp(series, power.astype(np.int64)), dtype=np.float64)
