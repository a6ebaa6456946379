"""The estimate of a design: blocks, streams, cycles."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from hlsq.cost.dataflow import processes
from hlsq.cost.estimate.blocks import block_parts
from hlsq.cost.estimate.cells import total
from hlsq.cost.estimate.choices import Choices, PEs
from hlsq.cost.estimate.latency import memory_times, stream_times
from hlsq.cost.estimate.links import link_parts
from hlsq.cost.estimate.model import BlockEstimate, Estimate, Resources
from hlsq.cost.fifos import fifo_depths
from hlsq.cost.iterations import loop_iterations
from hlsq.cost.parts import Part
from hlsq.cost.reuse import Split
from hlsq.cost.streams import positions
from hlsq.graph import QBlock, QuantizedGraph

Parts = Mapping[str, Resources]


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
    ``packings()`` where designs of the kind are published; of control and pipeline registers within a block only what
    these units hold. The interval is that of the slowest loop at one iteration a cycle; streams that fill up may add
    a few percent, which ``simulate_streams`` tells. The latency assumes pipelines of ``PIPELINE_STAGES`` stages.

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
    run = processes(graph, splits) if choices.streams else ()
    depths = fifo_depths(graph, splits, run, keeps_pace) if choices.streams else {}
    links = link_parts(graph, depths, choices, words)
    cycles = {b.name: loop_iterations(graph, b, splits.get(b.name), words) for b in graph.blocks}
    interval = max(cycles.values(), default=0)
    if choices.streams:
        times = stream_times(run)
        host = [time.last for name, time in times.items() if name.startswith("host's ")]
        latency = max(host, default=0)
    else:
        times = memory_times(graph, cycles)
        latency = max((times[name].last for name in graph.outputs), default=0)
    blocks = {}
    for block in graph.blocks:
        parts = {
            **block_parts(graph, block, splits.get(block.name), pes.get(block.name), choices),
            **links.get(block.name, {}),
        }
        blocks[block.name] = _block(
            graph, block, splits.get(block.name), parts, cycles[block.name], interval,
            times[block.name].latency if block.name in times else 0,
        )  # fmt: skip
    summed: dict[str, Resources] = {}
    for found in blocks.values():
        for name, part in found.parts.items():
            summed[name] = summed.get(name, Resources()) + part
    whole = total(summed)
    elements = sum(found.pes for found in blocks.values())
    busy = sum(found.useful * found.pes for found in blocks.values())
    return Estimate(
        **_fields(whole),
        pes=elements,
        latency=latency,
        interval=interval,
        useful=busy / elements if elements else 0.0,
        parts=MappingProxyType(summed),
        blocks=MappingProxyType(blocks),
        clock_period=clock_period,
        capacity=capacity,
        limit=limit,
    )


def _block(
    graph: QuantizedGraph,
    block: QBlock,
    split: Split | None,
    parts: dict[str, Resources],
    cycles: int,
    interval: int,
    latency: int,
) -> BlockEstimate:
    elements = split.pes if split is not None and block.weights is not None else 0
    useful = 0.0
    if elements and split is not None and interval:
        found = split.products.taps * split.products.outputs * (positions(graph)[block.name] if elements else 0)
        useful = found / (elements * interval)
    return BlockEstimate(
        **_fields(total(parts)),
        pes=elements,
        latency=latency,
        interval=cycles,
        useful=useful,
        parts=MappingProxyType(parts),
    )


def _fields(cost: Resources) -> dict[str, Any]:
    return {name: getattr(cost, name) for name in Resources.__dataclass_fields__}
