"""Fields of instructions as SystemVerilog has them: a type each, and the bits of the word that they are read from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hlsq.backends.folded.loops import NEVER
from hlsq.backends.folded.program import FoldedProgram

FLAGS = ("stores", "emits", "plain", "half_up", "add_plain", "add_half_up", "adds", "memory", "out_memory", "beside")
PAIRS = ("opcode", "mode", "form")
SHIFTS = ("product_shift", "scale_shift", "negative_shift", "add_left", "add_right", "add_negative_shift")
CONSTANTS = ("start", "fill", "zero", "low", "high", "add_zero", "add_low", "add_high", "add_bias")
COORDINATES = (
    "top", "left", "step_x", "wrap_x", "wrap_width", "group_y", "group_x", "line_y", "line_x", "height", "width",
    "limit_y", "limit_x", "out_height", "out_width", "dilation_y", "dilation_x",
)  # fmt: skip
BANKS = ("start_bank", "column_bank", "row_bank", "restart_bank", "group_bank", "line_bank", "position_bank")
ADDRESSES = (
    "start_address", "column_address", "row_address", "restart_address", "group_address", "line_address",
    "position_address", "pitch", "out_address", "out_pitch", "emit_address", "emit_pitch",
)  # fmt: skip
COUNTS = (
    "rows", "groups", "filters", "outputs", "kernel_y", "kernel_x", "chunks", "split", "steps", "wait", "period",
    "groups_of_outputs", "operands", "finishes", "part_lanes", "target_words", "part", "weight_bank", "weight_slices",
    "weight_bits", "factor", "thresholds", "last_turn", "delay",
)  # fmt: skip
ROWS = ("weight_address", "parameters")
TYPES = (
    dict.fromkeys(FLAGS, "logic")
    | dict.fromkeys(PAIRS, "logic [1:0]")
    | dict.fromkeys(SHIFTS, "shift_t")
    | dict.fromkeys(CONSTANTS, "constant_t")
    | dict.fromkeys(COORDINATES, "coordinate_t")
    | dict.fromkeys(BANKS, "bank_t")
    | dict.fromkeys(ADDRESSES, "address_t")
    | dict.fromkeys(COUNTS, "count_t")
    | dict.fromkeys(ROWS, "row_t")
    | {"engine": "engine_t", "port": "port_t", "add_multiplier": "logic signed [16:0]"}
)
"""Of fields by name."""
RENAMED = {"wait": "wait_cycles", "port": "port_number"}
"""Names that are words of the language."""


@dataclass(frozen=True)
class StructField:
    """A field of the decoded instruction: one value, or ``count`` of them with ``bits`` each."""

    name: str
    type: str
    count: int = 0
    bits: str = ""


@dataclass(frozen=True)
class Decoded:
    """Where a field, or one of its values, gets its value from."""

    name: str
    expression: str


def struct_fields(operands: int, levels: int) -> list[StructField]:
    """All fields of the decoded instruction, of at most so many operands and levels of thresholds."""
    single = [StructField(RENAMED.get(name, name), kind) for name, kind in TYPES.items()]
    return [
        *single,
        StructField("operand_memory", "", operands, "1"),
        StructField("operand_address", "", operands, "ADDRESS_BITS"),
        StructField("operand_pitch", "", operands, "ADDRESS_BITS"),
        StructField("add_weight", "", operands + 1, "18"),
        StructField("level", "", levels + 1, "CONSTANT_BITS"),
    ]


def decoded_fields(program: FoldedProgram) -> Iterator[Decoded]:
    """What the fields of the instruction word are decoded to, one after the other, the first in the lowest bits."""
    position = 0
    for field in program.fields:
        if field.width:
            name, bits = _place(field.name)
            word = f"word[{position}+:{field.width}]"
            value = f"signed'({word})" if field.signed else word
            if field.name == "wrap_x" and field.width >= NEVER.bit_length():
                # A coordinate that no position reaches: the largest there is.
                farthest = "{2'b00, {(hlsq::COORDINATE_BITS - 2) {1'b1}}}"
                value = f"word[{position + NEVER.bit_length() - 1}] ? {farthest} : hlsq::COORDINATE_BITS'({word})"
                yield Decoded(name, value)
            else:
                yield Decoded(name, f"{bits}({value})" if bits else value)
        position += field.width


def _place(name: str) -> tuple[str, str]:
    """The name of a field of the word in the decoded instruction, and the cast to its type."""
    if name in TYPES:
        kind = TYPES[name]
        casts = {"logic": "1'", "logic [1:0]": "2'", "logic signed [16:0]": "17'"}
        return RENAMED.get(name, name), casts.get(kind, f"hlsq::{kind}'")
    for prefix, last, bits in (("add_weight", 0, "18"), ("level", 0, "hlsq::CONSTANT_BITS")):
        if name.startswith(prefix):
            return f"{prefix}[{int(name.removeprefix(prefix)) - last}]", f"{bits}'"
    number, part = name.removeprefix("operand").split("_")
    return f"operand_{part}[{int(number) - 1}]", "1'" if part == "memory" else "hlsq::ADDRESS_BITS'"
