"""The integers a weight can take, for algorithms that choose them: nearest ones and a scale's starting point."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hlsq.elementary import round_log2
from hlsq.formats import Affine, FixedPoint, Format, PowerOfTwo

Floats = NDArray[np.float64]

AFFINE_BITS = 8
EXPONENTS = {3: 2, 4: 6, 5: 7}
"""Largest exponent of the power-of-two codes of each width."""
HALF = 0.5
HALF_A_MANTISSA = 1 << 51
EXPONENT = 0x7FF << 52
"""Bits of a float64."""


@dataclass(frozen=True)
class Grid(ABC):
    """Integers symmetric around zero, up to ``peak``."""

    @property
    @abstractmethod
    def peak(self) -> int:
        """The largest integer."""

    @abstractmethod
    def nearest(self, values: Floats) -> Floats:
        """The integers nearest to ``values``, as floats."""

    @abstractmethod
    def format(self, scale: Floats) -> Format:
        """The number format with this real value of one step, [] or [channels]."""


@dataclass(frozen=True)
class PowerGrid(Grid):
    """0 and ``+-2**e``, ``0 <= e <= max_exponent``.

    Here a value goes to the nearest power in distance (1.4 to 1, 1.6 to 2), which keeps the squared error small, and
    not to the nearest logarithm as DoubleQ's second level.
    """

    code_bits: int
    max_exponent: int

    @property
    def peak(self) -> int:
        """``2**max_exponent``."""
        return 1 << self.max_exponent

    def nearest(self, values: Floats) -> Floats:
        """The nearest of the powers and zero."""
        magnitude = np.abs(values)
        found = magnitude.view(np.int64) + HALF_A_MANTISSA  # from 1.5 on, this is in the next exponent
        found &= EXPONENT
        powers = found.view(np.float64)
        np.minimum(powers, self.peak, out=powers)
        np.maximum(powers, 1.0, out=powers)
        powers *= magnitude >= HALF
        return np.asarray(np.copysign(powers, values, out=powers))

    def format(self, scale: Floats) -> Format:
        """Power-of-two codes."""
        return PowerOfTwo(self.code_bits, self.max_exponent, _plain(scale))


@dataclass(frozen=True)
class EvenGrid(Grid):
    """All integers of ``width`` bits but the most negative one."""

    width: int
    binary_scale: bool = False

    @property
    def peak(self) -> int:
        """``2**(width - 1) - 1``."""
        return (1 << (self.width - 1)) - 1

    def nearest(self, values: Floats) -> Floats:
        """Rounded and saturated."""
        return np.asarray(np.clip(np.rint(values), -self.peak, self.peak))

    def format(self, scale: Floats) -> Format:
        """Affine, or fixed point where the scale is a power of two."""
        if not self.binary_scale:
            return Affine(self.width, _plain(scale), symmetric=True)
        fracs = -round_log2(scale)
        return FixedPoint(self.width, fracs.tolist() if fracs.ndim == 0 else tuple(fracs.tolist()), symmetric=True)


def grid_for(code_bits: int, binary_scale: bool) -> Grid:
    """Power-of-two codes of 3, 4 or 5 bits, or the integers of 8."""
    if code_bits == AFFINE_BITS:
        return EvenGrid(AFFINE_BITS, binary_scale)
    return PowerGrid(code_bits, EXPONENTS[code_bits])


def _plain(scale: Floats) -> float | tuple[float, ...]:
    return float(scale) if scale.ndim == 0 else tuple(float(s) for s in scale)
