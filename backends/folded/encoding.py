"""Instructions as bits: the fields one after the other, the first in the lowest bits."""

from __future__ import annotations

from collections.abc import Mapping

from hlsq.backends.folded.pieces import Field


def encode(fields: tuple[Field, ...], values: Mapping[str, int]) -> int:
    """The bits of an instruction with these values of its fields."""
    word = position = 0
    for field in fields:
        word |= (values[field.name] & ((1 << field.width) - 1)) << position
        position += field.width
    return word


def decode(fields: tuple[Field, ...], word: int) -> dict[str, int]:
    """The values of an instruction's fields; the inverse of ``encode``."""
    found = {}
    for field in fields:
        value = word & ((1 << field.width) - 1)
        word >>= field.width
        found[field.name] = value - (1 << field.width) if field.signed and value >> (field.width - 1) else value
    return found
