"""Rows of weight codes: one a step, as wide as the array needs, and the slices of memory that they lie in.

Layers of one engine may have codes of several widths. A code is cut into slices of the widths' greatest common divisor;
slice after slice of a row lies in memory after memory, so that five bits take five eighths of what eight do.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsq.backends.folded.codes import CodeForm, encode
from hlsq.backends.folded.layout import NONE, Layout
from hlsq.backends.folded.loops import Loops
from hlsq.backends.folded.pieces import Array
from hlsq.backends.folded.tasks import Task

Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Rom:
    """All rows of an engine.

    Attributes:
        slice_bits: bits of a code in one memory.
        slices: memories.
        content: shape [slices, rows of a memory, codes of a row].
        start: number of the first slice of each task's rows, by target.
    """

    slice_bits: int
    slices: int
    content: NDArray[Any]
    start: dict[str, int]


def make_rom(rows: dict[str, tuple[Rows, CodeForm]], codes: int, given: tuple[int, int] | None = None) -> Rom:
    """The memories for the rows of all tasks, by target.

    Args:
        rows: codes [rows, codes] of each task, and their form.
        codes: of a row.
        given: bits of a slice and number of slices of an engine that is there already.
    """
    widths = [form.bits for _, form in rows.values()]
    bits = gcd(*widths) if widths else 1
    slices = max(widths, default=1) // bits
    if given is not None:
        bits, slices = given
    start: dict[str, int] = {}
    pieces = []
    count = 0
    for target, (values, form) in rows.items():
        start[target] = count
        parts = form.bits // bits
        cut = np.stack([values >> bits * k & (1 << bits) - 1 for k in range(parts)], axis=1)
        pieces.append(cut.reshape(-1, codes))
        count += len(pieces[-1])
    depth = max(1, -(-count // slices))
    flat = np.zeros((depth * slices, codes), dtype=np.uint8 if bits <= 8 else np.uint16)
    if pieces:
        flat[:count] = np.concatenate(pieces)
    return Rom(bits, slices, np.ascontiguousarray(flat.reshape(depth, slices, codes).transpose(1, 0, 2)), start)


def task_rows(task: Task, loops: Loops, array: Array, layout: Layout, form: CodeForm) -> Rows:
    """Codes of the rows of ``task``, shape [rows, taps * outputs], tap by tap.

    Args:
        task: with weights.
        loops: of it.
        array: that it runs on.
        layout: of its source.
        form: of its codes.
    """
    values = task.weights
    assert values is not None  # noqa: S101 - see Args
    lanes = np.asarray(layout)
    if task.mode == "lanes":
        return _depthwise(values, loops, array, lanes, form)
    kernel = values.reshape(*loops.kernel, -1, values.shape[-1])
    taps, split, finished = array.taps, loops.split, loops.finished
    outputs = loops.outputs * loops.turns
    # [ky, kx, slot, output], with zeros where a lane has no channel, or an output is none.
    slots = loops.chunks * taps // split
    filled = np.zeros((*loops.kernel, slots, loops.outputs * finished), dtype=np.int64)
    used = lanes[:slots]
    inside = np.flatnonzero(used != NONE)
    filled[:, :, inside, : kernel.shape[3]] = kernel[:, :, used[inside], :]
    codes = encode(filled, form)
    # Slot = chunk, tap of a part; output = group, part of the tree, output of the array.
    shaped = codes.reshape(*loops.kernel, loops.chunks, taps // split, outputs, split, array.outputs)
    ordered = shaped.transpose(4, 0, 1, 2, 5, 3, 6)
    return np.ascontiguousarray(ordered).reshape(-1, taps * array.outputs)


def _depthwise(values: Rows, loops: Loops, array: Array, lanes: Rows, form: CodeForm) -> Rows:
    """A step needs one code a tap, so a row holds those of as many steps as the array has outputs."""
    kernel = values.reshape(*loops.kernel, -1, loops.filters)
    filled = np.zeros((loops.filters, *loops.kernel, len(lanes)), dtype=np.int64)
    inside = np.flatnonzero(lanes != NONE)
    filled[..., inside] = kernel[:, :, lanes[inside], :].transpose(3, 0, 1, 2)
    codes = encode(filled, form)
    steps = codes.reshape(loops.filters, *loops.kernel, loops.outputs, array.taps).transpose(0, 3, 1, 2, 4)
    flat = steps.reshape(-1, array.taps)
    rows = -(-len(flat) // array.outputs)
    padded = np.zeros((rows * array.outputs, array.taps), dtype=np.int64)
    padded[: len(flat)] = flat
    return np.ascontiguousarray(padded.reshape(rows, array.outputs, array.taps).transpose(0, 2, 1)).reshape(rows, -1)
