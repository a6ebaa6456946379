"""The estimate of a design: blocks, streams, cycles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from hlsq.cost.dataflow import Process, copied, processes
from hlsq.cost.estimate.blocks import block_memories, block_parts
from hlsq.cost.estimate.cells import merged, total
from hlsq.cost.estimate.choices import Choices, PEs
from hlsq.cost.estimate.facts import facts_of
from hlsq.cost.estimate.latency import array_latency, stream_latency
from hlsq.cost.estimate.links import Links, links_of
from hlsq.cost.estimate.model import BlockEstimate, Estimate, Resources
from hlsq.cost.estimate.pipeline import COPY_STAGES, pipeline_depths
from hlsq.cost.fifos import fifo_depths
from hlsq.cost.iterations import loop_iterations
from hlsq.cost.pacing import pacing_depths
from hlsq.cost.parts import Part
from hlsq.cost.reuse import Split
from hlsq.cost.streams import positions
from hlsq.graph import QBlock, QuantizedGraph


def estimate(
    graph: QuantizedGraph,
    splits: Mapping[str, Split],
    pes: Mapping[str, PEs],
    choices: Choices,
    *,
    keeps_pace: bool = False,
    words: Mapping[str, int] | None = None,
    clock_period: float = 5.0,
    capacity: Part | None = None,
    limit: float = 0.8,
) -> Estimate:
    """What the dataflow design of ``graph`` is expected to take of a 7-series part, after synthesis, and its cycles.

    Resources are sums of units that Yosys synthesised (``hlsq.cost.units``), with the factors and residuals of
    ``packings()`` where designs of the kind are published. The interval is that of the slowest loop at one iteration a
    cycle; unless FIFOs keep the pace, streams that fill up may add to it, which ``simulate_streams`` tells. The latency
    is that of a sample that comes alone, with pipelines as ``pipeline_depth`` assumes them.

    Args:
        graph: the network.
        splits: steps of the blocks that compute.
        pes: of the blocks with weights.
        choices: options of the design.
        keeps_pace: whether FIFOs let blocks that are all equally slow keep their pace.
        words: of a packet of every tensor (see ``stream_words``); None for one each.
        clock_period: in nanoseconds.
        capacity: of the part, if it is known.
        limit: share of it that the design may take.
    """
    cycles = {b.name: loop_iterations(graph, b, splits.get(b.name), words) for b in graph.blocks}
    stages = pipeline_depths(graph, splits, pes, choices)
    network = processes(graph, splits, words) if choices.streams else ()
    paced = pacing_depths(network, stages) if choices.streams and keeps_pace else None
    depths = fifo_depths(graph, splits, words, paced) if choices.streams else {}
    links = links_of(graph, depths, choices, words)
    interval = max(cycles.values(), default=0)
    blocks = {
        b.name: _block(
            graph, b, splits.get(b.name), pes.get(b.name), choices, links.get(b.name, Links()), cycles[b.name],
            stages.get(b.name, 0), interval,
        )
        for b in graph.blocks
    }  # fmt: skip
    summed = merged(found.components for found in blocks.values())
    elements = sum(found.pes for found in blocks.values())
    busy = sum(facts_of(graph, block).products for block in graph.blocks)
    return Estimate(
        **_fields(total(summed.values())),
        pes=elements,
        latency=_stream_latency(network, stages) if choices.streams else _array_latency(graph, cycles, stages),
        interval=interval,
        useful=busy / (elements * interval) if elements else 0.0,
        components=MappingProxyType(summed),
        memories=tuple(memory for found in blocks.values() for memory in found.memories),
        blocks=MappingProxyType(blocks),
        clock_period=clock_period,
        capacity=capacity,
        limit=limit,
    )


def _block(
    graph: QuantizedGraph,
    block: QBlock,
    split: Split | None,
    pes: PEs | None,
    choices: Choices,
    links: Links,
    cycles: int,
    stages: int,
    interval: int,
) -> BlockEstimate:
    parts = merged((block_parts(graph, block, split, pes, choices), links.parts))
    elements = split.pes if split is not None and pes is not None else 0
    return BlockEstimate(
        **_fields(total(parts.values())),
        pes=elements,
        latency=cycles + stages,
        interval=cycles,
        useful=facts_of(graph, block).products / (elements * interval) if elements else 0.0,
        components=MappingProxyType(parts),
        memories=(*block_memories(graph, block, split, choices), *links.memories),
    )


def _stream_latency(network: Sequence[Process], stages: Mapping[str, int]) -> int:
    return stream_latency(network, {p.name: stages.get(p.name, COPY_STAGES) for p in network if p.inputs and p.outputs})


def _array_latency(graph: QuantizedGraph, cycles: Mapping[str, int], stages: Mapping[str, int]) -> int:
    counts = positions(graph)
    took = {name: cycles[name] + stages[name] for name in stages}
    return array_latency(graph, took, {name: counts[name] + COPY_STAGES for name in copied(graph)})


def _fields(cost: Resources) -> dict[str, Any]:
    return {name: getattr(cost, name) for name in Resources.__dataclass_fields__}
