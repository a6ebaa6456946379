"""The step that suits a format: for values that it shall hold, or in place of a format with other bits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hlsq.elementary import ceil_log2, power_of_two, round_log2, sixteenth_power
from hlsq.formats.base import Floats, Format

BINARY_STEPS = tuple(2.0**-k for k in range(6))
FREE_STEPS = tuple(sixteenth_power(-2 * k) for k in range(25))
"""Steps to try, in parts of the one at which the largest value is just held."""
SHARE = 0.5
"""Of the squared error that clipping makes, from which on a better step is looked for."""
WORSE = 4.0
"""Times the squared error of the fitting step from which on a format clips more than it should."""
MOST_WORSE = 1e9
"""What is told where the fitting step makes no error."""
MOST_VALUES = 2**16
"""That are looked at."""


@dataclass(frozen=True)
class Clipping:
    """How a format clips values more than it should.

    Attributes:
        clipped: share of the values that lie beyond the format's range.
        worse: how many times the squared error is that of the fitting step.
    """

    clipped: float
    worse: float


def refitted(fmt: Format, bits: int, values: ArrayLike | None = None) -> Format:
    """``fmt`` with so many bits, and the step that fits: for ``values``, or for the range that ``fmt`` has.

    Raises:
        FormatError: there is no such format, or the values are not for it.
    """
    other = fmt.with_bits(bits)
    step = fmt.step * (_span(fmt) / _span(other))
    other = other.with_step(power_of_two(round_log2(step)) if _is_binary(fmt) else step)
    return other if values is None else fitted(other, values)


def fitted(fmt: Format, values: ArrayLike) -> Format:
    """``fmt`` with the step of smallest squared error for ``values`` [..., channels], which stays a power of two.

    Where all values are zero, the step is what it was.
    """
    x = np.asarray(values, dtype=np.float64)
    ends = ((1, fmt.qmax - fmt.offset), (-1, fmt.offset - fmt.qmin))
    step = np.max([_peak(fmt, sign * x) / end for sign, end in ends if end > 0], axis=0)
    step = np.where(step > 0, step, fmt.step)
    binary = _is_binary(fmt)
    if binary:
        step = power_of_two(ceil_log2(step))
    options = [fmt.with_step(step * part) for part in (BINARY_STEPS if binary else FREE_STEPS)]
    errors = np.array([squared_errors(option, x) for option in options])
    steps = np.array([option.step for option in options])
    best = errors.argmin(axis=0)
    return fmt.with_step(np.take_along_axis(steps, best[None], axis=0)[0] if errors.ndim > 1 else steps[best])


def squared_errors(fmt: Format, values: NDArray[np.float64]) -> Floats:
    """Sums of squared errors of ``fmt`` for ``values``, in all or for each channel that has a step of its own."""
    error = np.square(fmt.fake_quantize(values) - values)
    return np.asarray(error.sum() if fmt.channels is None else error.reshape(-1, fmt.channels).sum(axis=0))


def clipping(fmt: Format, values: NDArray[np.float64]) -> Clipping | None:
    """How ``fmt`` clips ``values`` [..., channels]; None where it does so no more than it should.

    Good ranges clip, too: what lies far out is worth less than a finer step. So the format is measured against the
    step that makes the smallest squared error.
    """
    rows = values.reshape(-1, values.shape[-1])
    rows = rows[:: max(1, -(-rows.size // MOST_VALUES))].astype(np.float64)
    low, high = fmt.range()
    beyond = np.maximum(rows - high, 0) + np.maximum(low - rows, 0)
    error = float(squared_errors(fmt, rows).sum())
    if float(np.square(beyond).sum()) <= SHARE * error or fmt.levels == (-1, 1):
        return None
    least = float(squared_errors(fitted(fmt, rows), rows).sum())
    if error <= WORSE * least:
        return None
    share = float((beyond > fmt.step / 2).mean())
    return Clipping(share, min(error / least, MOST_WORSE) if least else MOST_WORSE)


def _is_binary(fmt: Format) -> bool:
    return bool((power_of_two(round_log2(fmt.step)) == fmt.step).all())


def _span(fmt: Format) -> int:
    """Integers that a format reaches on its wider side of zero, or on both if zero lies elsewhere."""
    return fmt.qmax - fmt.qmin if fmt.offset or fmt.qmin >= 0 else max(fmt.qmax, -fmt.qmin)


def _peak(fmt: Format, values: NDArray[np.float64]) -> Floats:
    """The largest of ``values``, at least 0, in all or for each channel that has a step of its own."""
    if fmt.channels is None:
        return np.asarray(max(float(values.max(initial=0.0)), 0.0))
    return np.asarray(values.reshape(-1, fmt.channels).max(axis=0, initial=0.0))
