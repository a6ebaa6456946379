"""What a kind of processing element can tell."""

from __future__ import annotations

import importlib
import pkgutil
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Literal, get_args

from hlsq.cost.estimate.choices import PEKind
from hlsq.errors import QuantizationError
from hlsq.graph import QWeights

PACKAGE = "hlsq.backends.pes"
WeightForm = Literal["integer", "power", "sign"]
"""Of the weights of a folded accelerator: two's complement; sign and exponent (0 for zero); a sign alone."""
DualForm = Literal["booth", "mux"]
DUAL_FORMS: tuple[DualForm, ...] = get_args(DualForm)
"""Of PEs that multiply or shift: signed digits that select multiples of the tap; multiplier, shifter and selector."""


@dataclass(frozen=True)
class Widths:
    """Operands of the PEs of a folded engine.

    Attributes:
        tap: bits of an activation, as a signed number.
        code: of the widest weight code.
        max_exponent: the largest of a power-of-two code, 0 if there are none.
        dual: see ``DUAL_FORMS``.
    """

    tap: int
    code: int
    max_exponent: int = 0
    dual: DualForm = "booth"


class PE(ABC):
    """A kind of processing element: multiplies one tap by one stored weight code.

    Sources lie in the ``templates`` folder beside the specification: that of dataflow designs there, those of folded
    engines in its folder ``folded``.

    Attributes:
        kind: its name in reports and options.
        header: source for dataflow designs, where every block has PEs of its own; None for a kind that is of use only
            where blocks share PEs.
        forms: of weights that it computes with in folded engines.
        multiplies: whether it holds a multiplier (which synthesis may map to a DSP block).
        shifts: whether it shifts by its weight.
    """

    kind: ClassVar[PEKind]
    header: ClassVar[str | None] = None
    forms: ClassVar[frozenset[WeightForm]]
    multiplies: ClassVar[bool]
    shifts: ClassVar[bool] = False
    folder: ClassVar[Path]
    _registered: ClassVar[list[type[PE]]] = []

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        module = importlib.import_module(cls.__module__)
        cls.folder = Path(str(module.__file__)).parent
        dataflow = [] if cls.header is None else [cls.source()]
        for source in (*dataflow, *(cls.folded_source(form) for form in DUAL_FORMS)):
            if not source.is_file():
                raise FileNotFoundError(f"PE {cls.kind!r} has no template {source}")
        PE._registered.append(cls)

    @classmethod
    def source(cls) -> Path:
        """The C++ header for dataflow designs."""
        return cls.folder / "templates" / str(cls.header)

    @classmethod
    def folded_source(cls, dual: DualForm) -> Path:
        """The C++ header for folded engines, named after the template in it; ``dual`` is one of ``DUAL_FORMS``."""
        return cls.folder / "templates" / "folded" / f"pe_{cls.kind}.h"

    @classmethod
    @abstractmethod
    def accepts(cls, weights: QWeights) -> bool:
        """Whether this PE computes with ``weights`` in a dataflow design."""

    @classmethod
    @abstractmethod
    def cpp_type(cls, weights: QWeights, tap: str, code: str, product: str, where: str | None) -> str:
        """The C++ type, given the types of tap, code and product, and the place of multiplications if that is fixed."""

    @classmethod
    @abstractmethod
    def operand_bits(cls, widths: Widths) -> int:
        """Of a weight as a folded engine decodes it, once for all positions."""

    @classmethod
    @abstractmethod
    def stages(cls, widths: Widths) -> int:
        """Cycles that it takes in SystemVerilog, with a register behind each carry chain."""

    @classmethod
    @abstractmethod
    def luts(cls, widths: Widths) -> float:
        """Of one PE in a folded engine, as synthesised for 7 series with everything in fabric."""


@cache
def kinds() -> tuple[type[PE], ...]:
    """All of them."""
    for found in pkgutil.iter_modules(importlib.import_module(PACKAGE).__path__):
        if found.ispkg:
            importlib.import_module(f"{PACKAGE}.{found.name}.spec")
    return tuple(PE._registered)


def pe_of(kind: str) -> type[PE]:
    """That of a name."""
    return next(pe for pe in kinds() if pe.kind == kind)


def pe_for(name: str, weights: QWeights) -> type[PE]:
    """The kind of PE that computes with the weights of block ``name`` in a dataflow design.

    Raises:
        QuantizationError: none does.
    """
    for kind in kinds():
        if kind.header is not None and kind.accepts(weights):
            return kind
    raise QuantizationError(f"layer {name!r}: no PE computes with weights of format {weights.format}")
