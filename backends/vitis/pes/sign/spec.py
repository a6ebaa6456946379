"""One-bit weights: the tap or its negative (FxP-QNet eq. 13)."""

from __future__ import annotations

from typing import ClassVar

from hlsq.backends.vitis.pes.base import PE
from hlsq.cost.estimate.choices import PEKind
from hlsq.formats import FixedPoint
from hlsq.graph import QWeights


class SignPE(PE):
    """Negates the tap where the weight's bit is set."""

    kind: ClassVar[PEKind] = "sign"
    header: ClassVar[str] = "pe_sign.h"
    multiplies: ClassVar[bool] = False

    @classmethod
    def accepts(cls, weights: QWeights) -> bool:
        """Signed fixed point of one bit."""
        return isinstance(weights.format, FixedPoint) and weights.format.is_sign

    @classmethod
    def cpp_type(cls, weights: QWeights, tap: str, code: str, product: str, where: str | None) -> str:
        """``hlsq::pe_sign<...>``."""
        return f"hlsq::pe_sign<{tap}, {code}, {product}>"
