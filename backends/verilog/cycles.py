"""Clock cycles of the hardware: those of the loops, and of the pipelines behind them.

A model: tests compare it with what simulation counts. Pipelines do not wait here, so an input is loaded before the
first pass begins, never beside it, and no pass has a delay.
"""

from __future__ import annotations

from collections.abc import Mapping

from hlsq.backends.folded.pieces import MODES, Instruction
from hlsq.backends.folded.program import FoldedProgram
from hlsq.backends.folded.widths import EngineNumbers
from hlsq.backends.verilog.constants import pe_stages
from hlsq.backends.verilog.post_cycles import SELECT, WRITE, PostCycles

START = 3
"""From one instruction's decoding to the first cycle of its loops."""
FETCH = 13
"""From the loops to the taps and weights in front of the PEs."""
LOAD, EMIT = 4, 7
"""Of instructions that move samples, beside one for each word, where no stream waits."""


def instruction_cycles(program: FoldedProgram) -> list[int]:
    """Of all instructions, from one's decoding to the next one's, where no stream waits."""
    return [_cycles(program, item) for item in program.instructions]


def _cycles(program: FoldedProgram, item: Instruction) -> int:
    f = item.fields
    if item.opcode == "load":
        return f["rows"] * f["chunks"] + LOAD
    if item.opcode == "emit":
        return f["rows"] + EMIT
    engine = EngineNumbers(program.engines[f["engine"]], program, f["engine"])
    behind = array_cycles(engine, MODES[f["mode"]]) + post_cycles(engine)
    return START + loop_cycles(engine.engine.array.positions, f) + behind


def loop_cycles(positions: int, f: Mapping[str, int]) -> int:
    """Of a run with fields ``f``: pointers of the positions, groups, and post-processing of the last one."""
    groups = f["rows"] * f["groups"] * f["groups_of_outputs"]
    return positions * (1 + f["finishes"] * max(1, f["operands"])) + groups * f["period"]


def array_cycles(numbers: EngineNumbers, mode: str) -> int:
    """From a step of the loops to whole sums that wait for post-processing: taps, products, adder tree, accumulator."""
    levels = (numbers.engine.array.taps - 1).bit_length() if mode == "mac" else 0
    return FETCH + pe_stages(numbers) + levels + 2


def post_cycles(numbers: EngineNumbers) -> int:
    """From those to what is written in memory."""
    cycles = PostCycles.of(numbers.engine.features)
    return SELECT + cycles.first + cycles.chain + WRITE
