"""The range that loses the least information (Kullback-Leibler divergence)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from hlsq.calibration.base import Range, RangeMethod, candidates
from hlsq.calibration.stats import TensorStats
from hlsq.calibration.targets import Target
from hlsq.elementary import log
from hlsq.errors import OptionError
from hlsq.formats import Format


@dataclass(frozen=True)
class Entropy(RangeMethod):
    """Compares the values' distribution with what is left of it after quantisation, and keeps the nearest.

    For each candidate range, P is the histogram of the non-zero values with everything outside added to the outermost
    bins that are filled. Q is the histogram of the values inside alone, where all bins that fall to the same integer
    share their count evenly. The range with the smallest divergence of P from Q wins: too wide a range smears bins over
    coarse steps, too narrow a one piles outliers up at its ends, where Q lacks them. Exact zeros have no quantisation
    error and do not take part, or a sparse feature map would be all that counts.

    Args:
        keep: share of the non-zero values that lies inside at least, above 0.5, at most 1 (the full range). Without it
            a map that is constant in most places (what a bias makes of an image's black border) would be cut down to
            that constant, which then needs no more than one integer and so loses nothing.
    """

    name: ClassVar[str] = "entropy"

    keep: float = 0.99

    def __post_init__(self) -> None:
        if isinstance(self.keep, bool) or not isinstance(self.keep, (int, float)) or not 0.5 < self.keep <= 1:
            raise OptionError(f"calibration method 'entropy': keep is {self.keep!r}; allowed: above 0.5, at most 1")

    def range(self, stats: TensorStats, target: Target) -> Range:
        """The best of the candidate ranges; the widest among equals."""
        values, counts = stats.filled()
        options = candidates(stats, target)
        losses = [divergence(fmt, values, counts, self.keep) for _, fmt in options]
        if not values.size or min(losses) == math.inf:
            return stats.minimum, stats.maximum
        return options[int(np.argmin(losses))][0]


def divergence(fmt: Format, values: NDArray[np.float64], counts: NDArray[np.float64], keep: float = 0.0) -> float:
    """Kullback-Leibler divergence of the quantised distribution from the real one.

    Infinite if no value, or less than the share ``keep`` of all, lies in the range of ``fmt``.
    """
    lo, hi = fmt.range()
    half = float(fmt.step) / 2
    inside = (values >= lo - half) & (values <= hi + half)
    kept = counts[inside]
    if not kept.size or kept.sum() < keep * counts.sum():
        return math.inf
    p = kept.copy()
    p[0] += counts[values < lo - half].sum()
    p[-1] += counts[values > hi + half].sum()
    _, group = np.unique(fmt.quantize(values[inside]), return_inverse=True)
    shared = np.bincount(group, weights=kept) / np.bincount(group)
    q = shared[group]
    p, q = p / p.sum(), q / q.sum()
    return float((p * log(p / q)).sum())
