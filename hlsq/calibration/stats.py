"""What is remembered of a tensor's values: extremes and a histogram of fixed size."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsq.errors import CalibrationError

BIN_BITS = 13
BINS = 2**BIN_BITS
"""Bins for the positive values; as many again for the negative ones."""
LARGE_EXPONENT = 100
"""Of bins whose width is not told in float32."""


@dataclass(frozen=True, eq=False)
class TensorStats:
    """Extremes and histogram of one tensor over all samples.

    Attributes:
        minimum: smallest value.
        maximum: largest value.
        count: number of values.
        zeros: how many of them are exactly zero.
        exponent: a bin is ``2**exponent`` wide.
        counts: non-zero values per bin, shape [2 * BINS]; bin ``i`` holds those from ``(i - BINS) * 2**exponent`` up.
    """

    minimum: float
    maximum: float
    count: int
    zeros: int
    exponent: int
    counts: NDArray[np.int64]

    @property
    def bin_width(self) -> float:
        """Width of one bin."""
        return math.ldexp(1.0, self.exponent)

    def filled(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Centres (clipped to the extremes) and counts of the bins that hold a value, ascending."""
        index = np.flatnonzero(self.counts)
        centres = (index - BINS + 0.5) * self.bin_width
        return np.clip(centres, self.minimum, self.maximum), self.counts[index].astype(np.float64)


class StatsBuilder:
    """Collects ``TensorStats`` batch by batch in constant memory.

    The bin width is a power of two and grows with the largest magnitude by merging neighbours, which is exact: the
    result depends on the values alone, not on their order or on how they were split into batches.
    """

    def __init__(self) -> None:
        self._minimum = math.inf
        self._maximum = -math.inf
        self._count = 0
        self._zeros = 0
        self._exponent: int | None = None
        self._counts = np.zeros(2 * BINS, dtype=np.int64)

    def add(self, values: NDArray[Any]) -> None:
        """Take in one batch of ``values`` of any shape.

        Raises:
            CalibrationError: a value is NaN or infinite.
        """
        flat = np.asarray(values).reshape(-1)
        if not flat.size:
            return
        low, high = float(flat.min()), float(flat.max())
        if not (math.isfinite(low) and math.isfinite(high)):
            raise CalibrationError(f"{int((~np.isfinite(flat)).sum())} of {flat.size} values are NaN or infinite")
        zeros = flat.size - int(np.count_nonzero(flat))
        self._minimum = min(self._minimum, low)
        self._maximum = max(self._maximum, high)
        self._count += flat.size
        self._zeros += zeros
        if peak := max(-low, high):
            self._grow(math.frexp(peak)[1] - BIN_BITS)
            assert self._exponent is not None  # noqa: S101 - set by _grow
            # Scaling by a power of two is exact, so each value falls into the bin that it really belongs to.
            # Scaled up, float32 stays below 2**BIN_BITS and loses nothing; scaled down, it may.
            narrow = flat.dtype == np.float32 and -LARGE_EXPONENT < self._exponent <= 0
            scaled = flat * (np.float32 if narrow else np.float64)(math.ldexp(1.0, -self._exponent))
            index = np.floor(scaled, out=scaled).astype(np.int64)
            index += BINS
            counts = np.bincount(index, minlength=2 * BINS)
            counts[BINS] -= zeros
            self._counts += counts

    def _grow(self, exponent: int) -> None:
        if self._exponent is None:
            self._exponent = exponent
        elif exponent > self._exponent:
            shift = min(exponent - self._exponent, 62)
            merged = np.zeros_like(self._counts)
            np.add.at(merged, (np.arange(-BINS, BINS) >> shift) + BINS, self._counts)
            self._counts, self._exponent = merged, exponent

    def finish(self) -> TensorStats:
        """The statistics of everything added.

        Raises:
            CalibrationError: nothing was added.
        """
        if not self._count:
            raise CalibrationError("no values to calibrate on")
        return TensorStats(
            minimum=self._minimum,
            maximum=self._maximum,
            count=self._count,
            zeros=self._zeros,
            exponent=-BIN_BITS if self._exponent is None else self._exponent,
            counts=self._counts.copy(),
        )
