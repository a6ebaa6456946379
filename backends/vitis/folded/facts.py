"""What the report needs to know of a folded accelerator."""

from __future__ import annotations

from dataclasses import replace

from hlsq.backends.folded.pieces import MODES, Instruction
from hlsq.backends.folded.program import FoldedProgram
from hlsq.backends.folded.widths import signed_bits
from hlsq.backends.vitis.folded.buffers import map_sizes
from hlsq.backends.vitis.folded.design import FoldedDesign
from hlsq.backends.vitis.plain_facts import plain_facts
from hlsq.report.design import DesignFacts, MacFacts
from hlsq.report.program import EngineReport, InstructionReport, PlaceReport, ProgramReport


def folded_facts(design: FoldedDesign) -> DesignFacts:
    """``design`` as plain data."""
    return replace(
        plain_facts(design),
        macs={name: MacFacts(None, bits) for name, bits in rom_bits(design.program).items()},
        program=program_facts(design),
    )


def rom_bits(program: FoldedProgram) -> dict[str, int]:
    """Bits of the rows of each block with weights, those of idle PEs included."""
    found = {}
    for item in program.instructions:
        if not item.macs:
            continue
        f = item.fields
        engine = program.engines[f["engine"]]
        array, steps = engine.array, f["steps"] * f["groups_of_outputs"]
        rows = steps if MODES[f["mode"]] == "mac" else -(-steps // array.outputs)
        found[item.blocks[0]] = rows * array.taps * array.outputs * f["weight_bits"]
    return found


def program_facts(design: FoldedDesign) -> ProgramReport:
    """Its program as plain data."""
    program, map_ = design.program, design.program.map
    sizes = map_sizes(program, design.graph)
    return ProgramReport(
        engines=tuple(_engine(program, number) for number in range(len(program.engines))),
        instructions=tuple(_instruction(program, item) for item in program.instructions),
        instruction_bits=program.bits,
        fields={field.name: field.width for field in program.fields if field.width},
        places=tuple(
            PlaceReport(name, place.memory, place.base + place.offset, *sizes[name])
            for name, place in program.places.items()
            if name in sizes
        ),
        banks=map_.banks,
        word=map_.word,
        lane_bits=map_.lane.width,
        depths=map_.depth,
        map_bits=map_.bits,
        cycles=program.cycles,
    )


def _engine(program: FoldedProgram, number: int) -> EngineReport:
    engine, image = program.engines[number], program.images[number]
    runs = [item for item in program.instructions if item.opcode == "run" and item.fields["engine"] == number]
    cycles, macs = sum(item.cycles for item in runs), sum(item.macs for item in runs)
    slices, rows, codes = image.weights.shape
    return EngineReport(
        engine.name,
        engine.kind,
        engine.array.taps,
        engine.array.outputs,
        engine.array.positions,
        engine.pes,
        engine.lanes,
        engine.code_bits,
        signed_bits(engine.sum),
        rows,
        slices * codes * engine.slice_bits,
        cycles,
        macs / (cycles * engine.pes) if cycles else 0.0,
    )


def _instruction(program: FoldedProgram, item: Instruction) -> InstructionReport:
    f = item.fields
    if item.opcode != "run":
        return InstructionReport((), item.target, "", item.opcode, 0, 0, item.cycles, 0, None, "", "")
    engine = program.engines[f["engine"]]
    return InstructionReport(
        blocks=item.blocks,
        target=item.target,
        engine=engine.name,
        mode=MODES[f["mode"]] + (f"/{1 << f['split']}" if f["split"] else ""),
        steps=f["steps"],
        groups=f["rows"] * f["groups"] * f["groups_of_outputs"],
        cycles=item.cycles,
        macs=item.macs,
        use=item.macs / (item.cycles * engine.pes) if item.macs else None,
        reads=f"{f['memory']}@{f['start_address']}",
        writes=f"{f['out_memory']}@{f['out_address']}" if f["stores"] else "output",
    )
