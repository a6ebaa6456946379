"""How many packets the FIFOs of a streamed design must hold, so that blocks which are equally slow do not wait.

A window takes its first rows, and those between strides, in a burst, and nothing while it works on the padding behind
the map; what comes before it writes all the time. Where one of them idles most of the time that is no matter: it is
early, or late, at no loss. Where both work all the time, a FIFO has to hold what comes between two bursts.

Take a timetable: every block spreads its iterations evenly over the interval of the slowest, sample after sample, and
starts as late after those before it as its earliest packet needs. What a FIFO holds at most in this timetable is enough
to keep it. The design, in which each block works as soon as it can, is nowhere later: with the same FIFOs, each read or
write comes as soon as those that it waits for have come, and these come no later than in the timetable. Pipelines that
are less deep than ``pipeline`` only let them come earlier. So samples follow each other after as many cycles as the
slowest block has iterations and stages, where pipelines flush. The host is always ready, so it needs nothing more.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hlsq.cost.dataflow import MINIMUM_DEPTH, Channel, Process
from hlsq.cost.depths import COPY_DEPTH
from hlsq.cost.schedule import Indices

PIPELINE = 12
"""Stages of a pipeline, from a read to the write that follows from it, up to which a design keeps its pace.

A process that copies has ``COPY_DEPTH`` at most."""


def pacing_depths(network: Sequence[Process], pipeline: int = PIPELINE) -> dict[Channel, int]:
    """Packets that each FIFO between two blocks needs to hold; the minimum for those of the host.

    Args:
        network: the processes, upstream first.
        pipeline: their stages.
    """
    interval = max(process.schedule.iterations for process in network)
    period = interval + pipeline
    written: dict[Channel, Indices] = {}
    depths: dict[Channel, int] = {}
    for process in network:
        loop = process.schedule
        known = [channel for channel in process.inputs if channel in written]
        if process.inputs and not process.outputs:
            continue  # takes what comes
        if process.copies:
            (source,) = process.inputs
            sent = written[source] + 1 + COPY_DEPTH if known else loop.writes * interval // loop.iterations
            written |= dict.fromkeys(process.outputs, sent)
            continue
        if not process.inputs:
            continue
        reads, writes = (i * interval // loop.iterations for i in (loop.reads, loop.writes))
        start = max((int(np.max(written[channel] + 1 - reads)) for channel in known), default=0)
        for channel in known:
            depths[channel] = max(_most(written[channel], start + reads, period), MINIMUM_DEPTH)
        written |= dict.fromkeys(process.outputs, start + writes + pipeline)
    return depths


def _most(written: Indices, read: Indices, period: int) -> int:
    """Packets in a FIFO at most, if each of a sample is written and read at these times, again after every period."""
    sample, within = np.divmod(written - read[0], period)
    gone = sample * len(read) + np.searchsorted(read - read[0], within, side="left")
    return int(np.max(np.arange(1, len(written) + 1) - gone))
