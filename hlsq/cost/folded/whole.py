"""The estimate of a folded accelerator: engines, memories, controller, cycles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from hlsq.cost.estimate.cells import Named, cells, gathered, merged, total
from hlsq.cost.estimate.model import BlockEstimate, Estimate, Memory, Resources
from hlsq.cost.estimate.storage import fifo, memory_cells, ram, rom
from hlsq.cost.folded.array import array_parts
from hlsq.cost.folded.facts import EngineFacts, FoldedFacts, MapFacts, Table
from hlsq.cost.folded.finish import finish_parts
from hlsq.cost.folded.reading import load_parts, reading_parts
from hlsq.cost.parts import Part
from hlsq.cost.pieces import choosing_luts

COUNTERS = 14
"""Of an engine: loops, places in a period, what post-processing is at."""
BUFFERS, CONTROLLER = "feature maps", "controller"
"""Blocks of an estimate beside those of engines."""
AXI_PORTS = Resources(lut=823 + 232, ff=725 + 144, bram18=4)
"""An AXI master port, and registers that give it an address and start the function. This is what Vitis HLS estimates in
published reports of C synthesis, not what Vivado makes of it: the most of five adapters, which have 580 to 823 LUTs,
512 to 725 flip-flops and 1 to 4 block RAMs; not all reports tell the width of their words."""
LOADED_WORDS, LOADED_BITS = 512, 64
"""What of a burst waits in a FIFO to be loaded."""
HANDSHAKE = Resources(lut=30, ff=20)
"""States, start and end of the function: an assumption, as for a block of a dataflow design."""


def estimate_folded(
    facts: FoldedFacts, *, clock_period: float = 5.0, capacity: Part | None = None, limit: float = 0.8
) -> Estimate:
    """What the accelerator is expected to take of a 7-series part, after synthesis, and its cycles.

    Its blocks are the array, the reading unit, the post-processing and the weights of every engine, the memories of
    feature maps, and the controller. Resources are sums of units that Yosys synthesised, as those of a dataflow design
    (``hlsq.cost.estimate``). A sample begins when the one before is done, so interval and latency are the program's
    cycles.

    Args:
        facts: of the accelerator.
        clock_period: in nanoseconds.
        capacity: of the part, if it is known.
        limit: share of it that the design may take.
    """
    blocks: dict[str, BlockEstimate] = {}
    for engine in facts.engines:
        name = f"engine {engine.name}" if engine.name in (BUFFERS, CONTROLLER) else engine.name
        blocks[name] = _array(engine, facts)
        blocks[f"{name} reading"] = _block(reading_parts(engine, facts))
        tables = [m for part, t in engine.parameters.items() for m in _constants(part, t, 1, facts.loaded)]
        blocks[f"{name} post-processing"] = _block(finish_parts(engine, facts.maps), tables)
        codes = [m for t, n in Counter(engine.weights).items() for m in _constants("weights", t, n, facts.loaded)]
        choice = sum(choosing_luts(len(table.pieces), table.width) for table in engine.weights)
        blocks[f"{name} weights"] = _block([("row selection", Resources(lut=choice))], codes)
    blocks[BUFFERS] = _block(load_parts(facts), _map_memories(facts.maps))
    blocks[CONTROLLER] = _controller(facts)
    parts = merged(found.components for found in blocks.values())
    pes = sum(engine.pes for engine in facts.engines)
    macs = sum(engine.macs for engine in facts.engines)
    return Estimate(
        **_fields(total(parts.values())),
        pes=pes,
        latency=facts.cycles,
        interval=facts.cycles,
        useful=macs / (pes * facts.cycles) if pes and facts.cycles else 0.0,
        components=MappingProxyType(parts),
        memories=tuple(memory for found in blocks.values() for memory in found.memories),
        blocks=MappingProxyType(blocks),
        clock_period=clock_period,
        capacity=capacity,
        limit=limit,
    )


def _constants(part: str, table: Table, count: int, loaded: bool) -> list[Memory]:
    """``count`` times the memories of ``table``: ROMs, or, where their content is loaded, RAMs."""
    copies = count * table.copies
    if loaded:
        return [ram(part, copies, table.depth, table.width, "auto")]
    pieces = [rom(part, depth, table.width, "auto") for depth in table.pieces or (table.depth,)]
    return [replace(piece, copies=copies, bram18=copies * piece.bram18) for piece in pieces]


def _array(engine: EngineFacts, facts: FoldedFacts) -> BlockEstimate:
    counters = cells("control", "nest", COUNTERS, facts.counter_bits)
    found = _block([*array_parts(engine, facts.maps), ("control", counters)])
    return BlockEstimate(
        **_fields(found),
        pes=engine.pes,
        latency=engine.cycles,
        interval=engine.cycles,
        useful=engine.macs / (engine.pes * facts.cycles) if facts.cycles else 0.0,
        components=found.components,
    )


def _map_memories(maps: MapFacts) -> list[Memory]:
    """Every granule of every bank is a memory with a port to read and one to write, bound to block RAM."""
    granules, width = maps.word // maps.granule, maps.granule * maps.lane_bits
    found = [ram("feature maps", maps.banks * granules, depth, width, "bram") for depth in maps.depths if depth]
    outputs = ram("outputs", granules, max(1, maps.outputs), maps.granule * maps.output_bits, "auto")
    return [*found, outputs]


def _controller(facts: FoldedFacts) -> BlockEstimate:
    """Instructions, the register of the one that runs, what engines share, and the ends of streams."""
    shared = [m for name, table in facts.tables.items() for m in _constants(name, table, 1, facts.loaded)]
    program = facts.instructions
    # The instruction that runs, and, where they are loaded, the next one, in words and in fields.
    registers = 3 * program.width if facts.loaded else program.width
    stored = [fifo("loading", LOADED_WORDS, LOADED_BITS)]
    if not facts.loaded:
        stored = [rom("program", program.depth, program.width, "auto")]
    counter = max(2, program.depth.bit_length())
    parts: Named = [
        ("instruction", Resources(ff=registers)),
        ("control", HANDSHAKE + cells("control", "nest", 1, counter)),
        *(("streams", cells("fifo", "registers", bits)) for bits in facts.ports),
    ]
    if facts.loaded:
        parts.append(("AXI ports", AXI_PORTS))
    return _block(parts, [*shared, *stored])


def _block(parts: Named, memories: Iterable[Memory] = ()) -> BlockEstimate:
    stored = tuple(memories)
    found = gathered([*parts, *((memory.component, memory_cells(memory)) for memory in stored)])
    return BlockEstimate(**_fields(total(found.values())), components=MappingProxyType(found), memories=stored)


def _fields(cost: Resources) -> dict[str, Any]:
    return {name: getattr(cost, name) for name in Resources.__dataclass_fields__}
