"""Steps that error feedback tries for the weights of an output channel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hlsq.elementary import floor_log2, power_of_two, sixteenth_power
from hlsq.schemes.grids import EvenGrid, Grid
from hlsq.schemes.weights import magnitude

Floats = NDArray[np.float64]

FREE_STEPS = tuple(sixteenth_power(k) for k in range(-20, 12))
EVEN_STEPS = tuple(float(f) for f in np.linspace(0.65, 1.0, 8))
BINARY_STEPS = (0.25, 0.5, 1.0, 2.0)
"""Candidates for one step of a channel, in parts of the one whose largest integer is the largest weight."""


def step_candidates(target: Floats, grid: Grid, binary: bool, shared: bool, limit: float) -> Floats:
    """Steps to try, [candidates, channels].

    Args:
        target: weights to come near to, [taps, channels].
        grid: of their codes.
        binary: whether steps are powers of two.
        shared: whether all channels have one step.
        limit: largest step, where they are powers of two.
    """
    peak = np.broadcast_to(magnitude(target, not shared), target.shape[1:]) / grid.peak
    if not binary:
        return np.multiply.outer(EVEN_STEPS if isinstance(grid, EvenGrid) else FREE_STEPS, peak)
    steps = np.multiply.outer(BINARY_STEPS, power_of_two(floor_log2(peak)))
    return np.minimum(steps, limit)
