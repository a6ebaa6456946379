"""One instruction a pass: counts of its loops, and the steps by which its pointers go.

A pointer is a pair of bank and address: pixel n lies in bank ``n % banks`` at address ``n // banks * pitch``. Steps are
such pairs too, so that going on is an addition and a carry, and no pointer takes a multiplication or a division.
"""

from __future__ import annotations

from hlsq.backends.folded.loops import NEVER, Loops
from hlsq.backends.folded.pieces import MODES, OPCODES, Array, Place
from hlsq.backends.folded.tasks import Task

STEPS = ("column", "row", "restart", "group", "line")
"""Of the taps' pointers: to the next column and row of the kernel, back to its first tap, and from its last one to the
first of the next group of positions, or of the next line of groups."""


def pixel_step(pixels: int, pitch: int, banks: int) -> tuple[int, int]:
    """The step of ``pixels``, which may be negative: bank and address."""
    return pixels % banks, pixels // banks * pitch


def run_fields(task: Task, loops: Loops, array: Array, source: Place, banks: int) -> dict[str, int]:
    """Fields of the loops and of the taps' pointers."""
    window = task.window
    height, width, _ = window.source
    top, left = window.padding
    stride_y, stride_x = window.strides
    dilation_y, dilation_x = window.dilation
    kernel_y, kernel_x = window.kernel
    across = array.positions * (1 if loops.flat else stride_x)
    back = -((kernel_y - 1) * dilation_y * width + (kernel_x - 1) * dilation_x)
    line = stride_y * width - (loops.groups - 1) * across
    pixels = {
        "column": dilation_x,
        "row": dilation_y * width - (kernel_x - 1) * dilation_x,
        "restart": back,
        "group": back + across,
        "line": back + line,
        "position": 1 if loops.flat else stride_x,
    }
    start = pixel_step(-top * width - left, source.pitch, banks)
    fields = {
        "opcode": OPCODES.index("run"),
        "mode": MODES.index(task.mode),
        "split": loops.split.bit_length() - 1,
        "memory": source.memory,
        "start_bank": start[0],
        "start_address": start[1] + source.base + source.offset,
        "pitch": source.pitch,
    }
    for name, count in pixels.items():
        fields[f"{name}_bank"], fields[f"{name}_address"] = pixel_step(count, source.pitch, banks)
    down, right = divmod(array.positions, width) if loops.flat else (0, across)
    fields |= {
        "rows": loops.rows,
        "groups": loops.groups,
        "filters": loops.filters,
        "outputs": loops.outputs * loops.turns,
        "last_turn": loops.turns - 1,
        "kernel_y": kernel_y,
        "kernel_x": kernel_x,
        "chunks": loops.chunks,
        "steps": loops.steps,
        "wait": loops.wait,
        "period": loops.period,
        "dilation_y": dilation_y,
        "dilation_x": dilation_x,
        "top": -top,
        "left": -left,
        "step_x": 1 if loops.flat else stride_x,
        "wrap_x": width - left if loops.flat else NEVER,
        "wrap_width": width,
        "group_y": down,
        "group_x": right,
        "line_y": stride_y,
        "line_x": -(loops.groups - 1) * across,
        "height": height,
        "width": width,
        "limit_y": window.target[0] * stride_y - top,
        "limit_x": window.target[1] * stride_x - left,
        "out_height": window.target[0],
        "out_width": window.target[1],
        "groups_of_outputs": loops.filters * loops.outputs,
    }
    return fields


def target_fields(place: Place | None) -> dict[str, int]:
    """Where post-processing writes; nowhere if the tensor lies in no feature map."""
    if place is None:
        return {"stores": 0, "out_memory": 0, "out_address": 0, "out_pitch": 0}
    return {
        "stores": 1,
        "out_memory": place.memory,
        "out_address": place.base + place.offset,
        "out_pitch": place.pitch,
    }
