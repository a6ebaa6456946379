"""Which NumPy type carries integers of a known interval exactly."""

from __future__ import annotations

from typing import Any

import numpy as np

from hlsq.graph.quantized import Interval

FLOAT32_EXACT = 2**24
FLOAT64_EXACT = 2**53


def carrier(*intervals: Interval) -> np.dtype[Any]:
    """The fastest type in which every integer of ``intervals``, and every sum that stays inside, is exact.

    Matrix products of floats are fast; they are exact as long as no partial sum leaves 2**24 (float32) or 2**53
    (float64), in whatever order they are added. Beyond that, 64-bit integers.
    """
    bound = max(max(abs(i.lo), abs(i.hi)) for i in intervals)
    if bound <= FLOAT32_EXACT:
        return np.dtype(np.float32)
    if bound <= FLOAT64_EXACT:
        return np.dtype(np.float64)
    return np.dtype(np.int64)


def storage(interval: Interval) -> np.dtype[Any]:
    """The integer type in which traces and raw outputs of ``interval`` are returned."""
    return np.dtype(np.int32 if max(abs(interval.lo), abs(interval.hi)) < 2**31 else np.int64)
