"""FIFOs with which blocks that are equally slow keep their pace, in the cycle model."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from flowing import convolution
from networks import NetworkBuilder, quantized_network

from hlsq.cost.balance import balanced, tasks_of
from hlsq.cost.dataflow import MINIMUM_DEPTH, Channel, Process, processes
from hlsq.cost.depths import COPY_DEPTH, stream_depths
from hlsq.cost.pacing import PIPELINE, pacing_depths
from hlsq.cost.schedule import Schedule
from hlsq.cost.stalls import run
from hlsq.formats import Affine
from hlsq.graph.lowering import quantize_graph

SEEDS = range(24)


@cache
def balanced_network(seed: int) -> tuple[tuple[Process, ...], int, dict[Channel, int]]:
    """Processes, their interval, and depths without which a network might stand still."""
    graph = quantized_network(seed)
    tasks = tasks_of(graph)
    fastest = max(task.fastest for task in tasks)
    interval = fastest * (1, 2, 5)[seed % 3]
    splits = balanced(tasks, interval, "")
    network = processes(graph, splits)
    joins = stream_depths(graph, splits)
    depths = {c: joins.get(c.reader, MINIMUM_DEPTH) for p in network for c in p.inputs if c.reader is not None}
    return network, max(p.schedule.iterations for p in network), depths


@pytest.mark.parametrize("seed", SEEDS)
def test_a_balanced_network_keeps_the_interval_of_its_slowest_block(seed: int) -> None:
    network, interval, _ = balanced_network(seed)
    depths = pacing_depths(network)
    stages = {process.name: COPY_DEPTH if process.copies else PIPELINE for process in network}
    flow = run(network, depths, pipeline=stages, samples=6)
    assert not flow.waiting
    assert flow.interval == interval + PIPELINE
    assert run(network, depths, pipeline=stages, samples=6, rewind=True).interval <= interval + PIPELINE
    rng = np.random.default_rng(seed)
    fewer = {name: int(rng.integers(1, most + 1)) for name, most in stages.items()}
    assert run(network, depths, pipeline=fewer, samples=6).interval <= interval + PIPELINE


def test_without_them_it_does_not() -> None:
    late = 0
    for seed in SEEDS:
        network, interval, live = balanced_network(seed)
        late += run(network, live, pipeline=PIPELINE, samples=6).interval > 1.05 * (interval + PIPELINE)
    assert late >= 4


def test_between_two_windows_a_row_and_a_little_more_is_enough_and_needed() -> None:
    b = NetworkBuilder(np.random.default_rng(0))
    source = b.input("x", (9, 9, 2), Affine(8, 0.1))
    graph = quantize_graph(*b.build([convolution(b, "second", convolution(b, "first", source, 3), 3)]))
    network = processes(graph, balanced(tasks_of(graph), 1000, ""))
    interval = max(p.schedule.iterations for p in network)
    between = Channel("first", ("second", 0))
    depth = pacing_depths(network)[between]
    slower = next(
        n
        for n in range(depth, 0, -1)
        if run(network, {between: n}, pipeline=PIPELINE, samples=6).interval > interval + PIPELINE
    )
    assert (slower, depth) == (9, 10)


def test_room_comes_a_cycle_after_a_packet_is_taken() -> None:
    early, late, joined = Channel("a", ("join", 0)), Channel("b", ("join", 1)), Channel("join", (None, 0))
    eight, nothing = np.arange(8), np.empty(0, dtype=np.int64)
    ports = Channel("x", ("a", 0)), Channel("y", ("b", 0))
    network = (
        Process("host's x", Schedule(8, nothing, eight), (), (ports[0],)),
        Process("a", Schedule(12, eight, eight), (ports[0],), (early,)),
        Process("host's y", Schedule(8, nothing, eight), (), (ports[1],)),
        Process("b", Schedule(12, eight, eight + 4), (ports[1],), (late,)),
        Process("join", Schedule(12, eight, eight), (early, late), (joined,)),
        Process("host's join", Schedule(8, eight, nothing), (joined,), ()),
    )
    # The sixth packet comes as the first is taken.
    assert pacing_depths(network, 1) == {early: 6, late: 2}
