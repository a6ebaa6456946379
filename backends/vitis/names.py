"""C++ names for Keras names: the one place that makes identifiers, and with them the names of files."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import count
from pathlib import Path

MOST_LETTERS = 64
"""Of an identifier before a number makes it unique. Files' names end at 255 bytes, and one may hold two identifiers."""
_HEAD = 40
"""Letters that are kept of the beginning of a longer name; the others are its end, where names tend to differ."""

_RESERVED_WORDS = """
alignas alignof and asm auto bool break case catch char class const constexpr const_cast continue decltype default
delete do double dynamic_cast else enum explicit export extern false float for friend goto if inline int long mutable
namespace new noexcept not nullptr operator or private protected public register reinterpret_cast return short signed
sizeof static static_assert static_cast struct switch template this thread_local throw true try typedef typeid
typename union unsigned using virtual void volatile wchar_t while xor main input output std hls hlsq nnet add abs
exp log sin cos tan pow sqrt floor ceil round read write open close exit time signal index
host defines
"""
# Every tensor has a type named <identifier>_t, so these would redefine types of the C library.
_TYPES = """
blkcnt blksize caddr clock clockid daddr dev div fenv fexcept fpos fsblkcnt fsfilcnt fsid gid id imaxdiv ino int8 int16
int32 int64 intmax intptr key ldiv lldiv locale loff max_align mbstate mode nlink off pid ptrdiff quad sigset size ssize
suseconds timer uid uint8 uint16 uint32 uint64 uintmax uintptr useconds wchar wctrans wctype wint
"""
RESERVED = frozenset((_RESERVED_WORDS + _TYPES).split())

# What templates append to identifiers: `x_t`, `x_out`, `x_to_y`, `x_2_shift`, and so on.
_DERIVED = re.compile(
    r"t|value_t|config|weights|rows|columns|bias|gain|offset|(\d+_)?(left|multiplier|shift|thresholds|values)|block_h"
    r"|out|all|unread|to_\w+|input\d+|integers|float|double|bridge|test|prj|top_h"
)
_PROJECT = Path(__file__).parent / "templates" / "project"


def identifiers(names: Iterable[str], taken: Iterable[str] = ()) -> dict[str, str]:
    """A distinct C++ identifier for every name, as close to the name as possible.

    All of them, and everything that templates derive from them, stay distinct where letters' cases are not told apart:
    weights and vectors are files with these names.

    Args:
        names: of Keras layers; any text of any length.
        taken: identifiers that are in use already.

    Returns:
        Name to identifier of ASCII letters, digits and single underscores, in the order of ``names``.
    """
    used: set[str] = set()
    bases: set[str] = set()
    result: dict[str, str] = {}

    def take(identifier: str) -> None:
        used.add(identifier.lower())
        bases.update(_bases(identifier.lower()))

    for name in taken:
        take(name)
    for name in names:
        for candidates in _candidates(name):
            free = _first_free(candidates, used, bases)
            if free is not None:
                result[name] = free
                take(free)
                break
    return result


def is_reserved(identifier: str) -> bool:
    """Whether ``identifier`` means something else in C++, or in the files that hlsq writes."""
    word = identifier.lower()
    return word in RESERVED or word in _template_words() or keyword.iskeyword(identifier)


def _candidates(name: str) -> Iterator[Iterator[str]]:
    """Identifiers for ``name``, the best first: by prefix, and for each prefix without and with a number."""
    base = re.sub(r"_+", "_", re.sub(r"\W", "_", name, flags=re.ASCII)).strip("_") or "block"
    if len(base) > MOST_LETTERS:
        tail = base[_HEAD + 1 - MOST_LETTERS :]
        base = f"{base[:_HEAD].rstrip('_')}_{tail.lstrip('_')}"
    prefixes = (f"layer{number}_" if number else "layer_" for number in count())
    if not base[0].isdigit() and not is_reserved(base):
        yield (f"{base}_{number}" if number > 1 else base for number in count(1))
    for prefix in prefixes:
        yield (f"{prefix}{base}_{number}" if number > 1 else f"{prefix}{base}" for number in count(1))


def _first_free(candidates: Iterator[str], used: set[str], bases: set[str]) -> str | None:
    """The first that is not in use; None where it could be taken for something derived from another, or the reverse."""
    for candidate in candidates:
        word = candidate.lower()
        if word in bases or not used.isdisjoint(_bases(word)):
            return None
        if word not in used:
            return candidate
    return None


def _bases(identifier: str) -> Iterator[str]:
    """Identifiers from which ``identifier`` could be derived."""
    for match in re.finditer("_", identifier):
        if _DERIVED.fullmatch(identifier, match.end()):
            yield identifier[: match.start()]


@cache
def _template_words() -> frozenset[str]:
    """Everything that the templates with the network's inputs and outputs call by a name of their own."""
    words: set[str] = set()
    for path in sorted(_PROJECT.glob("*.cpp.j2")):
        text = path.read_text(encoding="utf-8")
        code = re.sub(r"\{[{%].*?[%}]\}|//.*|\"[^\"\n]*\"", " ", text)
        words.update(word.lower() for word in re.findall(r"[A-Za-z]\w*", code))
    return frozenset(words)
