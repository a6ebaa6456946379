"""Weights in two's complement, with a multiplier."""

from __future__ import annotations

from typing import ClassVar

from hlsq.backends.pes.base import PE, PEKind, WeightForm, Widths
from hlsq.cost.units import unit_cost
from hlsq.formats import Affine, FixedPoint
from hlsq.graph import QWeights


class MultiplyPE(PE):
    """Multiplies the tap by the weight."""

    kind: ClassVar[PEKind] = "multiply"
    header: ClassVar[str | None] = "pe_multiply.h"
    forms: ClassVar[frozenset[WeightForm]] = frozenset({"integer", "sign"})
    multiplies: ClassVar[bool] = True

    @classmethod
    def accepts(cls, weights: QWeights) -> bool:
        """Fixed point of two bits or more (or unsigned), and affine without zero point."""
        fmt = weights.format
        return isinstance(fmt, Affine) or (isinstance(fmt, FixedPoint) and not fmt.is_sign)

    @classmethod
    def cpp_type(cls, weights: QWeights, tap: str, code: str, product: str, where: str | None) -> str:
        """``hlsq::pe_multiply<...>``."""
        fmt = weights.format
        signed = fmt.qmin < 0
        weight = f"hlsq::{'sint' if signed else 'uint'}<{fmt.bits}>"
        place = "" if where is None else f", {where}"
        return f"hlsq::pe_multiply<{tap}, {code}, {weight}, {product}, {fmt.bits}{place}>"

    @classmethod
    def operand_bits(cls, widths: Widths) -> int:
        """The integer."""
        return max(2, widths.code)

    @classmethod
    def stages(cls, widths: Widths) -> int:
        """A product and the register behind it."""
        return 2

    @classmethod
    def luts(cls, widths: Widths) -> float:
        """Those of a PE that gets its weight as digits of radix 4."""
        return unit_cost("digits", "select", widths.tap, (max(2, widths.code) + 1) // 2).lut
