"""One-bit weights: the tap or its negative (FxP-QNet eq. 13)."""

from __future__ import annotations

from typing import ClassVar

from hlsq.backends.pes.base import PE, PEKind, WeightForm, Widths
from hlsq.cost.units import unit_cost
from hlsq.formats import FixedPoint
from hlsq.graph import QWeights


class SignPE(PE):
    """Negates the tap where the weight's bit is set; in folded engines also gives 0, for lanes without a channel."""

    kind: ClassVar[PEKind] = "sign"
    header: ClassVar[str | None] = "pe_sign.h"
    forms: ClassVar[frozenset[WeightForm]] = frozenset({"sign"})
    multiplies: ClassVar[bool] = False

    @classmethod
    def accepts(cls, weights: QWeights) -> bool:
        """Signed fixed point of one bit."""
        return isinstance(weights.format, FixedPoint) and weights.format.is_sign

    @classmethod
    def cpp_type(cls, weights: QWeights, tap: str, code: str, product: str, where: str | None) -> str:
        """``hlsq::pe_sign<...>``."""
        return f"hlsq::pe_sign<{tap}, {code}, {product}>"

    @classmethod
    def operand_bits(cls, widths: Widths) -> int:
        """A flag for what is not zero, and the sign."""
        return 2

    @classmethod
    def stages(cls, widths: Widths) -> int:
        """A negation."""
        return 1

    @classmethod
    def luts(cls, widths: Widths) -> float:
        """Those of a negation."""
        return unit_cost("sign", "varying", widths.tap).lut
