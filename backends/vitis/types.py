"""C++ types of integer intervals."""

from __future__ import annotations

from collections.abc import Iterable

from hlsq.formats import Format
from hlsq.graph import Interval


def cpp_int(interval: Interval) -> str:
    """The type of exactly the interval's width."""
    return f"hlsq::{'sint' if interval.signed else 'uint'}<{interval.width}>"


def cpp_signed(interval: Interval) -> str:
    """The signed type that holds the interval."""
    return f"hlsq::sint<{interval.width + (not interval.signed)}>"


def format_interval(fmt: Format) -> Interval:
    """All integers of a format."""
    return Interval(fmt.qmin, fmt.qmax)


def span(values: Iterable[int]) -> Interval:
    """The smallest interval that holds all of a table's values."""
    found = [int(v) for v in values]
    return Interval(min(found), max(found))
