"""What every method of choosing a range can do, and how it is found by name."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar

from hlsq.calibration.stats import TensorStats
from hlsq.calibration.targets import Target, affine_target
from hlsq.discovery import import_all
from hlsq.elementary import sixteenth_power
from hlsq.errors import OptionError
from hlsq.formats import Format

Range = tuple[float, float]

SHRINK = tuple(sixteenth_power(-k) for k in range(97))
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
    cls = RangeMethod._methods.get(name) if isinstance(name, str) else None
    if cls is None:
        raise OptionError.unknown("calibration method", name, RangeMethod._methods)
    valid = [field.name for field in fields(cls)]
    for option in options or {}:
        if option not in valid:
            raise OptionError.unknown(f"calibration method {name!r}, option", option, valid or ["none"])
    return cls(**(options or {}))


def choose_range(
    stats: TensorStats, method: str = "minmax", target: Target | None = None, options: Mapping[str, Any] | None = None
) -> Range:
    """The range of a tensor that a format should cover.

    Args:
        stats: of the tensor.
        method: ``"minmax"``, ``"percentile"``, ``"mse"`` or ``"entropy"``.
        target: makes the format for a range, by which ``"mse"`` and ``"entropy"`` judge it. None: affine, 8 bits.
        options: of the method, e.g. ``{"p": 99.9}`` for ``"percentile"``.

    Raises:
        OptionError: unknown method or option, or a value that is not allowed.
    """
    return get_method(method, options).range(stats, target or affine_target(8))


def candidates(stats: TensorStats, target: Target) -> list[tuple[Range, Format]]:
    """Ranges from the full one downwards, each with its format; ranges that give the same format are listed once."""
    found: dict[Format, Range] = {}
    for fraction in SHRINK:
        span = (stats.minimum * fraction, stats.maximum * fraction)
        found.setdefault(target(*span), span)
    return [(span, fmt) for fmt, span in found.items()]
