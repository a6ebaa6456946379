"""Affine quantisation with scale and zero point (DoubleQ eq. 1-3, DNN2FPGA eq. 1-2)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hlsq.errors import FormatError
from hlsq.formats.base import (
    MAX_WIDTH,
    Floats,
    Format,
    Ints,
    Rounding,
    as_scale,
    check_codes,
    check_flag,
    check_members,
    check_whole,
)
from hlsq.formats.fixed_point import from_twos_complement, saturate, twos_complement


@dataclass(frozen=True)
class Affine(Format):
    """Values ``(q - zero_point) * scale``.

    Args:
        width: stored bits, 1 to 64 (unsigned 63, because integers are held in int64).
        scale: real value of one step, positive; one number or one per channel.
        zero_point: integer that stands for zero; 0 for weights.
        signed: two's complement if true.
        symmetric: leave out the most negative integer of a signed format.
        rounding: ties to even (default) or up.
    """

    kind: ClassVar[str] = "affine"

    width: int
    scale: float | tuple[float, ...]
    zero_point: int = 0
    signed: bool = True
    symmetric: bool = False
    rounding: Rounding = Rounding.HALF_EVEN

    def __post_init__(self) -> None:
        object.__setattr__(self, "signed", check_flag(self.signed, "signed"))
        object.__setattr__(self, "symmetric", check_flag(self.symmetric, "symmetric"))
        object.__setattr__(self, "width", check_whole(self.width, high=MAX_WIDTH - (not self.signed)))
        if self.qmin == self.qmax:
            raise FormatError("a symmetric signed format needs a width of at least 2; with 1 it holds zero alone")
        object.__setattr__(self, "scale", as_scale(self.scale, "scale"))
        object.__setattr__(self, "rounding", Rounding(self.rounding))
        object.__setattr__(self, "zero_point", check_whole(self.zero_point, "zero_point", self.qmin, self.qmax))

    @property
    def bits(self) -> int:
        """Stored bits of one value."""
        return self.width

    @property
    def qmin(self) -> int:
        """Smallest integer."""
        return -(2 ** (self.width - 1)) + self.symmetric if self.signed else 0

    @property
    def qmax(self) -> int:
        """Largest integer."""
        return 2 ** (self.width - self.signed) - 1

    @property
    def step(self) -> Floats:
        """Real value of one integer step."""
        return np.asarray(self.scale, dtype=np.float64)

    @property
    def offset(self) -> int:
        """Integer that stands for the real value zero."""
        return self.zero_point

    def with_bits(self, bits: int) -> Self:
        """Zero stays at the same part of the range."""
        other = replace(self, width=bits, zero_point=0)
        if not self.zero_point:
            return other
        part = (self.zero_point - self.qmin) / (self.qmax - self.qmin)
        return replace(other, zero_point=other.qmin + round(part * (other.qmax - other.qmin)))

    def with_step(self, step: Floats) -> Self:
        """``scale`` is the step."""
        return replace(self, scale=step)  # type: ignore[arg-type] # made plain there

    def quantize(self, values: ArrayLike) -> Ints:
        """Integers nearest to ``values`` (DoubleQ eq. 1)."""
        return saturate(self.rounding.apply(self._in_steps(values)) + self.zero_point, self.qmin, self.qmax)

    def encode(self, integers: ArrayLike) -> NDArray[np.uint64]:
        """Two's complement of ``integers``."""
        return twos_complement(check_members(integers, self.qmin, self.qmax, str(self)), self.width)

    def decode(self, codes: ArrayLike) -> Ints:
        """Integers of ``codes``."""
        return from_twos_complement(check_codes(codes, self.width, str(self)), self.width, self.signed)

    def cpp_type(self) -> str:
        """The ``ap_int`` class of the integer; scale and zero point live in the requantisation."""
        return f"ap_{'' if self.signed else 'u'}int<{self.width}>"
