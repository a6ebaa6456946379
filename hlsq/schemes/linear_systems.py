"""Cholesky factors and solutions that are the same on every machine, unlike LAPACK's.

Inside a small block values are updated one by one; larger ones are halved again and again, and the halves meet in
matrix products of ``hlsq.emulate.products``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hlsq.emulate.products import in_parts, product, product_of_parts
from hlsq.schemes import threads

Floats = NDArray[np.float64]

BLOCK = 64
"""Rows that are factorised one by one."""
STEPS = 16
"""Rows that are solved one by one, for all columns of the right side."""
COLUMNS = 256
"""Of the right side for a thread of its own at least: each takes the factor in parts anew."""
STRIPE = 512
"""Rows of a square that one thread computes together."""
LEAST_PIVOT = 2.0**-34
"""Of a pivot's square against the largest diagonal element; smaller ones are nothing but rounding errors."""


class SingularError(Exception):
    """A matrix that is not positive definite, as far as can be told."""


def cholesky(matrix: Floats) -> Floats:
    """The lower triangular ``L`` with ``L L'`` the symmetric, positive definite ``matrix`` [n, n].

    Raises:
        SingularError: it is not positive definite.
    """
    lower = matrix.copy()
    _factorise(lower, float(matrix.diagonal().max()) * LEAST_PIVOT)
    for row in range(len(lower)):
        lower[row, row + 1 :] = 0
    return lower


def solve_lower(lower: Floats, right: Floats) -> Floats:
    """``x`` [n, columns] with ``lower @ x == right`` for a lower triangular matrix; what is above counts as zero."""
    x = right.copy()
    width = max(COLUMNS, -(-x.shape[1] // threads.CORES))
    threads.in_threads(lambda start: _substitute(lower, x[:, start : start + width]), range(0, x.shape[1], width))
    return x


def solve_upper(lower: Floats, right: Floats) -> Floats:
    """``x`` with ``lower.T @ x == right``; otherwise as ``solve_lower``."""
    return solve_lower(lower.T[::-1, ::-1], right[::-1])[::-1]


def _halved(size: int, block: int) -> int:
    """Where to cut ``size`` rows, of which so many stay together."""
    return block * -(-size // (2 * block))


def _factorise(matrix: Floats, least: float) -> None:
    """Put the factor in the place of the lower triangle of ``matrix``; its pivots' squares are more than ``least``."""
    if len(matrix) > BLOCK:
        half = _halved(len(matrix), BLOCK)
        left, rest = matrix[half:, :half], matrix[half:, half:]
        _factorise(matrix[:half, :half], least)
        left[...] = solve_lower(matrix[:half, :half], left.T).T
        _less_square(rest, left)
        _factorise(rest, least)
        return
    for j in range(len(matrix)):
        if not matrix[j, j] > least:
            raise SingularError
        matrix[j:, j] /= np.sqrt(matrix[j, j])
        below = matrix[j + 1 :, j]
        matrix[j + 1 :, j + 1 :] -= np.multiply.outer(below, below)


def _less_square(matrix: Floats, factor: Floats) -> None:
    """Take ``factor @ factor.T`` off the lower triangle of ``matrix``."""
    coarse, fine = in_parts(factor, axis=1)

    def work(start: int) -> None:
        stop = start + STRIPE
        rows, columns = (coarse[start:stop], fine[start:stop]), (coarse[:stop].T, fine[:stop].T)
        matrix[start:stop, :stop] -= product_of_parts(rows, columns)

    threads.in_threads(work, range(0, len(matrix), STRIPE))


def _substitute(lower: Floats, x: Floats) -> None:
    """Put the solution in the place of the right side ``x``."""
    if len(x) > STEPS:
        half = _halved(len(x), STEPS)
        _substitute(lower[:half, :half], x[:half])
        x[half:] -= product(lower[half:, :half], x[:half])
        _substitute(lower[half:, half:], x[half:])
        return
    for j in range(len(x)):
        x[j] /= lower[j, j]
        x[j + 1 :] -= np.multiply.outer(lower[j + 1 :, j], x[j])
