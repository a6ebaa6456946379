"""How many words the FIFOs of a streamed design must hold, so that blocks which are equally slow do not wait.

A window takes its first rows, and those between strides, in a burst, and nothing while it works on the padding behind
the map; what comes before it writes all the time. Where one of them idles most of the time that is no matter: it is
early, or late, at no loss. Where both work all the time, a FIFO has to hold what comes between two bursts.

Guaranteed is that samples follow each other after as many cycles as the slowest process takes for one: iterations of
its loop, and stages of its pipeline unless the next sample starts while that is still full. So it is for pipelines
(that flush) of any depths up to ``stages``, if a process that copies is no deeper than the block before it, and if the
host sends and takes a word a cycle.

Why that is so. Take a timetable: every loop spreads its iterations evenly over the interval, sample after sample, and
starts as late after those before it as its earliest word needs, if pipelines are as deep as they may be. The design, in
which each block works as soon as it can, starts no iteration later, for

* words are there. An iteration starts in time, and as the pipeline then never stands for longer than the next point
  allows, what it computes is written no later than ``stages`` cycles after its time in the table.
* a pipeline stands only while a result finds no room. That may come early, as the block was: until an iteration later
  in the table, where its next one starts, or until its time in the table if that is sooner. So there must be room for a
  word by then. Of words that the reader takes later, and of this one, the FIFO holds all.
* copies are as transparent as a pipeline that never stands, if there is room behind them when there must be before.
* the next sample can start. A loop that is faster than the interval has the more stages for it that its pipeline may
  need, so that what a sample takes it, stages included, is no more than with the shallowest pipelines an interval is.

Samples that follow sooner leave more of the last one in a FIFO, so they are counted as if no pipeline ran empty.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from hlsq.cost.dataflow import MINIMUM_DEPTH, Channel, Process
from hlsq.cost.depths import COPY_DEPTH
from hlsq.cost.schedule import Indices

PIPELINE = 12
"""Stages of a pipeline, from a read to the write that follows from it, up to which any design keeps its pace."""


def pacing_depths(network: Sequence[Process], stages: Mapping[str, int] | None = None) -> dict[Channel, int]:
    """Words that each FIFO between two blocks needs to hold; the minimum for those of the host.

    Args:
        network: the processes, upstream first.
        stages: of their pipelines at most, by name; ``PIPELINE`` where fewer or nothing is said.
    """
    interval = max(process.schedule.iterations for process in network)
    tables: dict[Channel, _Written] = {}
    depths: dict[Channel, int] = {}
    for process in network:
        if not process.inputs or not process.outputs:
            continue  # takes what comes, or sends what is taken
        known = [n for n, channel in enumerate(process.inputs) if channel in tables]
        if process.copies and known:
            source = tables[process.inputs[0]]
            sent = _Written(source.room + 1, source.there + 1 + COPY_DEPTH)
            tables |= dict.fromkeys(process.outputs, sent)
            continue
        most = COPY_DEPTH if process.copies else max(PIPELINE, (stages or {}).get(process.name, 0))
        loop = process.schedule
        spread = max(loop.iterations, interval + 1 - most)
        reads = [_start(places, loop.iterations, spread) for places in loop.reads]
        begin = max((int(np.max(tables[process.inputs[n]].there + 1 - reads[n])) for n in known), default=0)
        for n in known:
            channel = process.inputs[n]
            depths[channel] = max(_most(tables[channel].room, begin + reads[n], interval), MINIMUM_DEPTH)
        there = begin + _start(loop.writes, loop.iterations, spread) + most
        following = begin + _start(loop.writes + 1, loop.iterations, spread)
        written = _Written(np.minimum(following, there), there)
        tables |= dict.fromkeys(process.outputs, written)
    return depths


def _start(places: Indices, iterations: int, spread: int) -> Indices:
    """Cycles in which iterations of a sample start, of as many spread evenly; the next sample may come at once."""
    last = (iterations - 1) * spread // iterations
    return np.where(places < iterations, places * spread // iterations, last + 1)


class _Written:
    """Words of a sample in the timetable.

    Attributes:
        room: the cycle by which there must be room for each.
        there: the cycle in which each is written at the latest.
    """

    def __init__(self, room: Indices, there: Indices) -> None:
        self.room = room
        self.there = there


def _most(written: Indices, read: Indices, period: int) -> int:
    """Words in a FIFO at most, if each of a sample is written and read at these times, again after every period."""
    sample, within = np.divmod(written - read[0], period)
    gone = sample * len(read) + np.searchsorted(read - read[0], within, side="left")
    return int(np.max(np.arange(1, len(written) + 1) - gone))
