"""The range that leaves out a given share of the values at each end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from hlsq.calibration.base import Range, RangeMethod
from hlsq.calibration.stats import TensorStats
from hlsq.calibration.targets import Target
from hlsq.errors import OptionError


@dataclass(frozen=True)
class Percentile(RangeMethod):
    """From the ``100 - p`` to the ``p`` percentile of all values, zeros included.

    Resolved to one bin of the histogram (at most 1/4096 of the largest magnitude), rounded outwards.

    Args:
        p: above 50, at most 100 (the full range).
    """

    name: ClassVar[str] = "percentile"

    p: float = 99.99

    def __post_init__(self) -> None:
        if isinstance(self.p, bool) or not isinstance(self.p, (int, float)) or not 50 < self.p <= 100:
            raise OptionError(f"calibration method 'percentile': p is {self.p!r}; allowed: above 50, at most 100")

    def range(self, stats: TensorStats, target: Target) -> Range:
        """The two percentiles."""
        bins = len(stats.counts) // 2
        counts = stats.counts.copy()
        counts[bins] += stats.zeros
        below = np.cumsum(counts)
        keep = stats.count * (self.p / 100)
        upper = int(np.searchsorted(below, keep))
        lower = int(np.searchsorted(below, stats.count - keep, side="right"))
        hi = (min(upper, 2 * bins - 1) + 1 - bins) * stats.bin_width
        lo = (lower - bins) * stats.bin_width
        return max(lo, stats.minimum), min(hi, stats.maximum)
