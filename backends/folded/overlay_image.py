"""Words of memory from which an overlay runs a network.

A header of two words (how many instructions, how many words in all); then for each instruction its own words, the first
field in the lowest bits, and what it computes with: factors, constants table by table, weights. Tables go row by row,
slice by slice, as many values in a word as it holds, the first in the lowest bits.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsq.backends.folded.encoding import encode
from hlsq.backends.folded.overlay import HEADER, WORD, Overlay, Table
from hlsq.backends.folded.program import FoldedProgram

NEUTRAL = {"multiplier": 1, "scale": 1}
Words = NDArray[np.uint64]


def overlay_image(program: FoldedProgram) -> Words:
    """All words of ``program``, which is one for an overlay."""
    overlay = program.overlay
    assert overlay is not None  # noqa: S101 - see above
    pieces = [piece for item in program.instructions for piece in _pieces(program, overlay, item.fields)]
    words = np.concatenate(pieces)
    header = np.array([len(program.instructions), len(words)], dtype=np.uint64)
    assert len(header) == HEADER  # noqa: S101
    return np.concatenate([header, words])


def instruction_places(program: FoldedProgram) -> NDArray[np.bool_]:
    """Which words of the image are the header's or an instruction's own, and nothing that it computes with."""
    overlay = program.overlay
    assert overlay is not None  # noqa: S101 - as above
    sizes = [overlay.words(item.fields) for item in program.instructions]
    found = np.zeros(HEADER + sum(sizes), dtype=np.bool_)
    found[:HEADER] = True
    first = HEADER
    for size in sizes:
        found[first : first + overlay.instruction_words] = True
        first += size
    return found


def _pieces(program: FoldedProgram, overlay: Overlay, fields: Any) -> list[Words]:
    bits = encode(overlay.fields, fields)
    count = overlay.instruction_words
    found = [np.frombuffer(bits.to_bytes(count * WORD // 8, "little"), dtype="<u8").astype(np.uint64)]
    if fields["factors"]:
        start = fields["factor_start"]
        entries = program.tables["factors"][start : start + fields["factors"] - 1]
        found.append(np.concatenate([[1], entries]).astype(np.uint64))
    if not fields["parameter_rows"] and not fields["weight_rows"]:
        return found
    image = program.images[fields["engine"]]
    *constants, weights = overlay.tables[fields["engine"]]
    for table in constants:
        start, rows = fields["parameters"], fields["parameter_rows"]
        values = image.parameters.get(table.name)
        own = (
            np.full((rows, table.values), NEUTRAL.get(table.name, 0))
            if values is None
            else values[start : start + rows]
        )
        found.append(packed(own[:, None], table))
    if fields["weight_rows"]:
        slices, _, codes = image.weights.shape
        start = fields["weight_address"] * slices + fields["weight_bank"]
        rows = fields["weight_rows"]
        first, last = start // slices, -(-(start + rows * slices) // slices)
        flat = image.weights[:, first:last].transpose(1, 0, 2).reshape(-1, codes)
        own = np.zeros((rows * slices, codes), dtype=image.weights.dtype)
        inside = flat[start - first * slices :][: rows * slices]
        own[: len(inside)] = inside
        found.append(packed(own.reshape(rows, slices, codes), weights))
    return found


def packed(values: NDArray[Any], table: Table) -> Words:
    """The words of ``values``, shape [rows, slices, values of a row]."""
    filled = np.zeros((*values.shape[:2], table.columns * table.packed), dtype=np.uint64)
    filled[..., : values.shape[2]] = values.astype(np.int64).view(np.uint64) & np.uint64((1 << table.bits) - 1)
    lanes = filled.reshape(-1, table.packed)
    words = np.zeros(len(lanes), dtype=np.uint64)
    for i in range(table.packed):
        words |= lanes[:, i] << np.uint64(i * table.bits)
    return words
