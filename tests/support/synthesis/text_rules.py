"""What can be said of a directive by its line alone: it exists, and so do its options and their values."""

from __future__ import annotations

import re
from collections.abc import Iterator

from synthesis.directives import DIRECTIVES, Directive, Kind
from synthesis.pragmas import Pragma

CONSTANT = re.compile(r"-?\d+|[A-Za-z_]\w*(::[A-Za-z_]\w*)*")
VARIABLE = re.compile(r"[A-Za-z_]\w*([.][A-Za-z_]\w*)*(,[A-Za-z_]\w*([.][A-Za-z_]\w*)*)*")


def text_findings(pragma: Pragma) -> Iterator[str]:
    """What is wrong with the words of one directive."""
    directive = DIRECTIVES.get(pragma.name)
    if directive is None:
        yield f"{pragma}: there is no such directive"
        return
    given: list[str] = []
    for option, value in pragma.values:
        given.append(option)
        if option not in directive.options:
            yield f"{pragma}: it has no option {option!r}"
        elif not _fits(directive.options[option], value):
            yield f"{pragma}: option {option!r} cannot be {value!r}"
    for word in pragma.words:
        option = _option_of(directive, word)
        given.append(option or word)
        if option is None:
            yield f"{pragma}: it has no option {word!r}"
    for option in sorted({o for o in given if given.count(o) > 1}):
        yield f"{pragma}: option {option!r} stands twice"
    for option in directive.required:
        if option not in given and not (pragma.name == "INTERFACE" and "s_axilite" in pragma.words):
            yield f"{pragma}: option {option!r} is missing"
    if pragma.name.startswith("ARRAY_") and "complete" in (*pragma.words, pragma.get("type")) and "factor" in given:
        yield f"{pragma}: a complete partition has no factor"


def _option_of(directive: Directive, word: str) -> str | None:
    """The option that a word without ``=`` stands for."""
    if directive.options.get(word) in (Kind.FLAG, Kind.BOOLEAN):
        return word
    for option in directive.words:
        values = directive.options[option]
        if isinstance(values, tuple) and word in values:
            return option
        if values is Kind.BOOLEAN and word in ("true", "false"):
            return option
    return None


def _fits(values: Kind | tuple[str, ...], value: str) -> bool:
    if isinstance(values, tuple):
        return value in values
    if values is Kind.INTEGER:
        return CONSTANT.fullmatch(value) is not None
    if values is Kind.BOOLEAN:
        return value in ("true", "false")
    if values is Kind.VARIABLE:
        return VARIABLE.fullmatch(value) is not None
    return values is Kind.NAME and bool(value)
