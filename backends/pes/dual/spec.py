"""Integers and power-of-two weights by turns, as the instruction says (DoubleQExt Fig. 5)."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from hlsq.backends.pes.base import PE, DualForm, PEKind, WeightForm, Widths
from hlsq.cost.units import unit_cost
from hlsq.graph import QWeights


class DualPE(PE):
    """Multiplies or shifts: ``"booth"`` adds the tap's multiples for signed digits, ``"mux"`` selects one of two."""

    kind: ClassVar[PEKind] = "dual"
    forms: ClassVar[frozenset[WeightForm]] = frozenset({"integer", "power", "sign"})
    multiplies: ClassVar[bool] = True
    shifts: ClassVar[bool] = True

    @classmethod
    def accepts(cls, weights: QWeights) -> bool:
        """None: the weights of a dataflow block are of one form."""
        return False

    @classmethod
    def cpp_type(cls, weights: QWeights, tap: str, code: str, product: str, where: str | None) -> str:
        """Of no use: see ``accepts``."""
        raise NotImplementedError

    @classmethod
    def folded_source(cls, dual: DualForm) -> Path:
        """That of the form."""
        return cls.folder / "templates" / "folded" / f"pe_dual_{dual}.h"

    @classmethod
    def operand_bits(cls, widths: Widths) -> int:
        """Three bits a digit; or the weight, and whether it shifts."""
        if widths.dual == "booth":
            return 3 * digits_of(widths)
        return max(widths.code, max(1, widths.max_exponent.bit_length()) + 2) + 1

    @classmethod
    def stages(cls, widths: Widths) -> int:
        """A digit each; or the product, and the selection."""
        return cls.operand_bits(widths) // 3 if widths.dual == "booth" else 2

    @classmethod
    def luts(cls, widths: Widths) -> float:
        """Measured with its digits; the other form for weights of eight bits and codes of five."""
        if widths.dual == "booth":
            return unit_cost("digits", "select", widths.tap, digits_of(widths)).lut
        return unit_cost("dual", "mux", widths.tap).lut


def digits_of(widths: Widths) -> int:
    """Of radix 4 that hold every weight."""
    return max((widths.code + 1) // 2, widths.max_exponent // 2 + 1)
