"""Tables of a program: engines, instructions, feature maps."""

from __future__ import annotations

from collections.abc import Iterator

from hlsq.cost.estimate.words import percent
from hlsq.counted import counted
from hlsq.report.program import EngineReport, InstructionReport, ProgramReport, StageReport
from hlsq.report.table import Row, Table
from hlsq.report.words import number, size

PROGRAM = "Program"
SAMPLES = 100
"""For which stages at work at once are compared with stages that take turns."""
BAR = 20
"""Letters of a bar for all PEs in all cycles."""


def program_tables(program: ProgramReport, bars: bool) -> Iterator[Table]:
    """Stages of a pipeline, engines, the listing, the memory map; ``bars`` draws the use of PEs in letters."""
    if program.stages:
        yield _stage_table(program)
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
        note=f"{_order(program)} A group of outputs is computed in "
        "so many steps; mac/2: adder trees in two parts. Reads and writes: memory@word of a bank; reading begins in "
        "front of the map where it is padded.",
    )
    yield Table(
        "Memory of feature maps",
        ("tensor", "memory", "first word", "words", "size"),
        tuple((p.tensor, str(p.memory), f"{p.first:,}", number(p.words), size(p.bits)) for p in program.places),
        right=(1, 2, 3, 4),
        note=f"{_memories(program)} Maps that are not needed at the same time share words.",
    )


def _stage_table(program: ProgramReport) -> Table:
    turns, together = SAMPLES * program.cycles, program.cycles + (SAMPLES - 1) * program.interval
    return Table(
        "Stages",
        ("stage", "blocks", "PEs", "instructions", "memory", "cycles", "busy"),
        tuple(
            (
                stage.name,
                str(len(stage.blocks)),
                f"{stage.pes:,}",
                f"{stage.instructions} of {stage.instruction_bits:,} bits",
                f"{counted(stage.banks, 'bank')} of {_depths(stage)} words of {stage.word} x {stage.lane_bits} bits",
                f"{stage.cycles:,}",
                percent(stage.cycles / program.interval),
            )
            for stage in program.stages
        ),
        right=(1, 2, 5, 6),
        note=f"Each works on a sample of its own, so one comes every {program.interval:,} cycles, those of the slowest "
        f"stage. {SAMPLES} samples take {turns:,} cycles with stages that take turns (He et al. eq. 10, an engine for "
        f"each process and a sample for each pixel) and {together:,} in the pipeline (eq. 12).",
    )


def _order(program: ProgramReport) -> str:
    if program.stages:
        return "Instructions of a stage, one after the other; share is of the interval of all stages."
    return f"Instructions of {program.instruction_bits:,} bits, one after the other."


def _memories(program: ProgramReport) -> str:
    if program.stages:
        return "Every stage has memories of its own."
    return (
        f"{len(program.depths)} memories of {program.banks} banks, of {_depths(program)} words of {program.word} lanes "
        f"of {program.lane_bits} bits each."
    )


def _depths(program: ProgramReport | StageReport) -> str:
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
        percent(item.cycles / program.interval),
        number(item.macs),
        percent(item.use),
        item.reads or "-",
        item.writes or "-",
    )


def _bar(use: float | None) -> str:
    filled = 0 if use is None else round(BAR * use)
    return f"[{'=' * filled}{' ' * (BAR - filled)}]"
