"""The lines of C++ that are directives, and the same C++ with each as a statement that the compiler's tree shows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

LINE = re.compile(r"^[ \t]*#[ \t]*pragma[ \t]+HLS\b[ \t]*(?P<text>(?:[^\n]*\\\n)*[^\n]*)", re.MULTILINE | re.IGNORECASE)
STATEMENT = "hls_directive"
DECLARATION = f"constexpr void {STATEMENT}(int) {{}}\n"


@dataclass(frozen=True)
class Pragma:
    """One directive.

    Attributes:
        file: it is in.
        line: of its first word.
        name: in capitals.
        values: options with a value.
        words: what has none.
    """

    file: str
    line: int
    name: str
    values: tuple[tuple[str, str], ...]
    words: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.name}"

    def get(self, option: str) -> str | None:
        """The value of ``option``, the last where it stands twice."""
        return dict(self.values).get(option)

    @property
    def variables(self) -> tuple[str, ...]:
        """What it is about: variables or ports."""
        found = self.get("variable") or self.get("port")
        return tuple(found.split(",")) if found else ()


def read_pragma(file: str, line: int, text: str) -> Pragma:
    """The directive of a line, without ``#pragma HLS``."""
    text = re.sub(r"//.*|/\*.*?\*/", "", text.replace("\\\n", " "))
    text = re.sub(r"\s*([=,])\s*", r"\1", text.strip())
    name, *rest = text.split() or [""]
    values = tuple((k, v) for k, _, v in (word.partition("=") for word in rest if "=" in word))
    return Pragma(file, line, name.upper(), values, tuple(word for word in rest if "=" not in word))


def pragmas_of(file: str, text: str) -> Iterator[Pragma]:
    """All directives of a file, those that the preprocessor leaves out included."""
    for found in LINE.finditer(text):
        yield read_pragma(file, text.count("\n", 0, found.start()) + 1, found["text"])


def as_statements(text: str, first: int) -> str:
    """``text`` with the n-th directive as the statement ``hls_directive(first + n)``; lines keep their numbers."""
    number = first - 1

    def statement(found: re.Match[str]) -> str:
        nonlocal number
        number += 1
        return f"{STATEMENT}({number});" + "\n" * found[0].count("\n")

    return LINE.sub(statement, text)
