"""Tables of a program: engines, instructions, feature maps."""

from __future__ import annotations

from collections.abc import Iterator

from hlsq.cost.estimate.words import percent
from hlsq.report.program import EngineReport, InstructionReport, ProgramReport
from hlsq.report.table import Row, Table
from hlsq.report.words import number, size

PROGRAM = "Program"
BAR = 20
"""Letters of a bar for all PEs in all cycles."""


def program_tables(program: ProgramReport, bars: bool) -> Iterator[Table]:
    """Engines, the listing, the memory map; ``bars`` draws the use of PEs in letters."""
    yield Table(
        "Engines",
        (
            "engine",
            "PEs",
            "kind",
            "taps",
            "outputs",
            "positions",
            "lanes",
            "code",
            "sum",
            "weight words",
            "cycles",
            "use",
        ),
        tuple(map(_engine_row, program.engines)),
        right=(1, 3, 4, 5, 6, 7, 8, 9, 10, 11),
        note="In every cycle, an engine computes taps x outputs x positions products; lanes: values that it finishes. "
        "Code and sum: bits of the widest weight code and of accumulators. Use: of its PEs while it works.",
    )
    yield Table(
        PROGRAM,
        (
            *("layer", "engine", "mode", "steps", "groups", "cycles", "share", "MACs", "PEs used", "reads", "writes"),
            *(["all PEs"] if bars else []),
        ),
        tuple((*_instruction_row(program, item), *([_bar(item.use)] if bars else [])) for item in program.instructions),
        right=(3, 4, 5, 6, 7, 8),
        note=f"Instructions of {program.instruction_bits} bits, one after the other. A group of outputs is computed in "
        "so many steps; mac/2: adder trees in two parts. Reads and writes: memory@word of a bank; reading begins in "
        "front of the map where it is padded.",
    )
    yield Table(
        "Memory of feature maps",
        ("tensor", "memory", "first word", "words", "size"),
        tuple((p.tensor, str(p.memory), f"{p.first:,}", number(p.words), size(p.bits)) for p in program.places),
        right=(1, 2, 3, 4),
        note=f"{len(program.depths)} memories of {program.banks} banks, of {_depths(program)} words of {program.word} "
        f"lanes of {program.lane_bits} bits each; maps that are not needed at the same time share words.",
    )


def _depths(program: ProgramReport) -> str:
    return " and ".join(f"{depth:,}" for depth in program.depths)


def _engine_row(engine: EngineReport) -> Row:
    counts = (engine.taps, engine.outputs, engine.positions, engine.lanes, engine.code_bits, engine.sum_bits)
    words = f"{engine.weight_rows:,} x {engine.weight_bits:,} bit"
    return (
        engine.name,
        f"{engine.pes:,}",
        engine.kind,
        *map(str, counts),
        words,
        f"{engine.cycles:,}",
        percent(engine.use),
    )


def _instruction_row(program: ProgramReport, item: InstructionReport) -> Row:
    return (
        item.name,
        item.engine or "-",
        item.mode,
        number(item.steps),
        number(item.groups),
        f"{item.cycles:,}",
        percent(item.cycles / program.cycles),
        number(item.macs),
        percent(item.use),
        item.reads or "-",
        item.writes or "-",
    )


def _bar(use: float | None) -> str:
    filled = 0 if use is None else round(BAR * use)
    return f"[{'=' * filled}{' ' * (BAR - filled)}]"
