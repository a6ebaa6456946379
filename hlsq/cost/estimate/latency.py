"""Cycles from the first input to the last output of a sample, with FIFOs that never fill up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hlsq.cost.dataflow import Channel, Process
from hlsq.cost.schedule import Indices, Schedule
from hlsq.graph import QuantizedGraph

PIPELINE_STAGES = 12
"""Cycles from a read to the write that follows from it: an assumption, as synthesis chooses them."""


@dataclass(frozen=True)
class Times:
    """When a process got its first packet and wrote its last one, in cycles from the start."""

    first: int
    last: int

    @property
    def latency(self) -> int:
        """Cycles between the two."""
        return self.last - self.first


def stream_times(processes: Sequence[Process], stages: int = PIPELINE_STAGES) -> dict[str, Times]:
    """By process, for the first sample: each iteration starts a cycle after the last, or when its packets are there.

    FIFOs have room for everything, so this is a lower bound of what ``simulate_streams`` finds, and equal to it where
    no FIFO is full.
    """
    there: dict[Channel, Indices] = {}
    found: dict[str, Times] = {}
    for process in processes:
        loop = process.schedule
        reads = loop.reads if process.inputs else loop.reads[:0]
        if len(reads):
            arrived = np.max([there[channel] for channel in process.inputs], axis=0)
            late = np.maximum.accumulate(np.maximum(arrived - reads, 0))
            started = _delayed(loop, reads, late)
            first, last = int(arrived[0]), int(reads[-1] + late[-1])
        else:
            started, first, last = loop.writes, 0, loop.iterations
        # The host's packets are there as it sends them, a cycle after it wrote them.
        written = started + (stages if process.inputs else 0) + 1
        for channel in process.outputs:
            there[channel] = written
        found[process.name] = Times(first, int(written[-1]) if len(written) else last)
    return found


def _delayed(loop: Schedule, reads: Indices, late: Indices) -> Indices:
    """When the iterations that write start, given by how much those that read are late."""
    before = np.searchsorted(reads, loop.writes, side="right") - 1
    return loop.writes + np.where(before >= 0, late[before], 0)


def memory_times(
    graph: QuantizedGraph, iterations: Mapping[str, int], stages: int = PIPELINE_STAGES
) -> dict[str, Times]:
    """By block, where each starts when all of its inputs are whole."""
    whole = {item.name: 0 for item in graph.inputs}
    found = {}
    for block in graph.blocks:
        start = max(whole[name] for name in block.inputs)
        work = iterations[block.name]
        whole[block.name] = start + work + (stages if work else 0)
        found[block.name] = Times(start, whole[block.name])
    return found
