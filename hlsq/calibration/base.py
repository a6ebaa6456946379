"""What every method of choosing a range can do, and how it is found by name."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from hlsq.discovery import import_all
from hlsq.errors import OptionError
from hlsq.formats import Format

if TYPE_CHECKING:
    from hlsq.calibration.stats import TensorStats

Range = tuple[float, float]
Target = Callable[[float, float], Format]
"""Makes the format that covers the real range (lo, hi)."""

SHRINK = tuple(float(f) for f in np.exp2(-np.arange(0, 97) / 16))
"""Fractions of the full range that a search tries: 1 down to 1/64, each 4 % below the last."""


@dataclass(frozen=True)
class RangeMethod(ABC):
    """A way to choose the range that a format should cover; its fields are its options."""

    name: ClassVar[str]
    _methods: ClassVar[dict[str, type[RangeMethod]]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        RangeMethod._methods[cls.name] = cls

    @abstractmethod
    def range(self, stats: TensorStats, target: Target) -> Range:
        """The real range (lo, hi) to cover, within the tensor's extremes."""


def get_method(name: str, options: Mapping[str, Any] | None = None) -> RangeMethod:
    """The calibration method ``name`` with its ``options``.

    Raises:
        OptionError: unknown method or option (lists the valid ones), or a value that is not allowed.
    """
    import_all("hlsq.calibration")
    cls = RangeMethod._methods.get(name)
    if cls is None:
        raise OptionError.unknown("calibration method", name, RangeMethod._methods)
    valid = [field.name for field in fields(cls)]
    for option in options or {}:
        if option not in valid:
            raise OptionError.unknown(f"calibration method {name!r}, option", option, valid or ["none"])
    return cls(**(options or {}))


def candidates(stats: TensorStats, target: Target) -> list[tuple[Range, Format]]:
    """Ranges from the full one downwards, each with its format; ranges that give the same format are listed once."""
    found: dict[Format, Range] = {}
    for fraction in SHRINK:
        span = (stats.minimum * fraction, stats.maximum * fraction)
        found.setdefault(target(*span), span)
    return [(span, fmt) for fmt, span in found.items()]
