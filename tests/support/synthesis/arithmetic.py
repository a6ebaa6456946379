"""Operators on what is known, constant or unknown, and which of them are hardware."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from synthesis.objects import CONSTANT, UNKNOWN, Record, Value
from synthesis.operations import ADDRESS, CONSTANT_MULTIPLY, DIVIDE, MULTIPLY, SHIFT
from synthesis.types import Integer


def _quotient(a: int, b: int) -> int:
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


OPERATORS: dict[str, Callable[[int, int], int]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": _quotient,
    "%": lambda a, b: a - b * _quotient(a, b),
    "<<": lambda a, b: a << b,
    ">>": lambda a, b: a >> b,
    "<": lambda a, b: int(a < b),
    ">": lambda a, b: int(a > b),
    "<=": lambda a, b: int(a <= b),
    ">=": lambda a, b: int(a >= b),
    "==": lambda a, b: int(a == b),
    "!=": lambda a, b: int(a != b),
    "&": lambda a, b: a & b,
    "|": lambda a, b: a | b,
    "^": lambda a, b: a ^ b,
    ",": lambda a, b: b,
}


def computed(sign: str, first: Value, second: Value) -> Value:
    """The result of an operator."""
    if isinstance(first, int) and isinstance(second, int):
        return OPERATORS[sign](first, second)
    if 0 in (first, second) and sign in ("*", "&"):
        return 0
    return UNKNOWN if UNKNOWN in (first, second) else CONSTANT


def converted(value: Value, kind: Any) -> Value:
    """``value`` as an integer type holds it; anything else as it is."""
    return kind.wrap(value) if isinstance(value, int) and isinstance(kind, Integer) else value


def merged(first: Value, second: Value, chosen_by: Value = UNKNOWN) -> Value:
    """One or the other."""
    if first is second or isinstance(first, Record):
        return first
    if isinstance(first, int) and isinstance(second, int) and first == second:
        return first
    return CONSTANT if UNKNOWN not in (first, second) and chosen_by is CONSTANT else UNKNOWN


def is_operation(sign: str, first: Value, second: Value, kinds: tuple[Any, Any]) -> str | None:
    """The hardware that an operator asks for, of the kinds that are counted; None for wires and other kinds."""
    if sign not in ("*", "/", "%", "<<", ">>") or UNKNOWN not in (first, second):
        return None
    if not all(isinstance(kind, Integer) for kind in kinds):
        return None
    data = "" if any(kind.exact for kind in kinds) else ADDRESS
    known = first if second is UNKNOWN else second
    is_power = isinstance(known, int) and (known == 0 or abs(known) & (abs(known) - 1) == 0)
    if sign == "*":
        if is_power:
            return None
        return data + (MULTIPLY if first is UNKNOWN and second is UNKNOWN else CONSTANT_MULTIPLY)
    if sign in ("<<", ">>"):
        return data + SHIFT if second is UNKNOWN else None
    return None if second is not UNKNOWN and is_power and sign == "%" else data + DIVIDE
