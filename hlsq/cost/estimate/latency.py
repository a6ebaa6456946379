"""Cycles from the first input to the last output of one sample that comes alone, where no FIFO is ever full."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from hlsq.cost.dataflow import Channel, Process
from hlsq.cost.wires import carriers
from hlsq.graph import QuantizedGraph

Times = NDArray[np.int64]


def stream_latency(network: Sequence[Process], stages: Mapping[str, int]) -> int:
    """Latency of a streamed design, as ``hlsq.cost.stalls.run`` has it where no FIFO fills up.

    An iteration starts a cycle after the one before, or, if it reads, a cycle after its words were written, whichever
    is later; what it writes comes as many cycles later as the pipeline has stages. So the time at which a word is read,
    less its iteration, is the largest so far of what the words' arrivals give.

    Args:
        network: its processes, upstream first.
        stages: of their pipelines by name; 1 for others.
    """
    written: dict[Channel, Times] = {}
    first, last = [], [0]
    for process in network:
        plan, depth = process.schedule, stages.get(process.name, 1)
        late = np.zeros(0, dtype=np.int64)
        if process.inputs:
            reads = np.concatenate(plan.reads)
            order = np.argsort(reads, kind="stable")
            arrival = np.concatenate([written[channel] for channel in process.inputs]) + 1
            reads = reads[order]
            late = np.maximum.accumulate(np.maximum(arrival[order] - reads, 0))
            if not process.outputs:
                last.append(int(late[-1] + reads[-1]))
        else:
            reads = late
            first.append(int(plan.writes[0]) + depth)
        before = np.searchsorted(reads, plan.writes, side="right") - 1
        waited = np.where(before >= 0, late[before], 0) if len(late) else 0
        leaving = plan.writes + waited + depth
        written.update(dict.fromkeys(process.outputs, leaving))
    return max(last) - min(first, default=0) + 1


def array_latency(graph: QuantizedGraph, cycles: Mapping[str, int], copies: Mapping[str, int]) -> int:
    """Latency of a design whose maps lie in arrays: each process starts when all its inputs are whole.

    Args:
        graph: the network.
        cycles: of each block that is no wire.
        copies: cycles of the process that copies a tensor, by its name, where there is one.
    """
    carried = carriers(graph)
    done = {item.name: copies.get(item.name, 0) for item in graph.inputs}
    for block in graph.blocks:
        if carried[block.name] == block.name:
            start = max(done[carried[source]] for source in block.inputs)
            done[block.name] = start + cycles[block.name] + copies.get(block.name, 0)
    return max(done.values(), default=0)
