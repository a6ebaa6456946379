"""What the host does around the hardware, as constants for generated C++."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hlsq.formats import Format, Rounding
from hlsq.graph.ops import Shape


@dataclass(frozen=True)
class HostInput:
    """Quantisation of one network input from double."""

    format: Format

    @property
    def half_up(self) -> bool:
        """Whether ties round upwards."""
        return self.format.rounding_mode is Rounding.HALF_UP

    @property
    def step(self) -> str:
        """Real value of one step."""
        return repr(float(self.format.step))

    @property
    def offset(self) -> int:
        """Zero point."""
        return self.format.offset

    @property
    def low(self) -> str:
        """Smallest integer as double."""
        return f"{float(self.format.qmin)!r}"

    @property
    def high(self) -> str:
        """Largest integer as double."""
        return f"{float(self.format.qmax)!r}"

    @property
    def low_int(self) -> str:
        """Smallest integer."""
        return f"{self.format.qmin}LL"

    @property
    def high_int(self) -> str:
        """Largest integer that the 64-bit host type holds."""
        return f"{min(self.format.qmax, 2**63 - 1)}LL"

    @property
    def levels(self) -> str:
        """All integers of a format whose values are not equally spaced, else empty."""
        if self.format.levels is None:
            return ""
        return "{" + ", ".join(f"{v}LL" for v in self.format.levels) + "}"

    @property
    def steps(self) -> int:
        """Number of thresholds."""
        return len(self.format.levels or ()) - 1

    @property
    def thresholds(self) -> str:
        """Smallest double that reaches each level, found by bisection over the doubles themselves."""
        levels = self.format.levels or ()
        found = [_smallest_reaching(self.format, level) for level in levels[1:]]
        return "{" + ", ".join(repr(value) for value in found) + "}"


@dataclass(frozen=True)
class HostOutput:
    """Real values of one network output."""

    format: Format
    shape: Shape

    @property
    def scale(self) -> str:
        """Real value of one step, one or one per channel."""
        return "{" + ", ".join(repr(float(v)) for v in np.atleast_1d(self.format.step)) + "}"

    @property
    def per_channel(self) -> bool:
        """Whether the channels differ."""
        return self.format.channels is not None

    @property
    def channels(self) -> int:
        """Channels of the output."""
        return self.shape[-1]

    @property
    def offset(self) -> int:
        """Zero point."""
        return self.format.offset


def _ordered(value: float) -> int:
    """Doubles as integers in the same order."""
    bits = int(np.float64(value).view(np.int64))
    return bits if bits >= 0 else -(bits & 0x7FFFFFFFFFFFFFFF)


def _double(order: int) -> float:
    bits = order if order >= 0 else -order | -0x8000000000000000
    return float(np.int64(bits).view(np.float64))


def _smallest_reaching(fmt: Format, level: int) -> float:
    top = float(np.finfo(np.float64).max)
    low, high = _ordered(-top), _ordered(top)
    while high - low > 1:
        middle = (low + high) // 2
        if int(fmt.quantize(_double(middle))) >= level:
            high = middle
        else:
            low = middle
    return _double(high)
