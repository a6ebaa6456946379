"""A streamed design cycle by cycle: pipelines that stall, FIFOs that fill up, and whether samples come through.

A loop at an initiation interval of 1 starts an iteration a cycle. What the iteration computed is written as many cycles
later as the pipeline is deep. How it stalls is its style, in the words of the PIPELINE directive:

* ``stp``: when a read finds nothing, or a write no room, the whole pipeline stands, results in flight with it.
* ``flp``: when a read finds nothing, no iteration starts, but those in flight move on; when a write finds no room,
  the whole pipeline stands. (``frp`` differs in what it does then: results wait in a FIFO of its own.)

Nothing happens between two reads or writes of a process, so the simulation goes from one to the next.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import pairwise
from typing import Any, Literal, TypeVar, get_args

import numpy as np

from hlsq.cost.dataflow import MINIMUM_DEPTH, Channel, Process
from hlsq.errors import OptionError
from hlsq.escape import shown

Style = Literal["stp", "flp"]
T = TypeVar("T")
NEVER = 1 << 62
MOST_SAMPLES, MOST_STAGES = 1000, 1_000_000
"""Of a simulation, which takes time and memory for every word of every sample."""


@dataclass(frozen=True)
class Flow:
    """What became of the samples.

    Attributes:
        waiting: every process that was not done, with what it waited for; empty if all samples came through.
        cycles: until the last event.
        finished: the cycle in which the host had the last packet of each sample that came through.
        peaks: most words that each FIFO held.
    """

    waiting: tuple[str, ...]
    cycles: int
    finished: tuple[int, ...]
    peaks: Mapping[Channel, int]

    @property
    def interval(self) -> int:
        """Cycles from one sample to the next; 0 if fewer than two came through.

        Taken before the last one, where there are three. Pipelines that stall and do not break between samples hold
        back results of as many samples as fit into them, which then come all at once at the end.
        """
        gaps = [after - before for before, after in pairwise(self.finished)]
        return gaps[-2] if len(gaps) > 1 else sum(gaps)


@dataclass(eq=False)
class _Fifo:
    """What was written or read in a cycle is seen by the other side in the next."""

    depth: int
    written: int = 0
    read: int = 0
    peak: int = 0
    last_write: int = -1
    last_read: int = -1
    reader: _Loop | None = None
    writer: _Loop | None = None

    def has_packet(self, now: int) -> bool:
        return self.written - (self.last_write == now) > self.read

    def has_room(self, now: int) -> bool:
        return self.written - self.read + (self.last_read == now) < self.depth

    def put(self, now: int) -> None:
        self.written, self.last_write = self.written + 1, now
        self.peak = max(self.peak, self.written - self.read)

    def take(self, now: int) -> None:
        self.read, self.last_read = self.read + 1, now


@dataclass(eq=False)
class _Loop:
    """A process on its way: ``reads`` and ``writes`` are its iterations that do so, over all samples.

    ``taken`` are the FIFOs that each of a sample's ``reads`` takes a word of, side by side.
    The loop has a clock that stands while the pipeline does. ``stood`` cycles are lost that way; ``bubbles`` are those
    in which it went on without starting an iteration.
    """

    process: Process
    depth: int
    flushes: bool
    reads: list[int]
    writes: list[int]
    taken: list[list[_Fifo]]
    inputs: list[_Fifo]
    outputs: list[_Fifo]
    next_read: int = 0
    next_write: int = 0
    stood: int = 0
    bubbles: int = 0
    leaving: deque[int] = field(default_factory=deque)
    times: list[int] = field(default_factory=list)

    def start(self) -> None:
        """Starts the iterations up to the next that reads."""
        end = self.reads[self.next_read] if self.next_read < len(self.reads) else NEVER
        while self.next_write < len(self.writes) and self.writes[self.next_write] < end:
            self.leaving.append(self.writes[self.next_write] + self.bubbles + self.depth)
            self.next_write += 1

    def step(self, now: int) -> tuple[bool, int]:
        """Reads or writes what is due: whether it did, and when to look again if nobody wakes it."""
        clock = now - self.stood
        writing = self.leaving[0] if self.leaving else NEVER
        reading = self.reads[self.next_read] + self.bubbles if self.next_read < len(self.reads) else NEVER
        due = min(writing, reading)
        if due > clock:
            return False, NEVER if due == NEVER else now + due - clock
        # A pipeline that stands does so with the packet it cannot write at its end, or (stp) the read at its front.
        clock = min(clock, writing if self.flushes else due)
        writes, reads = writing == clock, reading <= clock
        if writes and not all(f.has_room(now) for f in self.outputs):
            return False, NEVER
        taken = self.taken[self.next_read % len(self.taken)] if reads else []
        able = reads and all(f.has_packet(now) for f in taken)
        if reads and not able and not self.flushes:
            return False, NEVER
        self.stood = now - clock
        if writes:
            self.leaving.popleft()
            for fifo in self.outputs:
                fifo.put(now)
        if able:
            for fifo in taken:
                fifo.take(now)
            self.bubbles += clock - reading
            self.next_read += 1
            self.times.append(now)
            self.start()
        # A read that found nothing is woken by whoever writes.
        pending = reads and not able
        following = self.leaving[0] if self.leaving else NEVER
        if not pending and self.next_read < len(self.reads):
            following = min(following, self.reads[self.next_read] + self.bubbles)
        return writes or able, NEVER if following == NEVER else now + following - clock

    def done(self) -> bool:
        return self.next_read == len(self.reads) and self.next_write == len(self.writes) and not self.leaving

    def complaint(self, channels: Mapping[int, Channel]) -> str:
        """What it waits for."""
        due = self.taken[self.next_read % len(self.taken)] if self.next_read < len(self.reads) else []
        empty = [str(channels[id(f)]) for f in due if f.written == f.read]
        full = [str(channels[id(f)]) for f in self.outputs if f.written - f.read >= f.depth]
        found = [f"{what} ({', '.join(which)})" for what, which in (("packets", empty), ("room", full)) if which]
        return f"{self.process.name} waits for {' and '.join(found)}"


def run(
    network: Sequence[Process],
    depths: Mapping[Channel, int],
    *,
    style: Style | Mapping[str, Style] = "flp",
    pipeline: int | Mapping[str, int] = 1,
    samples: int = 2,
    rewind: bool = False,
) -> Flow:
    """Send samples through a design.

    Args:
        network: its processes.
        depths: words that each FIFO holds; 2 where nothing is said.
        style: of all pipelines, or of each by the name of its process.
        pipeline: depth of all pipelines, or of each by the name of its process; at least 1, which is what is left out.
        samples: one after the other.
        rewind: whether a loop starts the next sample without a break; else it drains before.

    Raises:
        OptionError: an unknown style or process; samples or stages that are no number from 1 to the most there can be.
    """
    names = [process.name for process in network]
    styles, stages = _each("style", style, names, "flp"), _each("pipeline depth", pipeline, names, 1)
    for name in names:
        if not isinstance(styles[name], str) or styles[name] not in get_args(Style):
            raise OptionError.unknown(f"style of {name!r}", styles[name], get_args(Style))
        stages[name] = _whole(f"pipeline depth of {name!r}", stages[name], MOST_STAGES)
    samples = _whole("samples", samples, MOST_SAMPLES)
    if not isinstance(rewind, bool):
        raise OptionError(f"rewind: {shown(rewind)} is not allowed; give it True or False")
    fifos = {c: _Fifo(depths.get(c, MINIMUM_DEPTH)) for p in network for c in (*p.inputs, *p.outputs)}
    loops = []
    for process in network:
        plan = process.schedule
        depth = stages[process.name]
        period = plan.iterations + (0 if rewind else depth)
        inputs, outputs = [fifos[c] for c in process.inputs], [fifos[c] for c in process.outputs]
        due: dict[int, list[_Fifo]] = {}
        for fifo, places in zip(inputs, plan.reads, strict=True):
            for place in places.tolist():
                due.setdefault(place, []).append(fifo)
        loop = _Loop(
            process,
            depth,
            styles[process.name] == "flp",
            [s * period + i for s in range(samples) for i in sorted(due)],
            [s * period + i for s in range(samples) for i in plan.writes.tolist()] if outputs else [],
            [due[place] for place in sorted(due)],
            inputs,
            outputs,
        )
        for fifo in inputs:
            fifo.reader = loop
        for fifo in outputs:
            fifo.writer = loop
        loops.append(loop)
    cycles = _advance(loops)
    channels = {id(fifo): channel for channel, fifo in fifos.items()}
    ends = [loop for loop in loops if not loop.outputs]
    counts = [len(loop.taken) for loop in ends]
    through = min((len(loop.times) // n for loop, n in zip(ends, counts, strict=True)), default=0)
    return Flow(
        tuple(loop.complaint(channels) for loop in loops if not loop.done()),
        cycles,
        tuple(max(e.times[(s + 1) * n - 1] for e, n in zip(ends, counts, strict=True)) for s in range(through)),
        {channel: fifo.peak for channel, fifo in fifos.items()},
    )


def _whole(what: str, given: Any, most: int) -> int:
    """``given``, which may be NumPy's, if it is a whole number from 1 to ``most``."""
    number = int(given) if isinstance(given, (int, np.integer)) and not isinstance(given, bool) else 0
    if not 1 <= number <= most:
        raise OptionError(f"{what}: {shown(given)} is not allowed; give it a whole number from 1 to {most:,}")
    return number


def _each(what: str, given: T | Mapping[str, T], names: Sequence[str], default: T) -> dict[str, T]:
    """``given`` for each of ``names``."""
    if not isinstance(given, Mapping):
        return dict.fromkeys(names, given)
    for name in given:
        if name not in names:
            raise OptionError.unknown(what, name, names)
    return {name: given.get(name, default) for name in names}


def _advance(loops: Sequence[_Loop]) -> int:
    """Runs until nothing can happen any more; returns the last cycle in which something did."""
    order = {id(loop): number for number, loop in enumerate(loops)}
    events = [(0, number) for number in range(len(loops))]
    known = set(events)

    def wake(loop: _Loop | None, when: int) -> None:
        if loop is not None and (event := (when, order[id(loop)])) not in known:
            known.add(event)
            heappush(events, event)

    for loop in loops:
        loop.start()
    last = 0
    while events:
        event = heappop(events)
        known.remove(event)
        now, loop = event[0], loops[event[1]]
        moved, again = loop.step(now)
        if again < NEVER:
            wake(loop, again)
        if moved:
            last = now
            for fifo in loop.inputs:
                wake(fifo.writer, now + 1)
            for fifo in loop.outputs:
                wake(fifo.reader, now + 1)
    return last
