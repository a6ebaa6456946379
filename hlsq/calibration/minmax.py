"""The full range."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from hlsq.calibration.base import Range, RangeMethod
from hlsq.calibration.stats import TensorStats
from hlsq.calibration.targets import Target


@dataclass(frozen=True)
class MinMax(RangeMethod):
    """From the smallest to the largest value seen: nothing is clipped, outliers cost resolution."""

    name: ClassVar[str] = "minmax"

    def range(self, stats: TensorStats, target: Target) -> Range:
        """The extremes."""
        return stats.minimum, stats.maximum
