"""C++ names for Keras names: the one place that makes identifiers, and with them the names of files.

Headers of C++ libraries and compilers define thousands of names, many as macros, so no list of names to avoid is ever
complete. Instead every identifier ends in a mark that their names do not have, and everything that templates derive
from it has the mark inside: ``conv1_q``, ``conv1_q_weights``, ``conv1_q_to_add_q``. The mark occurs nowhere else, so
two derived names are the same only if they are derived from the same identifier in the same way.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

MARK = "q"
"""The last word of the identifier of every tensor: these are quantised."""
TOP_MARK = "net"
"""The last word of the top function's name."""
MOST_LETTERS = 64
"""Of a name before its number and mark. Files' names end at 255 bytes, and one may hold two identifiers."""
_HEAD = 40
"""Letters that are kept of the beginning of a longer name; the others are its end, where names tend to differ."""


def identifiers(names: Iterable[str]) -> dict[str, str]:
    """A distinct C++ identifier for every name, as close to the name as possible.

    All of them, and everything that templates derive from them, stay distinct where letters' cases are not told apart:
    weights and vectors are files with these names.

    Args:
        names: of Keras layers; any text of any length.

    Returns:
        Name to identifier of ASCII letters, digits and single underscores, in the order of ``names``.
    """
    used: set[str] = set()
    numbers: dict[str, int] = {}
    result: dict[str, str] = {}
    for name in names:
        base = _base(name)
        found, key = base, base.lower()
        number = numbers.get(key, 1)
        while found.lower() in used:
            number += 1
            found = f"{base}_{number}"
        numbers[key] = number
        used.add(found.lower())
        result[name] = f"{found}_{MARK}"
    return result


def top_name(project_name: str) -> str:
    """Name of the top function, and beginning of the names of its files: ``project_name`` with the mark at its end."""
    return project_name if project_name.endswith(f"_{TOP_MARK}") else f"{project_name}_{TOP_MARK}"


def _base(name: str) -> str:
    """``name`` without what C++ has not, and without the mark, which is a word of its own in no other place."""
    base = "_".join(_words(name)) or "tensor"
    if not base[0].isalpha():
        base = f"layer_{base}"
    if len(base) > MOST_LETTERS:
        base = f"{base[:_HEAD]}_{base[_HEAD + 1 - MOST_LETTERS :]}"
    first, *words = _words(base)
    while words and words[-1].lower() == MARK:
        words.pop()
    return first + "".join(word if word.lower() == MARK else f"_{word}" for word in words)


def _words(text: str) -> list[str]:
    return re.findall("[A-Za-z0-9]+", text)
