"""What a kind of processing element can tell."""

from __future__ import annotations

import importlib
import pkgutil
from abc import ABC, abstractmethod
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from hlsq.cost.estimate.choices import PEKind
from hlsq.errors import QuantizationError
from hlsq.graph import QWeights

PACKAGE = "hlsq.backends.vitis.pes"


class PE(ABC):
    """A kind of processing element: multiplies one tap by one stored weight code.

    Attributes:
        kind: its name in reports.
        header: file in the ``templates`` folder beside the specification.
        multiplies: whether it holds a multiplier (which synthesis may map to a DSP block).
        shifts: whether it shifts by its weight.
    """

    kind: ClassVar[PEKind]
    header: ClassVar[str]
    multiplies: ClassVar[bool]
    shifts: ClassVar[bool] = False
    folder: ClassVar[Path]
    _registered: ClassVar[list[type[PE]]] = []

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        module = importlib.import_module(cls.__module__)
        cls.folder = Path(str(module.__file__)).parent
        if not (cls.folder / "templates" / cls.header).is_file():
            raise FileNotFoundError(f"PE {cls.kind!r} has no template {cls.folder / 'templates' / cls.header}")
        PE._registered.append(cls)

    @classmethod
    def source(cls) -> Path:
        """The C++ header."""
        return cls.folder / "templates" / cls.header

    @classmethod
    @abstractmethod
    def accepts(cls, weights: QWeights) -> bool:
        """Whether this PE computes with ``weights``."""

    @classmethod
    @abstractmethod
    def cpp_type(cls, weights: QWeights, tap: str, code: str, product: str, where: str | None) -> str:
        """The C++ type, given the types of tap, code and product, and the place of multiplications if that is fixed."""


@cache
def _kinds() -> tuple[type[PE], ...]:
    for found in pkgutil.iter_modules(importlib.import_module(PACKAGE).__path__):
        if found.ispkg:
            importlib.import_module(f"{PACKAGE}.{found.name}.spec")
    return tuple(PE._registered)


def pe_for(name: str, weights: QWeights) -> type[PE]:
    """The kind of PE that computes with the weights of block ``name``.

    Raises:
        QuantizationError: none does.
    """
    for kind in _kinds():
        if kind.accepts(weights):
            return kind
    raise QuantizationError(f"layer {name!r}: no PE computes with weights of format {weights.format}")
