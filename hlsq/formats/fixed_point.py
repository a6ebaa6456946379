"""Dynamic fixed point (FxP-QNet U/S(alpha, beta), eq. 10-13; He et al. eq. 1-3)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hlsq.elementary import power_of_two, round_log2
from hlsq.errors import FormatError
from hlsq.escape import shown
from hlsq.formats.base import (
    MAX_WIDTH,
    Floats,
    Format,
    Ints,
    Rounding,
    check_codes,
    check_flag,
    check_members,
    check_whole,
)

MAX_FRAC = 256
"""Largest magnitude of a fraction length."""


@dataclass(frozen=True)
class FixedPoint(Format):
    """Values ``q * 2**-frac`` with ``q`` in two's complement or unsigned.

    Args:
        width: stored bits, 1 to 64 (unsigned 63, because integers are held in int64).
        frac: fraction length, one number or one per channel; may be negative or exceed ``width``.
        signed: two's complement if true. Width 1 signed means the two values ``+-2**-frac`` (FxP-QNet eq. 13),
            stored as 0 for plus and 1 for minus.
        symmetric: leave out the most negative integer, so that the range is symmetric around zero.
        rounding: ties to even (default) or up.
    """

    kind: ClassVar[str] = "fixed"

    width: int
    frac: int | tuple[int, ...]
    signed: bool = True
    symmetric: bool = False
    rounding: Rounding = Rounding.HALF_EVEN

    def __post_init__(self) -> None:
        object.__setattr__(self, "signed", check_flag(self.signed, "signed"))
        object.__setattr__(self, "symmetric", check_flag(self.symmetric, "symmetric"))
        object.__setattr__(self, "width", check_whole(self.width, high=MAX_WIDTH - (not self.signed)))
        try:
            fracs = np.asarray(self.frac)
        except ValueError:  # lists of different lengths
            fracs = np.empty(0)
        whole = fracs.ndim <= 1 and fracs.size > 0 and fracs.dtype.kind in "iu"
        if not whole or fracs.min() < -MAX_FRAC or fracs.max() > MAX_FRAC:
            raise FormatError(
                f"frac must be a whole number from -{MAX_FRAC} to {MAX_FRAC}, or one per channel; "
                f"got {shown(self.frac)}"
            )
        object.__setattr__(self, "frac", int(fracs) if fracs.ndim == 0 else tuple(int(f) for f in fracs))
        object.__setattr__(self, "rounding", Rounding(self.rounding))

    @property
    def is_sign(self) -> bool:
        """True for the one-bit signed format, whose integers are -1 and +1."""
        return self.signed and self.width == 1

    @property
    def bits(self) -> int:
        """Stored bits of one value."""
        return self.width

    @property
    def qmin(self) -> int:
        """Smallest integer."""
        if not self.signed:
            return 0
        return -1 if self.is_sign else -(2 ** (self.width - 1)) + self.symmetric

    @property
    def qmax(self) -> int:
        """Largest integer."""
        if not self.signed:
            return 2**self.width - 1
        return 1 if self.is_sign else 2 ** (self.width - 1) - 1

    @property
    def step(self) -> Floats:
        """Real value of one integer step."""
        return power_of_two(-np.asarray(self.frac))

    def with_bits(self, bits: int) -> Self:
        """``width`` is the number of bits."""
        return replace(self, width=bits)

    def with_step(self, step: Floats) -> Self:
        """Steps are powers of two."""
        fracs = -round_log2(step)
        if (power_of_two(-fracs) != step).any():
            raise FormatError(f"{self} has steps that are powers of two; got {shown(step.tolist())}")
        return replace(self, frac=int(fracs) if fracs.ndim == 0 else tuple(int(f) for f in fracs))

    @property
    def levels(self) -> tuple[int, ...] | None:
        """-1 and 1 for the sign format, else None."""
        return (-1, 1) if self.is_sign else None

    def quantize(self, values: ArrayLike) -> Ints:
        """Integers nearest to ``values`` (FxP-QNet eq. 10-13)."""
        x = self._in_steps(values)
        if self.is_sign:
            return np.where(x < 0, -1, 1).astype(np.int64)
        return saturate(self.rounding.apply(x), self.qmin, self.qmax)

    def encode(self, integers: ArrayLike) -> NDArray[np.uint64]:
        """Two's complement (or the sign bit) of ``integers``."""
        q = check_members(integers, self.qmin, self.qmax, str(self))
        if self.is_sign:
            if (q == 0).any():
                raise FormatError(f"{self} has no integer 0; its integers are -1 and 1")
            return (q < 0).astype(np.uint64)
        return twos_complement(q, self.width)

    def decode(self, codes: ArrayLike) -> Ints:
        """Integers of ``codes``."""
        code = check_codes(codes, self.bits, str(self))
        if self.is_sign:
            return 1 - 2 * code.astype(np.int64)
        return from_twos_complement(code, self.width, self.signed)

    def cpp_type(self) -> str:
        """The ``ap_fixed`` class (``ap_int`` for signs), which rounds and saturates as this format does."""
        if self.is_sign:
            return "ap_int<2>"
        if not isinstance(self.frac, int):
            return f"ap_{'' if self.signed else 'u'}int<{self.width}>"
        mode = "AP_RND_CONV" if self.rounding is Rounding.HALF_EVEN else "AP_RND"
        saturation = "AP_SAT_SYM" if self.symmetric else "AP_SAT"
        name = "ap_fixed" if self.signed else "ap_ufixed"
        return f"{name}<{self.width}, {self.width - self.frac}, {mode}, {saturation}>"


def saturate(rounded: Floats, low: int, high: int) -> Ints:
    """``rounded`` clipped to ``low``..``high`` as int64; exact although float64 cannot hold bounds like 2**63 - 1."""
    inside = np.clip(rounded, float(low), float(high))
    top = inside >= float(high)
    q = np.maximum(np.where(top, 0.0, inside).astype(np.int64), low)
    return np.where(top, np.int64(high), q)


def twos_complement(q: Ints, width: int) -> NDArray[np.uint64]:
    """The ``width`` low bits of ``q``."""
    mask = np.uint64(2**width - 1)
    return q.astype(np.uint64) & mask


def from_twos_complement(code: NDArray[np.uint64], width: int, signed: bool) -> Ints:
    """Integers whose ``width`` low bits are ``code``."""
    q = code.astype(np.int64)
    if not signed:
        return q
    spare = np.int64(64 - width)
    return (q << spare) >> spare
