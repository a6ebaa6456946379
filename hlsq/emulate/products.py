"""Matrix products whose result is the same on every machine.

BLAS adds in an order of its own for every processor, number of threads and shape, which no sum of rounded floats
survives unchanged. Here all factors lie on grids, multiples of one power of two that are so coarse that every partial
sum is exact: then no order matters. Every matrix product of hlsq goes through ``multiply``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsq.elementary import power_of_two

Values = NDArray[Any]
Floats = NDArray[np.float64]
Parts = tuple[Floats, Floats]

MANTISSA = 53
"""Bits of a float64: sums of products that stay below are exact."""
RESCALED = 2.0**-64


def multiply(a: Values, b: Values, out: Values | None = None) -> Values:
    """The matrix product of ``a`` and ``b``, both on grids on which all its partial sums are exact."""
    return np.asarray(np.matmul(a, b, out=out))


def product(a: Floats, b: Floats) -> Floats:
    """The matrix product of any ``a`` [rows, inner] and ``b`` [inner, columns], to about 40 bits."""
    return product_of_parts(in_parts(a, axis=1), in_parts(b, axis=0))


def in_parts(values: Floats, axis: int) -> Parts:
    """A matrix as the sum of a coarse and a fine part, whose products along ``axis`` are exact."""
    bits = (MANTISSA - values.shape[axis].bit_length()) // 2
    coarse = on_grid(values, bits, axis)
    return coarse, on_grid(values - coarse, bits, axis)


def product_of_parts(left: Parts, right: Parts) -> Floats:
    """Their matrix product, without that of both fine parts."""
    found = multiply(left[0], right[1])
    found += multiply(left[1], right[0])
    found += multiply(left[0], right[0])
    return found


def on_grid(values: Values, bits: int, axis: int | tuple[int, ...] | None = None) -> Values:
    """``values`` rounded to integers of ``bits`` bits and sign times a power of two.

    Args:
        values: float32 or float64.
        bits: at most two fewer than the type's mantissa has, 22 or 51.
        axis: along which values share a power of two; None for all.

    Returns:
        The same shape and type; not finite where the values are not.
    """
    if not values.size:
        return values
    kind = np.finfo(values.dtype)
    peaks = np.maximum(values.max(axis=axis, keepdims=True), -values.min(axis=axis, keepdims=True))
    exponents = np.frexp(peaks)[1]
    # Adding a large number leaves no bits below its last one, and subtracting it gives back what is left.
    lift = np.minimum(exponents, kind.maxexp) - bits + kind.nmant
    if (far := lift >= kind.maxexp - 1).any():
        factor = np.where(far, RESCALED, 1.0).astype(values.dtype)
        return np.asarray(on_grid(values * factor, bits, axis) / factor)
    large = (1.5 * power_of_two(lift)).astype(values.dtype)
    rounded = values + large
    rounded -= large
    return np.asarray(rounded)


def times_integers(values: Floats, integers: Floats) -> Floats:
    """``values`` [..., inner], rounded to the grid on which this is exact, times ``integers`` [inner, columns]."""
    return multiply(on_grid(values, bits_beside(integers, values.shape[-1]), axis=-1), integers)


def bits_beside(integers: Values, inner: int) -> int:
    """Bits of factors whose sums of ``inner`` products with ``integers`` are exact in float64."""
    largest = int(max(integers.max(initial=0), -integers.min(initial=0)))
    return min(MANTISSA - 2, MANTISSA - largest.bit_length() - inner.bit_length())
