"""Values as they are written on the command line."""

from __future__ import annotations

import json
from typing import Any

from hlsq.errors import FormatError, OptionError
from hlsq.escape import shown
from hlsq.formats import FixedPoint

MOST_DIGITS = 18
"""Of a whole number: what fits 64 bits; Python reads a few thousand and then no more."""
_PYTHON_WORDS = {"True": True, "False": False, "None": None}


def parse_options(options: tuple[str, ...], given: str = "--option") -> dict[str, Any]:
    """``("bits=8", "last_layer=keep")`` as ``{"bits": 8, "last_layer": "keep"}``; values are JSON, else text.

    Raises:
        OptionError: not of the form ``name=value``, or a name twice; ``given`` is where they stand.
    """
    parsed: dict[str, Any] = {}
    for option in options:
        name, equals, value = option.partition("=")
        if not equals or not name.isidentifier():
            raise OptionError(f"{given} {option!r}: expected NAME=VALUE, e.g. bits=8")
        if name in parsed:
            raise OptionError(f"{given} {name!r} is given twice")
        try:
            parsed[name] = _value(value)
        except RecursionError:
            raise OptionError(f"{given} {name}=...: lists or objects are nested too deep") from None
    return parsed


def parse_formats(given: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """``("conv1.weight.width=4",)`` as ``{"conv1.weight": {"width": 4}}``; names of layers may hold dots.

    Raises:
        OptionError: written otherwise, or the same field twice.
    """
    found: dict[str, dict[str, Any]] = {}
    for text in given:
        place, equals, value = text.rpartition("=")
        tensor, dot, field = place.rpartition(".")
        if not equals or not dot or "." not in tensor or field in found.get(tensor, {}):
            raise OptionError(
                f"--set {shown(text)}: expected LAYER.TENSOR.FIELD=VALUE, each once, such as conv1.weight.width=4"
            )
        try:
            found.setdefault(tensor, {})[field] = _value(value)
        except RecursionError:
            raise OptionError(f"--set {place}=...: lists or objects are nested too deep") from None
    return found


def _value(text: str) -> Any:
    """JSON, a word of Python, or else text.

    Raises:
        RecursionError: lists or objects are nested too deep.
    """
    try:
        return _PYTHON_WORDS[text] if text in _PYTHON_WORDS else json.loads(text)
    except ValueError:
        return text


def parse_input_format(given: str | None) -> dict[str, Any]:
    """``"8,7"`` as the option ``input_format`` with 8 bits, 7 of them fractional; ``"8,8,unsigned"`` without a sign.

    Raises:
        OptionError: written otherwise, or no such fixed-point format.
    """
    if given is None:
        return {}
    width, _, rest = given.partition(",")
    frac, comma, sign = rest.partition(",")
    try:
        numbers = int(width), int(frac)
    except ValueError:
        numbers = None
    if numbers is None or (comma and sign not in ("signed", "unsigned")):
        raise OptionError(f"--input-format {given!r}: expected WIDTH,FRAC or WIDTH,FRAC,unsigned, e.g. 8,7")
    try:
        return {"input_format": FixedPoint(*numbers, signed=sign != "unsigned")}
    except FormatError as error:
        raise OptionError(f"--input-format {given!r}: {error}") from error


def parse_reuse_factors(given: tuple[str, ...]) -> int | dict[str, int]:
    """``("64",)`` as ``64``, and ``("64", "conv1=16")`` as ``{"default": 64, "conv1": 16}``.

    Raises:
        OptionError: no whole number of at least 1, or a block twice.
    """
    factors: dict[str, int] = {}
    for text in given:
        block, equals, number = text.rpartition("=")
        name = block if equals else "default"
        if not number.isdecimal() or len(number) > MOST_DIGITS or int(number) < 1 or name in factors:
            raise OptionError(
                f"--reuse-factor {shown(text)}: expected N or BLOCK=N with N a whole number from 1, each block once"
            )
        factors[name] = int(number)
    return factors["default"] if set(factors) == {"default"} else factors


def parse_accumulators(given: tuple[str, ...]) -> Any:
    """``("fxpqnet", "conv1=20")`` as ``{"default": "fxpqnet", "conv1": 20}``; whether they are valid is seen later.

    Raises:
        OptionError: a block twice.
    """
    found: dict[str, Any] = {}
    for text in given:
        block, equals, value = text.rpartition("=")
        name = block if equals else "default"
        if name in found:
            raise OptionError(f"--accumulator {text!r}: expected WIDTH or BLOCK=WIDTH, each block once")
        found[name] = int(value) if value.isdecimal() else value
    return found["default"] if set(found) == {"default"} else found


def parse_names(given: str) -> str | list[str]:
    """``"conv1,conv2"`` as a list, ``"none"`` as an empty one; ``"auto"`` as it is."""
    if given in ("auto", "none"):
        return given if given == "auto" else []
    return [name.strip() for name in given.split(",")]


def parse_resources(given: str) -> dict[str, int]:
    """``"lut=63400,ff=126800"`` as a mapping; whether it has all that it must is seen later.

    Raises:
        OptionError: not of that form, or a name twice.
    """
    found: dict[str, int] = {}
    for text in given.split(","):
        name, _, number = (item.strip() for item in text.partition("="))
        if not name or not number.isdecimal() or len(number) > MOST_DIGITS or name in found:
            raise OptionError(
                f"--resources {shown(given)}: expected NAME=N with commas between, each once, as lut=63400"
            )
        found[name] = int(number)
    return found
