"""C++ names for Keras names."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable

_RESERVED_WORDS = """
alignas alignof and asm auto bool break case catch char class const constexpr const_cast continue decltype default
delete do double dynamic_cast else enum explicit export extern false float for friend goto if inline int long mutable
namespace new noexcept not nullptr operator or private protected public register reinterpret_cast return short signed
sizeof static static_assert static_cast struct switch template this thread_local throw true try typedef typeid
typename union unsigned using virtual void volatile wchar_t while xor main input output std hls hlsq nnet add abs
exp log sin cos tan pow sqrt floor ceil round read write open close exit time signal index
"""
RESERVED = frozenset(_RESERVED_WORDS.split())


def identifiers(names: Iterable[str], taken: Iterable[str] = ()) -> dict[str, str]:
    """A distinct C++ identifier for every name, as close to the name as possible."""
    used = {name.lower() for name in taken}
    result: dict[str, str] = {}
    for name in names:
        base = re.sub(r"_+", "_", re.sub(r"\W", "_", name, flags=re.ASCII)).strip("_") or "block"
        if base[0].isdigit() or base.lower() in RESERVED or keyword.iskeyword(base):
            base = f"layer_{base}"
        candidate, number = base, 2
        # Weight and header files are named after the blocks; file systems may not tell cases apart.
        while candidate.lower() in used:
            candidate, number = f"{base}_{number}", number + 1
        used.add(candidate.lower())
        result[name] = candidate
    return result
