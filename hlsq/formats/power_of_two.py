"""Power-of-two codes: zero and signed powers of two (DoubleQ section II-B, Table 2, Fig. 1)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hlsq.errors import FormatError
from hlsq.formats.base import (
    Floats,
    Format,
    Ints,
    as_scale,
    check_codes,
    check_flag,
    check_members,
    check_not_negative,
    check_whole,
)

MAX_EXPONENT = 61
USUAL_EXPONENT = 7
"""The largest that codes of five bits have in DoubleQ."""


@dataclass(frozen=True)
class PowerOfTwo(Format):
    """Values 0 and ``+-scale * 2**e`` with ``0 <= e <= max_exponent``; the integer is ``+-2**e``.

    The stored code has, from its most significant bit: the sign (if ``signed``), then either a zero flag and the
    exponent (``zero_flag``: the bits suffice for both, as in DoubleQ's five bits), or a magnitude that is 0 for
    zero and ``e + 1`` otherwise. So five bits hold exponents up to 7 with a flag (up to 14 without), four bits
    exponents up to 6, three bits 0, +-1, +-2 and +-4. Without a zero the magnitude is the plain exponent.

    A value is zero below half of the smallest power; else it rounds to the nearest power in the logarithm
    (DoubleQ Table 2), saturating at ``max_exponent``.

    Args:
        code_bits: stored bits of one value.
        max_exponent: largest exponent; 7 for DoubleQ's five bits, otherwise at most ``2**(code_bits - signed) - 2``
            (``- 1`` without a zero).
        scale: real value of the integer 1; one number or one per channel.
        signed: whether there are negative values.
        zero_below: magnitudes below ``zero_below * scale`` are zero. 0 means that the format has no zero: small
            magnitudes become the smallest power (zero the positive one), as in QKeras.
    """

    kind: ClassVar[str] = "power_of_two"
    always_written: ClassVar[tuple[str, ...]] = ("code_bits", "max_exponent")

    code_bits: int = 5
    max_exponent: int = 7
    scale: float | tuple[float, ...] = 1.0
    signed: bool = True
    zero_below: float = 0.5

    def __post_init__(self) -> None:
        object.__setattr__(self, "zero_below", check_not_negative(self.zero_below, "zero_below"))
        object.__setattr__(self, "signed", check_flag(self.signed, "signed"))
        bits = check_whole(self.code_bits, "code_bits", 1 + (self.signed and self.has_zero), 16)
        object.__setattr__(self, "code_bits", bits)
        limit = min(2 ** (bits - self.signed) - 1 - self.has_zero, MAX_EXPONENT)
        exponent = check_whole(self.max_exponent, f"max_exponent of {bits}-bit codes", 0, limit)
        object.__setattr__(self, "max_exponent", exponent)
        object.__setattr__(self, "scale", as_scale(self.scale, "scale"))

    @property
    def has_zero(self) -> bool:
        """Whether zero is one of the values."""
        return self.zero_below > 0

    @property
    def magnitude_bits(self) -> int:
        """Bits of a code without its sign."""
        return self.code_bits - self.signed

    @property
    def zero_flag(self) -> bool:
        """Whether the code has a bit of its own for zero, so that the rest is the plain exponent."""
        return self.has_zero and self.max_exponent < 2 ** (self.magnitude_bits - 1)

    @property
    def bits(self) -> int:
        """Stored bits of one value."""
        return self.code_bits

    def with_bits(self, bits: int) -> Self:
        """With the largest exponents of such codes, but none beyond the usual or the present one."""
        bits = check_whole(bits, "code_bits", 1 + (self.signed and self.has_zero), 16)
        most = 2 ** (bits - self.signed) - 1 - self.has_zero
        return replace(self, code_bits=bits, max_exponent=min(most, max(USUAL_EXPONENT, self.max_exponent)))

    def with_step(self, step: Floats) -> Self:
        """``scale`` is the step."""
        return replace(self, scale=step)  # type: ignore[arg-type] # made plain there

    @property
    def qmin(self) -> int:
        """Smallest integer."""
        if self.signed:
            return -self.qmax
        return 0 if self.has_zero else 1

    @property
    def qmax(self) -> int:
        """Largest integer."""
        return 2**self.max_exponent

    @property
    def step(self) -> Floats:
        """Real value of the integer 1."""
        return np.asarray(self.scale, dtype=np.float64)

    @property
    def levels(self) -> tuple[int, ...] | None:
        """Zero, unless the format has none, and the (signed) powers of two."""
        powers = tuple(2**e for e in range(self.max_exponent + 1))
        zero = (0,) if self.has_zero else ()
        return (*(-p for p in reversed(powers)), *zero, *powers) if self.signed else (*zero, *powers)

    def quantize(self, values: ArrayLike) -> Ints:
        """Nearest powers of two in the logarithm (DoubleQ Table 2), zero below ``zero_below`` steps."""
        x = self._in_steps(values)
        magnitude = np.abs(x)
        mantissa, exponent = np.frexp(np.minimum(magnitude, float(self.qmax)))
        # |x| = mantissa * 2**exponent with mantissa in [0.5, 1): round(log2 |x|) steps up at mantissa sqrt(1/2).
        e = np.clip(exponent - 1 + (mantissa >= np.sqrt(0.5)), 0, self.max_exponent)
        q = np.where(magnitude < self.zero_below, 0, np.int64(1) << e.astype(np.int64))
        return np.where(x < 0, -q if self.signed else self.qmin, q).astype(np.int64)

    def encode(self, integers: ArrayLike) -> NDArray[np.uint64]:
        """Codes of integers that are 0 or ``+-2**e``."""
        q = check_members(integers, self.qmin, self.qmax, str(self))
        magnitude = np.abs(q)
        bad = (magnitude & (magnitude - 1)) != 0
        if not self.has_zero:
            bad |= q == 0
        if bad.any():
            raise FormatError(
                f"{self} has no integer {int(q[bad].flat[0])}; its integers are {'0 and ' if self.has_zero else ''}"
                f"{'+-' if self.signed else ''}2**e with e from 0 to {self.max_exponent}"
            )
        exponent = np.frexp(np.maximum(magnitude, 1).astype(np.float64))[1].astype(np.int64) - 1
        zero = q == 0
        if not self.has_zero:
            code = exponent
        elif self.zero_flag:
            code = np.where(zero, np.int64(1) << (self.magnitude_bits - 1), exponent)
        else:
            code = np.where(zero, 0, exponent + 1)
        if self.signed:
            code = np.where(q < 0, code | (np.int64(1) << (self.code_bits - 1)), code)
        return code.astype(np.uint64)

    def decode(self, codes: ArrayLike) -> Ints:
        """Integers of ``codes``; the sign of a zero and the exponent beside a zero flag do not matter.

        Raises:
            FormatError: a code has more bits, or an exponent beyond ``max_exponent``.
        """
        code = check_codes(codes, self.code_bits, str(self)).astype(np.int64)
        magnitude = code & ((1 << self.magnitude_bits) - 1)
        if not self.has_zero:
            zero, exponent = np.zeros(code.shape, dtype=bool), magnitude
        elif self.zero_flag:
            flag = np.int64(1) << (self.magnitude_bits - 1)
            zero, exponent = (magnitude & flag) != 0, magnitude & (flag - 1)
        else:
            zero, exponent = magnitude == 0, np.maximum(magnitude - 1, 0)
        exponent = np.where(zero, 0, exponent)
        if (exponent > self.max_exponent).any():
            raise FormatError(f"{self} has no exponent {exponent.max()}; its largest is {self.max_exponent}")
        q = np.where(zero, 0, np.int64(1) << exponent)
        negative = (code >> self.magnitude_bits) & 1 if self.signed else np.zeros_like(code)
        return np.where(negative == 1, -q, q).astype(np.int64)

    def cpp_type(self) -> str:
        """The ``ap_int`` class of the integer (the stored code is narrower)."""
        return f"ap_int<{self.max_exponent + 2}>" if self.signed else f"ap_uint<{self.max_exponent + 1}>"
