"""FIFOs with which blocks that are equally slow keep their pace, in the cycle model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache

import numpy as np
import pytest
from flowing import convolution
from networks import NetworkBuilder, quantized_network

from hlsq.cost.balance import balanced, tasks_of
from hlsq.cost.dataflow import Channel, Process, processes
from hlsq.cost.depths import COPY_DEPTH
from hlsq.cost.fifos import fifo_depths
from hlsq.cost.pacing import PIPELINE, pacing_depths
from hlsq.cost.schedule import Schedule, copying
from hlsq.cost.stalls import run
from hlsq.cost.words import stream_words
from hlsq.formats import Affine
from hlsq.graph.lowering import quantize_graph

QUICK = (0, 5, 6, 33, 43, 51)
"""Of the first networks, among them those in which early blocks delayed others by a cycle or two."""
WIDTHS = (4096, 40, 24, 8)
"""Bits of the widest stream; the packets of most tensors go in one word, several, or as many as they have values."""


def balanced_network(seed: int, bits: int) -> tuple[tuple[Process, ...], dict[Channel, int], dict[Channel, int]]:
    """Processes, words that FIFOs hold so that they keep their pace, and those without which they might stand still."""
    graph = quantized_network(seed)
    words = stream_words(graph, bits)
    tasks = tasks_of(graph, words)
    splits = balanced(tasks, max(task.fastest for task in tasks) * (1, 2, 5)[seed % 3], "")
    network = processes(graph, splits, words)
    paced = fifo_depths(graph, splits, words, pacing_depths(network))
    return network, paced, fifo_depths(graph, splits, words)


def stages_by(network: Sequence[Process], of: Callable[[int], int]) -> dict[str, int]:
    """Depths of pipelines, ``of`` the most there can be; copies are no deeper than blocks."""
    inner = [process for process in network if process.inputs and process.outputs]
    stages = {p.name: of(PIPELINE) for p in inner if not p.copies}
    most = min([COPY_DEPTH, *stages.values()])
    return stages | {p.name: min(of(COPY_DEPTH), most) for p in inner if p.copies}


def delays(
    network: Sequence[Process], depths: Mapping[Channel, int], rng: np.random.Generator, samples: int = 6
) -> list[tuple[int, int]]:
    """Intervals of a simulation, and what the slowest process takes, where that is less."""
    found = []
    for of in (int, lambda _: 1, lambda most: int(rng.integers(1, most + 1)), lambda most: int(rng.choice([1, most]))):
        stages = stages_by(network, of)
        for rewind in (False, True):
            flow = run(network, depths, pipeline=stages, samples=samples, rewind=rewind)
            assert not flow.waiting
            slowest = max(p.schedule.iterations + (0 if rewind else stages.get(p.name, 1)) for p in network)
            found += [(flow.interval, slowest)] if flow.interval > slowest else []
    return found


@pytest.mark.parametrize(
    "seed", [seed if seed in QUICK else pytest.param(seed, marks=pytest.mark.slow(1)) for seed in range(120)]
)
def test_a_balanced_network_keeps_the_interval_of_its_slowest_block(seed: int) -> None:
    for bits in (4096, 8) if seed in QUICK else (WIDTHS[seed % 4],):
        network, depths, _ = balanced_network(seed, bits)
        assert delays(network, depths, np.random.default_rng(seed)) == [], bits


def test_without_them_it_does_not() -> None:
    for bits in (4096, 24):
        late = 0
        for seed in range(12):
            network, _, live = balanced_network(seed, bits)
            interval = max(process.schedule.iterations for process in network)
            late += run(network, live, pipeline=stages_by(network, int), samples=6).interval > 1.05 * (
                interval + PIPELINE
            )
        assert late >= 2


def random_processes(rng: np.random.Generator) -> tuple[Process, ...]:
    """Two branches of one to three loops from one tensor, and a loop that joins them; words go at random."""
    most = int(rng.integers(10, 40))

    def loop(name: str, inputs: dict[Channel, int], goes: Channel) -> tuple[Process, int]:
        iterations = most if rng.random() < 0.6 else int(rng.integers(max(inputs.values()), most + 1))

        def some(words: int) -> np.ndarray:
            return np.sort(rng.choice(iterations, words, replace=False))

        reads = tuple(some(words) for words in inputs.values())
        # The last word follows from the last that is read, and none comes before the first.
        first, last = max(int(places[0]) for places in reads), max(int(places[-1]) for places in reads)
        places = np.arange(max(first, last), iterations) if rng.random() < 0.3 else np.arange(first, iterations)
        writes = np.sort(rng.choice(places, int(rng.integers(1, len(places) + 1)), replace=False))
        return Process(name, Schedule(iterations, reads, writes), tuple(inputs), (goes,)), len(writes)

    count = int(rng.integers(1, most + 1))
    sent = Channel("x", None)
    starts = [Channel("x", (f"{branch} 0", 0)) for branch in "ab"]
    copies = Process("copies", copying(count), (sent,), tuple(starts), copies=True)
    found = [Process("host's x", Schedule(count, (), np.arange(count)), (), (sent,)), copies]
    joined = {}
    for number, (branch, last) in enumerate(zip("ab", starts, strict=True)):
        length, words = int(rng.integers(1, 4)), count
        for n in range(length):
            goes = Channel(f"{branch} {n}", (f"{branch} {n + 1}", 0) if n < length - 1 else ("join", number))
            made, words = loop(f"{branch} {n}", {last: words}, goes)
            found.append(made)
            last = goes
        joined[last] = words
    made, words = loop("join", joined, Channel("join", (None, 0)))
    end = Process("host's join", Schedule(words, (np.arange(words),), np.arange(0)), made.outputs, ())
    return (*found, made, end)


def test_loops_of_any_kind_keep_it() -> None:
    for seed in range(300):
        rng = np.random.default_rng(seed)
        network = random_processes(rng)
        assert delays(network, pacing_depths(network), rng) == [], seed


@cache
def two_windows() -> tuple[tuple[Process, ...], Channel]:
    """Two convolutions, and what is between them."""
    b = NetworkBuilder(np.random.default_rng(0))
    source = b.input("x", (9, 9, 2), Affine(8, 0.1))
    graph = quantize_graph(*b.build([convolution(b, "second", convolution(b, "first", source, 3), 3)]))
    return processes(graph, balanced(tasks_of(graph), 800, "")), Channel("first", ("second", 0))


def test_between_two_windows_a_row_and_a_little_more_is_enough() -> None:
    network, between = two_windows()
    interval = max(p.schedule.iterations for p in network)
    depth = pacing_depths(network)[between]
    slower = next(
        n
        for n in range(depth, 0, -1)
        if run(network, {between: n}, pipeline=stages_by(network, int), samples=6).interval > interval + PIPELINE
    )
    assert (slower, depth) == (9, 11)


def test_deeper_pipelines_have_deeper_fifos() -> None:
    eight = np.arange(8)
    channels = [Channel(name, (name, 0)) for name in "abcd"]
    loops = [Schedule(8, (eight,), eight)] * 2
    network = (
        Process("host's x", Schedule(8, (), eight), (), (channels[0],)),
        Process("first", loops[0], (channels[0],), (channels[1],)),
        Process("second", loops[1], (channels[1],), (channels[2],)),
        Process("host's end", Schedule(8, (eight,), np.arange(0)), (channels[2],), ()),
    )
    # A word a cycle comes early by as much as a pipeline is deep, at most.
    assert pacing_depths(network)[channels[1]] == PIPELINE + 1
    assert pacing_depths(network, {"second": 30})[channels[1]] == PIPELINE + 1
    assert pacing_depths(network, {"first": 22, "second": 3})[channels[1]] == 23


def test_a_fast_block_leaves_time_for_its_pipeline() -> None:
    four = np.arange(4)
    x, between, y = Channel("x", ("fast", 0)), Channel("fast", ("slow", 0)), Channel("slow", (None, 0))
    network = (
        Process("host's x", Schedule(4, (), four), (), (x,)),
        Process("fast", Schedule(4, (four,), four), (x,), (between,)),
        Process("slow", Schedule(40, (10 * four,), 10 * four), (between,), (y,)),
        Process("host's slow", Schedule(4, (four,), four[:0]), (y,), ()),
    )
    # It is empty again an interval after it began: with 35 stages all of its words are made in 6 cycles, when three of
    # the sample before are still there, and not in 40.
    assert pacing_depths(network)[between] == 3
    assert pacing_depths(network, {"fast": 35})[between] == 3 + 4


def test_room_comes_a_cycle_after_a_packet_is_taken() -> None:
    early, late, joined = Channel("a", ("join", 0)), Channel("b", ("join", 1)), Channel("join", (None, 0))
    eight, nothing = np.arange(8), np.empty(0, dtype=np.int64)
    ports = Channel("x", ("a", 0)), Channel("y", ("b", 0))
    network = (
        Process("host's x", Schedule(8, (), eight), (), (ports[0],)),
        Process("a", Schedule(12, (eight,), eight), (ports[0],), (early,)),
        Process("host's y", Schedule(8, (), eight), (), (ports[1],)),
        Process("b", Schedule(12, (eight,), eight + 4), (ports[1],), (late,)),
        Process("join", Schedule(12, (eight, eight), eight), (early, late), (joined,)),
        Process("host's join", Schedule(8, (eight,), nothing), (joined,), ()),
    )
    # The join reads in cycles 17 to 24: the first word of b is there twelve stages after cycle 4. Five words of the
    # sample before are left in cycle 8, by which there must be room for the last one of a; one in cycle 12, for b's.
    assert pacing_depths(network) == {early: 8 + 4 + 1, late: 9}
