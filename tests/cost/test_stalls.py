"""The cycle model of streams: times worked out by hand, and a plain simulation that looks at every cycle."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from flowing import random_splits
from networks import quantized_network

from hlsq.cost.dataflow import Channel, Process, processes
from hlsq.cost.fifos import fifo_depths
from hlsq.cost.schedule import Schedule, copying
from hlsq.cost.stalls import Style, run
from hlsq.cost.words import stream_words
from hlsq.errors import OptionError

A, B = Channel("a", ("loop", 0)), Channel("b", ("end", 0))
NONE = np.empty(0, dtype=np.int64)


def line(sent: list[int], loop: Schedule, taken: list[int]) -> list[Process]:
    """A loop between somebody who sends packets and somebody who takes them in these iterations."""
    return [
        Process("start", Schedule(sent[-1] + 1, (), np.asarray(sent)), (), (A,)),
        Process("loop", loop, (A,), (B,)),
        Process("end", Schedule(taken[-1] + 1, (np.asarray(taken),), NONE), (B,), ()),
    ]


@pytest.mark.parametrize(("style", "arrives"), [("flp", 8), ("stp", 56)])
@pytest.mark.parametrize("rewind", [False, True])
def test_results_in_flight_leave_a_pipeline_that_flushes(style: Style, arrives: int, rewind: bool) -> None:
    first_of_three = Schedule(3, (np.arange(3),), np.asarray([0]))
    # The packets are there in cycles 2, 3 and 52. A result in flight takes five moves of the pipeline, one in cycle 3,
    # and is taken a cycle later; unless it flushes, the other moves begin in cycle 52.
    flow = run(line([0, 1, 50], first_of_three, [0]), {}, style=style, pipeline={"loop": 5}, samples=1, rewind=rewind)
    assert (flow.finished, flow.waiting) == ((arrives,), ())
    # With no third packet to wait for, the loop has ended.
    first_of_two = Schedule(2, (np.arange(2),), np.asarray([0]))
    flow = run(line([0, 1], first_of_two, [0]), {}, style=style, pipeline={"loop": 5}, samples=1)
    assert flow.finished == (8,)


@pytest.mark.parametrize("style", ["flp", "stp"])
def test_a_full_stream_stops_the_pipeline_before_it(style: Style) -> None:
    network = line([*range(7)], copying(7), [0, *range(100, 106)])
    flow = run(network, {A: 3, B: 2}, style=style, samples=1)
    # The first packet is taken in cycle 4; 100 cycles later six more, one a cycle. Until then they wait: three before
    # the loop, one in its pipeline, two behind it.
    assert flow.finished == (4 + 105,)
    assert (flow.peaks[A], flow.peaks[B]) == (3, 2)


@dataclass
class Plain:
    """A process whose pipeline is a list of its stages, each with what the iteration there writes, or a bubble."""

    process: Process
    stages: list[bool]
    plan: deque[tuple[tuple[Channel, ...], bool]]
    flushes: bool


def every_cycle(
    network: Sequence[Process],
    depths: dict[Channel, int],
    styles: dict[str, Style],
    pipeline: dict[str, int],
    samples: int,
    rewind: bool,
) -> tuple[bool, int, dict[Channel, int], dict[str, list[int]]]:
    """What ``run`` computes, the slow way: whether all are done, cycles, peaks, and when each process reads."""
    level = {c: 0 for p in network for c in (*p.inputs, *p.outputs)}
    peaks, times = dict(level), {p.name: list[int]() for p in network}
    loops = []
    for p in network:
        depth = pipeline.get(p.name, 1)
        sample = [
            (
                tuple(c for c, reads in zip(p.inputs, p.schedule.reads, strict=True) if i in reads),
                i in p.schedule.writes and bool(p.outputs),
            )
            for i in range(p.schedule.iterations)
        ]
        plan = (sample + [((), False)] * (0 if rewind else depth)) * samples + [((), False)] * depth
        loops.append(Plain(p, [False] * depth, deque(plan), styles.get(p.name, "flp") == "flp"))
    now = last = 0
    while now <= last + 2 * max(len(p.plan) for p in loops) + 100:
        before = dict(level)
        for p in loops:
            reads = p.plan[0][0] if p.plan else ()
            empty = not all(before[c] for c in reads)
            if p.stages[-1] and not all(before[c] < depths.get(c, 2) for c in p.process.outputs):
                continue
            if empty and not p.flushes:
                continue
            if p.stages.pop():
                last = now
                for c in p.process.outputs:
                    level[c] += 1
            p.stages.insert(0, False)
            if p.plan and not empty:
                p.stages[0] = p.plan.popleft()[1]
                if reads:
                    last = now
                    times[p.process.name].append(now)
                    for c in reads:
                        level[c] -= 1
        for c, n in level.items():
            peaks[c] = max(peaks[c], n)
        now += 1
    return not any(any(r or w for r, w in p.plan) or any(p.stages) for p in loops), last, peaks, times


def test_every_cycle_looked_at_gives_the_same() -> None:
    came_through = []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        graph = quantized_network(seed, blocks=4)
        words = stream_words(graph, (4096, 24)[seed % 2])
        splits = random_splits(graph, rng, 4, words)
        network = processes(graph, splits, words)
        channels = [c for p in network for c in p.inputs]
        enough = fifo_depths(graph, splits, words)
        for depths in (enough, {c: int(rng.integers(1, 3)) for c in channels}):
            styles: dict[str, Style] = {p.name: ("stp", "flp")[rng.integers(2)] for p in network}
            pipeline = {p.name: int(rng.integers(1, 20)) for p in network}
            for rewind in (False, True):
                flow = run(network, depths, style=styles, pipeline=pipeline, samples=2, rewind=rewind)
                done, last, peaks, times = every_cycle(network, depths, styles, pipeline, 2, rewind)
                assert (not flow.waiting, flow.cycles) == (done, last)
                ends = [(times[p.name], len(p.schedule.reads[0])) for p in network if not p.outputs]
                ended = [taken[count - 1 :: count] for taken, count in ends]
                assert list(flow.finished) == [max(t) for t in zip(*ended, strict=False)]
                # Whether a packet that comes as another one goes still met it is a matter of taste.
                assert all(peaks[c] <= n <= peaks[c] + 1 for c, n in flow.peaks.items())
                came_through.append(done)
    assert any(came_through)
    assert not all(came_through)


def test_options_that_make_no_sense_are_refused() -> None:
    network = line([0], copying(1), [0])
    with pytest.raises(OptionError, match=r"style of 'start': 'slow' is unknown; valid: flp, stp"):
        run(network, {}, style="slow")  # type: ignore[arg-type]
    with pytest.raises(OptionError, match=r"pipeline depth of 'loop': 0 is not allowed"):
        run(network, {}, pipeline={"loop": 0})
    with pytest.raises(OptionError, match=r"pipeline depth: 'lop' is unknown; valid: end, loop, start"):
        run(network, {}, pipeline={"lop": 3})
    with pytest.raises(OptionError, match=r"samples: 0 is not allowed"):
        run(network, {}, samples=0)


@pytest.mark.parametrize("option", ["samples", "pipeline", "style", "rewind"])
def test_values_of_any_kind_are_refused(option: str) -> None:
    network = line([0], copying(1), [0])
    odd = [None, 1.5, float("nan"), "3", [2], 10**5000, np.array([1, 2]), 0, -1, {"loop": 10**9}, {"loop": "x" * 10**5}]
    for value in odd:
        with pytest.raises(OptionError, match=option) as refused:
            run(network, {}, **{option: value})  # type: ignore[arg-type]
        assert len(str(refused.value)) < 300
    assert run(network, {}, samples=np.int64(2), pipeline={"loop": np.int32(3)}).waiting == ()  # type: ignore[dict-item]
