"""Taking values out of what was read from a file; each knows where it stands, so that an error can name the place."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from hlsq.errors import HlsqError
from hlsq.escape import SHOWN, shown


@dataclass(frozen=True)
class Field:
    """One value of a file and its place there.

    Each method states what the value has to be and returns it, or raises ``error`` with file, place, value and what is
    allowed.

    Args:
        value: as the file has it.
        error: class of the exception.
        file: path of the file, or what the value belongs to.
        place: keys and numbers on the way to it, such as ``blocks[3].requant.shift``; empty for the whole.
    """

    value: Any
    error: type[HlsqError]
    file: str
    place: str = ""

    def fail(self, problem: object) -> HlsqError:
        """The exception that tells ``problem``; for the caller to raise."""
        return self.error(": ".join(part for part in (self.file, self.place, str(problem)) if part))

    def expected(self, what: str) -> HlsqError:
        """The exception for a value that is something else than ``what``."""
        return self.fail(f"expected {what}, found {shown(self.value)}")

    def at(self, key: str, value: Any) -> Field:
        """The part ``value`` of this value."""
        name = key if key.isprintable() and len(key) <= SHOWN else shown(key)
        return Field(value, self.error, self.file, f"{self.place}.{name}" if self.place else name)

    def mapping(self) -> dict[str, Field]:
        """An object with any keys."""
        if not isinstance(self.value, Mapping):
            raise self.expected("an object")
        for key in self.value:
            if not isinstance(key, str):
                raise self.fail(f"expected text as keys, found {shown(key)}")
        return {key: self.at(key, value) for key, value in self.value.items()}

    def record(self, required: Iterable[str], optional: Iterable[str] = ()) -> dict[str, Field]:
        """An object with these keys and no others; of the optional ones those that are there."""
        required, optional = tuple(required), tuple(optional)
        found = self.mapping()
        for key in required:
            if key not in found:
                raise self.fail(f"{key!r} is missing")
        if unknown := [key for key in found if key not in required and key not in optional]:
            raise self.fail(f"{shown(unknown[0])} is unknown; valid: {', '.join((*required, *optional))}")
        return found

    def sequence(self, low: int = 0, high: int | None = None) -> list[Field]:
        """A list of ``low`` to ``high`` values."""
        if not isinstance(self.value, (list, tuple)):
            raise self.expected("a list")
        if len(self.value) < low or (high is not None and len(self.value) > high):
            wanted = f"{low}" if low == high else f"at least {low}" if high is None else f"{low} to {high}"
            raise self.fail(f"expected a list of {wanted} values, found {len(self.value)}")
        return [Field(v, self.error, self.file, f"{self.place}[{i}]") for i, v in enumerate(self.value)]

    def integer(self, low: int, high: int) -> int:
        """A whole number from ``low`` to ``high``."""
        value = self.value
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or not low <= value <= high:
            raise self.expected(f"a whole number from {low} to {high}")
        return int(value)

    def integers(self, low: int, high: int, least: int = 0, most: int | None = None) -> tuple[int, ...]:
        """A list of whole numbers from ``low`` to ``high``, ``least`` to ``most`` of them."""
        return tuple(item.integer(low, high) for item in self.sequence(least, most))

    def number(self) -> float:
        """A finite number."""
        value = self.value
        if isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool):
            try:
                if math.isfinite(value):
                    return float(value)
            except OverflowError:  # a whole number beyond float64
                pass
        raise self.expected("a finite number")

    def flag(self) -> bool:
        """True or false."""
        if not isinstance(self.value, (bool, np.bool_)):
            raise self.expected("true or false")
        return bool(self.value)

    def text(self) -> str:
        """Text that is not empty."""
        if not isinstance(self.value, str) or not self.value:
            raise self.expected("text")
        return self.value

    def texts(self) -> tuple[str, ...]:
        """A list of texts."""
        return tuple(item.text() for item in self.sequence())

    def choice(self, *valid: str) -> str:
        """One of ``valid``."""
        if not isinstance(self.value, str) or self.value not in valid:
            raise self.expected(f"one of {', '.join(repr(str(v)) for v in valid)}")
        return self.value

    def optional(self) -> Field | None:
        """This field, or None where the file has null."""
        return None if self.value is None else self

    def version(self, key: str, wanted: int, what: str) -> None:
        """Refuse an object that is no ``what``, or of another version."""
        found = self.value.get(key) if isinstance(self.value, Mapping) else None
        if type(found) is not int or found != wanted:
            told = f"no {key!r}" if found is None else f"{key} {shown(found)}"
            raise self.fail(f"not {what} of version {wanted} ({told})")


def one_line(text: str) -> str:
    """``text`` of others for a message: one line, cut short."""
    line = " ".join(text.split())
    return line if len(line) <= 3 * SHOWN else f"{line[: 3 * SHOWN]}..."
