"""What the hardware shall do: a target in words, and the hardware options that it stands for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from hlsq.errors import OptionError
from hlsq.escape import shown

FIT = "fit"
FORMS = {
    "interval": ("target_interval", int),
    "fps": ("target_fps", float),
    "reuse": ("reuse_factor", int),
    "pes": ("pes", int),
}
HELP = "'fit', or interval=CYCLES, fps=NUMBER, reuse=FACTOR or, of a folded accelerator, pes=NUMBER"
_NUMBER = re.compile(r"\d{1,18}(\.\d{1,18})?(e\d{1,2})?")


@dataclass(frozen=True)
class Target:
    """One target.

    Attributes:
        name: as it was asked for.
        options: of the hardware.
    """

    name: str
    options: dict[str, Any]


def read_targets(given: Any) -> list[Target]:
    """Targets from their names: ``"fit"``, ``"interval=4096"``, ``"fps=1000"``, ``"reuse=64"``, ``"pes=512"``.

    Raises:
        OptionError: none, one that is none of these, or one twice.
    """
    names = distinct(given, "targets", f"expected a list of {HELP}")
    return [Target(name, _options(name)) for name in names]


def distinct(given: Any, what: str, expected: str) -> list[Any]:
    """The items of a list that is neither empty nor has one of them twice.

    Raises:
        OptionError: naming ``what``.
    """
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise OptionError(f"{what} is {shown(given)}; {expected}")
    items: Sequence[Any] = list(given)
    if not items:
        raise OptionError(f"{what}: there are none; {expected}")
    for number, item in enumerate(items):
        if any(_same(item, other) for other in items[:number]):
            raise OptionError(f"{what}: {shown(item)} is given twice; {expected}, each once")
    return list(items)


def _same(one: Any, other: Any) -> bool:
    """Whether both are equal; those are not that cannot tell, as arrays, or what holds some."""
    try:
        return bool(one == other)
    except ValueError:
        return False


def _options(name: Any) -> dict[str, Any]:
    text = name if isinstance(name, str) else ""
    if text == FIT:
        return {"target": FIT}
    kind, equals, number = text.partition("=")
    if kind in FORMS and equals and _NUMBER.fullmatch(number):
        option, read = FORMS[kind]
        if read is float or number.isdecimal():
            return {option: read(number)}
    raise OptionError(f"targets: {shown(name)} is no target; expected {HELP}")
