"""How wide the values are that windows and vectors hold."""

from __future__ import annotations

from hlsq.graph import Interval, QuantizedGraph


def tap_bits(graph: QuantizedGraph, source: str) -> int:
    """Bits of an integer of ``source`` minus its zero point, or of the zero of a padding."""
    fmt = graph.formats[source]
    whole = graph.intervals[source].union(Interval(fmt.qmin, fmt.qmax))
    return Interval(whole.lo - fmt.offset, whole.hi - fmt.offset).with_zero().width
