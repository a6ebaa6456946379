"""Cholesky factors and solutions that are the same on every machine, unlike LAPACK's.

Inside a block of columns values are updated one by one; between blocks by ``hlsq.emulate.products``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hlsq.emulate.products import product

Floats = NDArray[np.float64]

BLOCK = 64
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
    least = float(matrix.diagonal().max()) * LEAST_PIVOT
    for start in range(0, len(lower), BLOCK):
        stop = min(start + BLOCK, len(lower))
        panel = lower[start:, start:stop].copy()
        for j in range(stop - start):
            if not panel[j, j] > least:
                raise SingularError
            panel[j:, j] /= np.sqrt(panel[j, j])
            panel[j + 1 :, j + 1 :] -= np.multiply.outer(panel[j + 1 :, j], panel[j + 1 : stop - start, j])
        lower[start:, start:stop] = panel
        below = panel[stop - start :]
        lower[stop:, stop:] -= product(below, below.T)
    return np.tril(lower)


def solve(matrix: Floats, right: Floats) -> Floats:
    """``x`` [n, columns] with ``matrix @ x == right``; ``matrix`` as for ``cholesky``.

    Raises:
        SingularError: it is not positive definite.
    """
    lower = cholesky(matrix)
    half = _substitute(lower, right)
    return _substitute(lower.T[::-1, ::-1], half[::-1])[::-1]


def _substitute(lower: Floats, right: Floats) -> Floats:
    """``x`` with ``lower @ x == right``."""
    x = right.copy()
    for start in range(0, len(x), BLOCK):
        stop = min(start + BLOCK, len(x))
        part = x[start:stop]
        if start:
            part -= product(lower[start:stop, :start], x[:start])
        for j in range(stop - start):
            column = lower[start:stop, start + j]
            part[j] /= column[j]
            part[j + 1 :] -= np.multiply.outer(column[j + 1 :], part[j])
    return x
