"""From a program with memories of its own to one for an overlay: that of its network, or one that is there already."""

from __future__ import annotations

from dataclasses import replace

from hlsq.backends.folded.fitting import Host
from hlsq.backends.folded.overlay import Overlay, loading, roomy_engine, roomy_map, tables_of, up, with_rows
from hlsq.backends.folded.overlay_fields import overlay_fields
from hlsq.backends.folded.program import FoldedProgram

STAGE = ("plain", "half_up", "negative_shift", "zero", "low", "high", "thresholds", "operands")
ADDITION = ("adds", *(f"add_{name}" for name in (
    "bias", "plain", "half_up", "negative_shift", "zero", "low", "high", "multiplier", "left", "right"
)))  # fmt: skip
OPERAND = ("memory", "address", "pitch")


def overlaid(program: FoldedProgram, inputs: int, outputs: int, host: Host | None) -> FoldedProgram:
    """``program`` as one for an overlay.

    Args:
        program: as it has memories of its own.
        inputs: of its network.
        outputs: of its network.
        host: the overlay; None makes that of this program.

    Raises:
        ResourceError: it does not fit ``host``.
    """
    instructions = with_rows(program.instructions, program.images, len(program.tables["factors"]))
    if host is None:
        own = replace(program, instructions=instructions)
        engines = tuple(roomy_engine(engine, program.map.word) for engine in program.engines)
        map_ = roomy_map(program.map)
        overlay = _made(replace(own, engines=engines, map=map_), inputs, outputs)
    else:
        host.check_instructions(instructions)
        engines, map_ = host.program.engines, host.program.map
        assert host.program.overlay is not None  # noqa: S101 - a host has one
        overlay = host.program.overlay
    names = [field.name for field in overlay.fields]
    instructions = tuple(replace(i, fields={name: i.fields.get(name, 0) for name in names}) for i in instructions)
    waits = loading(instructions, overlay, engines)
    timed = tuple(replace(i, cycles=i.cycles + wait) for i, wait in zip(instructions, waits, strict=True))
    return replace(program, engines=engines, map=map_, instructions=timed, overlay=overlay)


def _made(program: FoldedProgram, inputs: int, outputs: int) -> Overlay:
    fields = [item.fields for item in program.instructions]
    operands = max(1, *(f.get("operands", 0) for f in fields))
    thresholds = max(f.get("thresholds", 0) for f in fields)
    tables = tuple(
        tuple(tables_of(engine, image, program.instructions, number))
        for number, (engine, image) in enumerate(zip(program.engines, program.images, strict=True))
    )
    factors = up(max(f["factors"] for f in fields), 16)
    more = [f"operand{k}_{part}" for k in range(1, operands + 1) for part in OPERAND]
    more += [f"add_weight{k}" for k in range(operands + 1)]
    more += [f"level{k}" for k in range(thresholds + 1) if thresholds]
    counts = {
        "operands": operands,
        "thresholds": thresholds,
        "ports": max(inputs, outputs),
        "factors": factors,
        "weight_rows": max(each[-1].rows for each in tables),
        "parameter_rows": max(each[0].rows for each in tables),
    }
    names = dict.fromkeys((*fields[0], *STAGE, *ADDITION, "emit_address", "emit_pitch", *more))
    made = overlay_fields(names, program.engines, program.map, counts)
    bits = int(program.tables["factors"].max()).bit_length() + 1
    return Overlay(made, tables, factors, up(bits, 8), operands, thresholds, inputs, outputs)
