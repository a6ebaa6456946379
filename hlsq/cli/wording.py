"""Messages of hlsq name its arguments as Python does; on a command line they are named as they are written there."""

from __future__ import annotations

import ast
import json
import re
import shlex
from collections.abc import Collection
from typing import Any

import click

ALSO = {"output": ("output_dir",)}
"""Other names in Python of what an option of that name gives."""
_QUOTED = r"(?<!\w)(?:'[^'\n]*'|\"[^\"\n]*\")"
_BRACKETS = r"\((?:[^()]|\([^()]*\))*\)|\[[^\]]*\]|\{[^}]*\}"
_WORDS = re.compile(
    r"(?<!\S)--[a-z-]+ \S+|"  # already as on a command line
    rf"(?<![\w.'\"-])(?P<name>[a-z]\w*)=(?P<value>(?:{_QUOTED}|{_BRACKETS}|[\w+-]|\.(?=\w))*)"
    rf"|\w[\w.]*{_BRACKETS}"  # a call, whose own arguments are no options
    rf"|{_QUOTED}"
    rf"|(?<![\w.-])(?P<word>[a-z]+(?:_[a-z]+)+)(?![\w(=])"
)


def as_written(message: str, command: click.Command, scheme_options: Collection[str] = ()) -> str:
    """``message`` with the arguments that ``command`` has options for named as these options.

    ``reuse_factor=4`` and ``reuse_factor`` become ``--reuse-factor 4`` and ``--reuse-factor``; of a value that is no
    literal, ``calibration=x_train[:500]``, remains what the option's help calls it, ``--calibration SAMPLES``. A
    scheme's option becomes ``--option NAME=VALUE``. Whatever stands in quotes or inside a call is left alone.

    Args:
        message: of an error of hlsq.
        command: the one that was called.
        scheme_options: names of the scheme's options.
    """
    options = {name: option for option in command.params if isinstance(option, click.Option) for name in _names(option)}
    passed_on = set(scheme_options) if "option" in options else set()

    def written(found: re.Match[str]) -> str:
        name, value = found["name"] or found["word"], found["value"]
        if name in options:
            return _option(options[name], value)
        if value is not None and name in passed_on:
            return "--option " + shlex.quote(f"{name}={_as_option_value(value)}")
        return found[0]

    return _WORDS.sub(written, message)


def _names(option: click.Option) -> list[str]:
    """What Python calls the option."""
    name = _long(option)[2:].replace("-", "_")
    return [name, *ALSO.get(name, ())]


def _long(option: click.Option) -> str:
    return next((text for text in option.opts if text.startswith("--")), "--")


def _option(option: click.Option, value: str | None) -> str:
    """The option and its value; a mapping is one option for each entry."""
    text = _long(option)
    if value is None:
        return text
    given = _literal(value)
    if option.secondary_opts and isinstance(given, bool):
        return text if given else option.secondary_opts[0]
    if isinstance(given, dict) and option.multiple:
        return " ".join(f"{text} {shlex.quote(f'{key}={entry}')}" for key, entry in given.items())
    if isinstance(given, str | int | float):
        return f"{text} {shlex.quote(str(given))}"
    return f"{text} {option.metavar or option.type.name.upper()}"


def _as_option_value(value: str) -> str:
    """``value`` as ``--option`` takes it: JSON, or text without quotes; a word for it where it is no literal."""
    given = _literal(value)
    return given if isinstance(given, str) else "VALUE" if given is None else json.dumps(given)


def _literal(value: str) -> Any:
    """What ``value`` says in Python; None if that is no literal."""
    try:
        return ast.literal_eval(value)
    except (SyntaxError, ValueError):
        return None
