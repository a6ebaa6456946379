"""What every quantisation scheme can do, and how it is found by name."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, ClassVar

import numpy as np

from hlsq.calibration import calibrate, get_method
from hlsq.calibration.run import Calibration, CalibrationData
from hlsq.discovery import import_all
from hlsq.errors import OptionError
from hlsq.graph import Graph
from hlsq.plan import BatchNorm, Plan


@dataclass(frozen=True, kw_only=True)
class Scheme(ABC):
    """A way to choose the formats of a network; its fields are its options.

    Args:
        calibration_method: of choosing activation ranges: ``"minmax"``, ``"percentile"``, ``"mse"`` or ``"entropy"``.
        calibration_options: options of that method, e.g. ``{"p": 99.9}`` for ``"percentile"``.
        batch_norm: ``"fold"`` batch norms into weights and biases, or ``"refine"`` them to an integer multiplication
            and addition per channel after the accumulator (FxP-QNet eq. 3-5).
        batch_size: calibration samples per forward pass; changes speed and memory only.
    """

    name: ClassVar[str]
    _schemes: ClassVar[dict[str, type[Scheme]]] = {}

    calibration_method: str = "minmax"
    calibration_options: Mapping[str, Any] = field(default_factory=dict)
    batch_norm: BatchNorm = "fold"
    batch_size: int = 64

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "name" in cls.__dict__:
            Scheme._schemes[cls.name] = cls

    def __post_init__(self) -> None:
        self._choice("batch_norm", ("fold", "refine"))
        self._whole("batch_size", 1)
        if not isinstance(self.calibration_options, Mapping):
            raise self._wrong("calibration_options", "a dict")
        get_method(self.calibration_method, self.calibration_options)

    def run(self, graph: Graph, data: CalibrationData, progress: bool | None = None) -> Plan:
        """Calibrate ``graph`` on ``data`` and choose the formats.

        Raises:
            CalibrationError: ``data`` does not fit the network.
            OptionError: an option that does not fit the network.
        """
        self.check(graph)
        return self.plan(graph, calibrate(graph, data, self.batch_size, progress))

    def check(self, graph: Graph) -> None:  # noqa: B027 - most schemes have nothing to check
        """Refuse options that do not fit ``graph``, before the long calibration.

        Raises:
            OptionError: naming the option, its value and what is allowed.
        """

    @abstractmethod
    def plan(self, graph: Graph, calibration: Calibration) -> Plan:
        """The formats of ``graph`` (batch norms refined, as converters leave them)."""

    @classmethod
    def option_names(cls) -> list[str]:
        """Names of all options."""
        return [option.name for option in fields(cls)]

    def options(self) -> dict[str, Any]:
        """All options and their values, as they stand in the plan."""
        return asdict(self)

    def info(self, calibration: Calibration) -> dict[str, Any]:
        """What the plan records for its reader."""
        method = {"method": self.calibration_method, **self.calibration_options}
        return {"calibration": {"samples": calibration.samples, **method}}

    def _wrong(self, option: str, allowed: str) -> OptionError:
        return OptionError(f"scheme {self.name!r}: {option} is {getattr(self, option)!r}; allowed: {allowed}")

    def _choice(self, option: str, allowed: tuple[str, ...]) -> None:
        if getattr(self, option) not in allowed:
            raise self._wrong(option, ", ".join(map(repr, allowed)))

    def _flag(self, option: str) -> None:
        if not isinstance(getattr(self, option), bool):
            raise self._wrong(option, "True, False")

    def _from_zero(self, option: str, example: float) -> None:
        value = getattr(self, option)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < math.inf:
            raise self._wrong(option, f"a number from 0, such as {example}")

    def _whole(self, option: str, low: int, high: int | None = None, optional: bool = False) -> None:
        value = getattr(self, option)
        if not (value is None and optional) and not is_whole(value, low, high):
            span = f"from {low}" if high is None else f"from {low} to {high}"
            raise self._wrong(option, f"a whole number {span}{', or None' if optional else ''}")


LARGEST = 2**63 - 1
"""Of whole numbers without another limit: a plan, which records them, holds 64 bits."""


def is_whole(value: Any, low: int, high: int | None = None) -> bool:
    """Whether ``value`` is a whole number from ``low`` to ``high``."""
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    return whole and low <= value <= (LARGEST if high is None else high)


def scheme_names() -> list[str]:
    """Names of all schemes, sorted."""
    import_all("hlsq.schemes")
    return sorted(Scheme._schemes)


def get_scheme(name: str) -> type[Scheme]:
    """The class of scheme ``name``; its constructor takes the options.

    Raises:
        OptionError: unknown; lists the valid ones.
    """
    if name not in scheme_names():
        raise OptionError.unknown("scheme", name, scheme_names())
    return Scheme._schemes[name]


def run_scheme(
    name: str, graph: Graph, calibration_data: CalibrationData, progress: bool | None = None, **options: Any
) -> Plan:
    """Choose the formats of ``graph`` by scheme ``name``.

    Args:
        name: of the scheme (``scheme_names()``).
        graph: float network, batch norms refined.
        calibration_data: samples [samples, ...]; for several inputs a dict by name, or a list in the network's order.
        progress: as in ``hlsq.calibration.calibrate``.
        options: of the scheme.

    Raises:
        OptionError: unknown scheme or option (lists the valid ones), or a value that is not allowed.
        CalibrationError: the samples do not fit the network.
    """
    cls = get_scheme(name)
    for option in options:
        if option not in cls.option_names():
            raise OptionError.unknown(f"scheme {name!r}, option", option, cls.option_names())
    return cls(**options).run(graph, calibration_data, progress)
