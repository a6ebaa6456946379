"""Memories between blocks in array mode: all processes work at once, each on a sample of its own."""

from collections import Counter
from collections.abc import Mapping

import pytest
from flowing import several_inputs_and_outputs
from networks import quantized_network

from hlsq.backends.vitis.design import Design
from hlsq.backends.vitis.options import HardwareOptions
from hlsq.cost.buffers import PING_PONG, memory_blocks
from hlsq.cost.dataflow import Channel

NETWORKS = [*range(12), None]


def design_of(seed: int | None) -> Design:
    """A random network, or one of several inputs and outputs."""
    graph = several_inputs_and_outputs() if seed is None else quantized_network(seed)
    return Design(graph, HardwareOptions(io_type="io_parallel"))


def rates(design: Design, blocks: Mapping[Channel, int], slots: int = 20) -> set[int]:
    """Samples that each process does in ``slots``, each of them the time of one sample, once all have begun."""
    loops = [p for p in design.processes if not p.name.startswith("host's")]
    writer = {c: p.name for p in loops for c in p.outputs}
    reader = {c: p.name for p in loops for c in p.inputs}
    done: Counter[str] = Counter()
    begun: Counter[str] = Counter()
    for slot in range(len(loops) + slots):
        if slot == len(loops):
            begun = done.copy()
        before = done.copy()
        for p in loops:
            sample = before[p.name]
            there = all(before[writer[c]] > sample for c in p.inputs if c in writer)
            # A block of the memory is taken from the beginning of its sample until the reader is done with it.
            room = all(sample - before[reader[c]] < blocks.get(c, PING_PONG) for c in p.outputs if c in reader)
            done[p.name] += there and room
    return {done[p.name] - begun[p.name] for p in loops}


@pytest.mark.parametrize("seed", NETWORKS)
def test_no_process_waits(seed: int | None) -> None:
    design = design_of(seed)
    assert rates(design, memory_blocks(design.graph)) == {20}


def test_with_a_block_less_some_do() -> None:
    found = 0
    for seed in NETWORKS:
        design = design_of(seed)
        blocks = memory_blocks(design.graph)
        for channel in (channel for channel, count in blocks.items() if count > PING_PONG):
            assert min(rates(design, {**blocks, channel: blocks[channel] - 1})) < 20, (seed, channel)
            found += 1
    assert found >= 4
