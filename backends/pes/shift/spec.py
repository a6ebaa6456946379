"""Power-of-two weights: shift, zero and sign, no multiplier (DoubleQ Fig. 5)."""

from __future__ import annotations

from typing import ClassVar

from hlsq.backends.pes.base import PE, PEKind, WeightForm, Widths
from hlsq.cost.units import unit_cost
from hlsq.formats import PowerOfTwo
from hlsq.graph import QWeights


class ShiftPE(PE):
    """Shifts the tap by the stored exponent."""

    kind: ClassVar[PEKind] = "shift"
    header: ClassVar[str | None] = "pe_shift.h"
    forms: ClassVar[frozenset[WeightForm]] = frozenset({"power", "sign"})
    multiplies: ClassVar[bool] = False
    shifts: ClassVar[bool] = True

    @classmethod
    def accepts(cls, weights: QWeights) -> bool:
        """Power-of-two codes."""
        return isinstance(weights.format, PowerOfTwo)

    @classmethod
    def cpp_type(cls, weights: QWeights, tap: str, code: str, product: str, where: str | None) -> str:
        """``hlsq::pe_shift<...>``."""
        fmt = weights.format
        assert isinstance(fmt, PowerOfTwo)  # noqa: S101 - accepts() looked
        flags = f"{str(fmt.signed).lower()}, {str(fmt.zero_flag).lower()}"
        return f"hlsq::pe_shift<{tap}, {code}, {product}, {fmt.code_bits}, {flags}>"

    @classmethod
    def operand_bits(cls, widths: Widths) -> int:
        """Exponent, a flag for what is not zero, and the sign."""
        return max(1, widths.max_exponent.bit_length()) + 2

    @classmethod
    def stages(cls, widths: Widths) -> int:
        """Two shifts, the second with the sign."""
        return 2

    @classmethod
    def luts(cls, widths: Widths) -> float:
        """Those of a shifter."""
        return unit_cost("shift", "varying", widths.tap, max(1, widths.max_exponent.bit_length())).lut
