"""C++ types of integer intervals."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

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


def table_type(values: Iterable[int]) -> str:
    """The smallest plain C++ integer type for a constant table."""
    array = np.asarray(list(values), dtype=object)
    interval = Interval(int(min(array)), int(max(array)))
    if not interval.signed:
        names = {8: "unsigned char", 16: "unsigned short", 32: "unsigned int", 64: "unsigned long long"}
    else:
        names = {8: "signed char", 16: "short", 32: "int", 64: "long long"}
    return next(name for bits, name in names.items() if interval.width <= bits)
