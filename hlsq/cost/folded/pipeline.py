"""The estimate of a pipeline of folded accelerators: its stages, and what lies between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from types import MappingProxyType
from typing import Any

from hlsq.cost.estimate.cells import gathered, merged, total
from hlsq.cost.estimate.model import BlockEstimate, Estimate, Resources
from hlsq.cost.estimate.storage import fifo, memory_cells
from hlsq.cost.folded.facts import FoldedFacts
from hlsq.cost.folded.whole import estimate_folded
from hlsq.cost.parts import Part

BETWEEN = "between stages"
"""The block of an estimate that has all FIFOs."""


@dataclass(frozen=True)
class Fifo:
    """A stream between two stages, or between one and a port: ``depth`` words of ``width`` bits of ``tensor``."""

    tensor: str
    depth: int
    width: int


def estimate_pipeline(
    stages: Mapping[str, FoldedFacts],
    cycles: Mapping[str, int],
    fifos: Sequence[Fifo],
    *,
    latency: int,
    clock_period: float = 5.0,
    capacity: Part | None = None,
    limit: float = 0.8,
) -> Estimate:
    """What the pipeline is expected to take of a 7-series part, after synthesis, and its cycles.

    Resources are the sums of the stages', each by itself, and of the FIFOs. What copies words for two readers or makes
    words of another width is a register and a counter, and not counted.

    Args:
        stages: facts by name, in order.
        cycles: of each for a sample, with what it waits for others.
        fifos: between them.
        latency: cycles of a sample from beginning to end.
        clock_period: in nanoseconds.
        capacity: of the part, if it is known.
        limit: share of it that the design may take.
    """
    interval = max(cycles.values())
    blocks: dict[str, BlockEstimate] = {}
    for name, facts in stages.items():
        alone = estimate_folded(facts)
        for part, found in alone.blocks.items():
            engine = next((e for e in facts.engines if e.name == part), None)
            useful = engine.macs / (engine.pes * interval) if engine is not None and engine.pes else 0.0
            label = part if part.startswith(name) else f"{name} {part}"
            blocks[label] = replace(found, useful=useful)
    memories = tuple(fifo("FIFOs", item.depth, item.width) for item in fifos)
    parts = gathered([(memory.component, memory_cells(memory)) for memory in memories])
    blocks[BETWEEN] = BlockEstimate(
        **_amounts(total(parts.values())), components=MappingProxyType(parts), memories=memories
    )
    components = merged(found.components for found in blocks.values())
    engines = [engine for facts in stages.values() for engine in facts.engines]
    pes, macs = sum(engine.pes for engine in engines), sum(engine.macs for engine in engines)
    return Estimate(
        **_amounts(total(components.values())),
        pes=pes,
        latency=latency,
        interval=interval,
        useful=macs / (pes * interval) if pes else 0.0,
        components=MappingProxyType(components),
        memories=tuple(memory for found in blocks.values() for memory in found.memories),
        blocks=MappingProxyType(blocks),
        clock_period=clock_period,
        capacity=capacity,
        limit=limit,
    )


def _amounts(cost: Resources) -> dict[str, Any]:
    return {item.name: getattr(cost, item.name) for item in fields(Resources)}
