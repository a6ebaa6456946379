"""What the report needs to know of a pipeline of folded accelerators."""

from __future__ import annotations

from dataclasses import replace

from hlsq.backends.vitis.folded.facts import program_facts, rom_bits
from hlsq.backends.vitis.folded.pipelined import PipelinedDesign
from hlsq.backends.vitis.plain_facts import plain_facts
from hlsq.report.design import DesignFacts, MacFacts
from hlsq.report.program import PlaceReport, ProgramReport, StageReport


def pipelined_facts(design: PipelinedDesign) -> DesignFacts:
    """``design`` as plain data."""
    bits = [item for stage in design.program.stages for item in rom_bits(stage.program).items()]
    return replace(
        plain_facts(design),
        macs={name: MacFacts(None, found) for name, found in bits},
        program=_program(design),
    )


def _program(design: PipelinedDesign) -> ProgramReport:
    """All stages' programs, one behind the other."""
    program = design.program
    alone = {stage.name: program_facts(own) for stage, own in zip(program.stages, design.stages, strict=True)}
    stages = tuple(
        StageReport(
            stage.name,
            stage.blocks,
            stage.program.pes,
            len(own.instructions),
            own.instruction_bits,
            cycles,
            own.banks,
            own.word,
            own.lane_bits,
            own.depths,
            own.map_bits,
        )
        for stage, own, cycles in zip(program.stages, alone.values(), program.stage_cycles, strict=True)
    )
    places: list[PlaceReport] = [
        replace(place, tensor=f"{name}: {place.tensor}") for name, own in alone.items() for place in own.places
    ]
    return ProgramReport(
        engines=tuple(engine for own in alone.values() for engine in own.engines),
        instructions=tuple(item for own in alone.values() for item in own.instructions),
        instruction_bits=max(stage.instruction_bits for stage in stages),
        fields={},
        places=tuple(places),
        banks=0,
        word=0,
        lane_bits=0,
        depths=(),
        map_bits=sum(stage.map_bits for stage in stages),
        cycles=program.cycles,
        stages=stages,
    )
