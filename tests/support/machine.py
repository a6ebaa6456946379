"""Stand-ins for a machine that computes sums of floats in another order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from hlsq.schemes import threads

Values = NDArray[Any]


class OtherOrder:
    """Matrix products whose sums are added in another order each time.

    Attributes:
        inexact: how many of them were not those of ``numpy.matmul`` to the last bit.
    """

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng(seed)
        self._matmul = np.matmul
        self.inexact = 0

    def __call__(self, a: Values, b: Values, out: Values | None = None) -> Values:
        """The product of ``a`` [..., inner] and ``b`` [..., inner, columns]."""
        parts = np.array_split(self._random.permutation(a.shape[-1]), 3)
        total = sum(self._matmul(a[..., part], b[..., part, :]) for part in parts)
        self.inexact += not np.array_equal(total, self._matmul(a, b))
        if out is None:
            return np.asarray(total)
        out[...] = total
        return out


def another_machine(patch: pytest.MonkeyPatch, cores: int, seed: int = 0) -> OtherOrder:
    """From now on, until ``patch`` is undone, sums are added in another order, on so many cores."""
    order = OtherOrder(seed)
    patch.setattr(np, "matmul", order)
    patch.setattr(threads, "CORES", cores)
    patch.setattr(threads, "AHEAD", cores)
    patch.setattr("os.cpu_count", lambda: cores)
    return order
