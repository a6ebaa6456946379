"""The range with the smallest mean squared quantisation error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from hlsq.calibration.base import Range, RangeMethod, candidates
from hlsq.calibration.stats import TensorStats
from hlsq.calibration.targets import Target
from hlsq.formats import Format


@dataclass(frozen=True)
class MeanSquaredError(RangeMethod):
    """Shrinks the full range step by step and keeps the range whose format is nearest to the values on average."""

    name: ClassVar[str] = "mse"

    def range(self, stats: TensorStats, target: Target) -> Range:
        """The best of the candidate ranges; the widest among equals."""
        values, counts = stats.filled()
        if not values.size:
            return stats.minimum, stats.maximum
        options = candidates(stats, target)
        errors = [squared_error(fmt, values, counts, stats.bin_width) for _, fmt in options]
        return options[int(np.argmin(errors))][0]


def squared_error(fmt: Format, values: NDArray[np.float64], counts: NDArray[np.float64], bin_width: float) -> float:
    """Sum of squared errors of ``fmt`` on a histogram.

    Inside the format's range, a step finer than a few bins is invisible in the histogram; there the error is that of
    values spread evenly over the step, ``step**2 / 12``.
    """
    step = float(fmt.step)
    error = np.square(fmt.fake_quantize(values) - values)
    if step < 4 * bin_width and fmt.levels is None:
        lo, hi = fmt.range()
        inside = (values >= lo - step / 2) & (values <= hi + step / 2)
        error = np.where(inside, step**2 / 12, error)
    return float((error * counts).sum())
