"""What the cost of a folded accelerator depends on, read off its program and its C++."""

from __future__ import annotations

from hlsq.backends.folded import FoldedProgram
from hlsq.backends.folded.widths import pointer_bits, signed_bits
from hlsq.backends.vitis.folded.constants import EngineCode
from hlsq.backends.vitis.folded.counters import counter_bits
from hlsq.backends.vitis.tensors import Tensor
from hlsq.cost.folded import EngineFacts, FoldedFacts, MapFacts, Table
from hlsq.graph import Interval

PORT_WIDTHS = (8, 16, 32, 64)
"""Bits that a value takes at a port."""


def cost_facts(program: FoldedProgram, ports: list[Tensor]) -> FoldedFacts:
    """Plain numbers of ``program``, whose inputs and outputs are ``ports``."""
    found = program.map
    maps = MapFacts(
        depths=tuple(depth for depth in found.depth if depth),
        banks=found.banks,
        word=found.word,
        granule=found.granule,
        lane_bits=found.lane.width,
        outputs=found.outputs,
        output_bits=found.output.width,
    )
    factors = program.tables["factors"]
    wide = signed_bits(Interval(0, int(factors.max())))
    overlay = program.overlay
    counters = counter_bits(program).values()
    # An overlay has one instruction in registers, and two halves of each memory.
    instructions = (
        Table(len(program.instructions), max(1, program.bits), 1) if overlay is None else Table(1, program.bits, 1)
    )
    # A ROM has two ports to read, a row's and a column's; of a RAM it takes two.
    table = Table(len(factors), 1, wide) if overlay is None else Table(2 * overlay.factors, 1, overlay.factor_bits, 2)
    return FoldedFacts(
        engines=tuple(_engine(program, number) for number in range(len(program.engines))),
        maps=maps,
        instructions=instructions,
        ports=tuple(port.word * next(w for w in PORT_WIDTHS if port.interval.width <= w) for port in ports),
        tables={"factors": table},
        **pointer_bits(program),
        counter_bits=-(-sum(counters) // len(counters)),
        cycles=program.cycles,
        loaded=overlay is not None,
        loads_beside=any(field.name == "beside" and field.width for field in program.fields),
    )


def _engine(program: FoldedProgram, number: int) -> EngineFacts:
    engine, image = program.engines[number], program.images[number]
    code = EngineCode(engine, program, number)
    runs = [item for item in program.instructions if item.opcode == "run" and item.fields["engine"] == number]
    slices, rows, codes = image.weights.shape
    parameters = {
        name: Table(values.shape[0], values.shape[1], code.parameter_bits(name))
        for name, values in image.parameters.items()
    }
    weights = (Table(rows, codes, engine.slice_bits, pieces=code.pieces),) * slices
    if code.tables:  # both halves of what is loaded, a memory for each word of a row
        parameters = {n: Table(2 * t.rows, t.packed, t.bits, t.columns) for n, t in code.tables.items()}
        weights = (parameters.pop("weights"),) * code.tables["weights"].slices
    return EngineFacts(
        name=engine.name,
        kind="booth" if code.adds_multiples else engine.dual if engine.kind == "dual" else engine.kind,
        multipliers=engine.multiplier,
        taps=engine.array.taps,
        outputs=engine.array.outputs,
        positions=engine.array.positions,
        splits=engine.splits,
        turns=code.turns,
        sums=engine.sums,
        lanes=engine.lanes,
        tap_bits=engine.tap.width,
        signed_tap_bits=signed_bits(engine.tap),
        code_bits=engine.code_bits,
        operand_bits=code.operand_bits,
        exponent_bits=engine.max_exponent.bit_length(),
        product_bits=code.product_bits,
        sum_bits=signed_bits(engine.sum),
        value_bits=signed_bits(engine.value),
        wide_bits=signed_bits(engine.product),
        weights=weights,
        parameters=parameters,
        fields={field.name: field.width for field in program.fields},
        features=engine.features,
        thresholds=code.thresholds,
        operands=max((item.fields.get("operands", 0) for item in runs), default=0),
        macs=sum(item.macs for item in runs),
        cycles=sum(item.cycles for item in runs),
    )
