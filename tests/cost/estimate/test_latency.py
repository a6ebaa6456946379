"""Cycles of one sample, against the cycle model of streams and by hand."""

import pytest
from flowing import several_inputs_and_outputs
from random_designs import random_design

from hlsq.backends.vitis.design import Design
from hlsq.backends.vitis.options import HardwareOptions
from hlsq.cost.dataflow import Channel
from hlsq.cost.estimate.facts import facts_of
from hlsq.cost.estimate.latency import array_latency, stream_latency
from hlsq.cost.estimate.pipeline import COPY_STAGES, pipeline_depth
from hlsq.cost.stalls import run

ENOUGH = 10**6
SEEDS = [seed for seed in range(14) if seed % 5 != 2]  # those are in io_parallel


def stages_of(design: Design) -> dict[str, int]:
    """Pipelines as the estimate has them; the host's are of one stage."""
    found = {p.name: COPY_STAGES for p in design.processes if p.inputs and p.outputs}
    for b in design.functions:
        costs = None if b.mac is None else b.mac.costs
        facts = facts_of(design.graph, b.block)
        found[b.block.name] = pipeline_depth(facts, b.block, b.split, costs, design.options.choices)
    return found


def simulated(design: Design, depths: dict[Channel, int]) -> int:
    """From the cycle in which the host sends its first packet, which is the first, to the one with the last result."""
    flow = run(design.processes, depths, pipeline=stages_of(design), samples=1)
    assert not flow.waiting
    return flow.finished[0]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_sample_takes_what_the_cycle_model_says_where_no_fifo_is_full(seed: int) -> None:
    _, design = random_design(seed)
    found = stream_latency(design.processes, stages_of(design))
    assert found == simulated(design, dict.fromkeys(design.channel_depths, ENOUGH))
    assert found <= simulated(design, design.channel_depths)
    assert design.estimate.latency == found


def test_branches_that_meet_wait_for_the_later_one() -> None:
    design = Design(several_inputs_and_outputs(), HardwareOptions(reuse_factor=1))
    assert design.estimate.latency == simulated(design, dict.fromkeys(design.channel_depths, ENOUGH))
    # A map of 64 positions; three kernels in a row, of 5, 5 and 3 rows, of which nobody reads the last.
    assert 64 + 2 * 2 * (8 + 1) < design.estimate.latency < 64 + 2 * 2 * (8 + 4) + 100


def test_whole_maps_come_one_after_the_other() -> None:
    graph = several_inputs_and_outputs()
    cycles = {"first": 100, "second": 200, "sum": 30, "unread": 1000}
    assert array_latency(graph, cycles, {}) == 100 + 200 + 30 + 1000
    assert array_latency(graph, cycles | {"unread": 0}, {"x": 7}) == 7 + 100 + 200 + 30
    design = Design(graph, HardwareOptions(io_type="io_parallel", reuse_factor=1))
    assert design.estimate.latency > sum(b.iterations for b in design.blocks if b.block.name != "unread")
