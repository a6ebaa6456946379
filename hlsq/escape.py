"""Any text, as a name of a model or layer may be, made safe for where it is written: one function for each target.

Identifiers and file names are no escaped text but names of their own; the backend makes them.
"""

from __future__ import annotations

import json
from typing import Any

SHOWN = 60
"""Most letters of a value in a message."""


def visible(text: str) -> str:
    r"""``text`` on one line; what does not print, or turns around what follows, is shown escaped.

    A newline becomes ``\n``, an escape character ``\x1b``, a right-to-left override ``\u202e``. What is visible already
    stays as it is, so doing it twice changes nothing.
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def shown(value: Any) -> str:
    """``value``, whatever it is, for a message: on one line, cut short."""
    try:
        text = visible(repr(value))
    except (ValueError, RecursionError):  # a whole number of thousands of digits, lists in lists
        return f"a {type(value).__name__} that is too long to show"
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def terminal(text: str) -> str:
    """``text`` of several lines for a terminal, which acts on control characters."""
    return "\n".join(visible(line) for line in text.split("\n"))


def line_comment(text: str) -> str:
    """``text`` behind ``//`` in C++ or Verilog: nothing in it ends the comment, or makes it go on in the next line."""
    line = visible(text)
    # A backslash continues a line, as does ??/, another way to write it; compilers look past spaces behind it.
    return f"{line}." if line.rstrip().endswith(("\\", "??/")) else line


def tcl_word(text: str) -> str:
    """``text`` as one quoted word of Tcl."""
    return '"' + "".join(f"\\{c}" if c in '\\"$[]{}' else visible(c) for c in text) + '"'


def json_text(text: str) -> str:
    """``text`` as a JSON string, quotes included."""
    return json.dumps(text)
