"""The processes of a streamed design and the FIFOs between them, as the generated top level connects them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hlsq.cost.reuse import Split
from hlsq.cost.schedule import Schedule, copying, schedule
from hlsq.cost.streams import positions
from hlsq.cost.wires import carriers
from hlsq.graph import QuantizedGraph

MINIMUM_DEPTH = 2
"""Packets in a stream that has nothing to bridge: enough for one a cycle, as what is read makes room a cycle later."""

Reader = tuple[str | None, int]
"""A block and the number of its input, or None for the host."""


@dataclass(frozen=True)
class Channel:
    """A FIFO: from a block, an input or the copies of a tensor, to one reader.

    Attributes:
        tensor: what it carries.
        reader: who takes it; None for a process that copies the tensor for several readers, or discards it.
    """

    tensor: str
    reader: Reader | None

    def __str__(self) -> str:
        if self.reader is None:
            return f"{self.tensor} to its copies"
        block, number = self.reader
        return f"{self.tensor} to " + ("the host" if block is None else f"{block}, input {number}")


@dataclass(frozen=True, eq=False)
class Process:
    """One pipelined loop: a block, the copies of a tensor, or the host on either side.

    Attributes:
        name: of the block, or what it is.
        schedule: when it reads and writes.
        inputs: each read as ``schedule`` says.
        outputs: written together.
        copies: whether it only hands on what it reads, or discards it.
    """

    name: str
    schedule: Schedule
    inputs: tuple[Channel, ...]
    outputs: tuple[Channel, ...]
    copies: bool = False


def channels_of(graph: QuantizedGraph) -> dict[str, tuple[Channel, ...]]:
    """Who takes the packets of each input and block that is no wire, also by the names of wires; the host last."""
    carried = carriers(graph)
    found: dict[str, tuple[Channel, ...]] = {}
    for name in dict.fromkeys(carried.values()):
        names = [other for other, carrier in carried.items() if carrier == name]
        blocks = [
            Channel(other, (block.name, number))
            for other in names
            for block in graph.blocks
            for number, source in enumerate(block.inputs)
            if source == other and carried[block.name] == block.name
        ]
        found[name] = (*blocks, *(Channel(other, (None, 0)) for other in names if other in graph.outputs))
    return found


def copied(graph: QuantizedGraph) -> set[str]:
    """Tensors that a process of its own copies: several take them, or the host takes what it has sent."""
    inputs = {item.name for item in graph.inputs}
    return {
        name
        for name, channels in channels_of(graph).items()
        if len(channels) > 1 or (name in inputs and any(c.reader == (None, 0) for c in channels))
    }


def processes(
    graph: QuantizedGraph, splits: Mapping[str, Split], words: Mapping[str, int] | None = None
) -> tuple[Process, ...]:
    """All processes of the streamed design of ``graph``, upstream first.

    The host sends and takes a word of each of its streams a cycle, each as soon as there is one or room for it.

    Args:
        graph: the network.
        splits: steps of the blocks that compute.
        words: of a packet of every tensor (see ``stream_words``); None for one each.
    """
    count, channels, several = positions(graph), channels_of(graph), copied(graph)
    if words is not None:
        count = {name: packets * words[name] for name, packets in count.items()}
    found: list[Process] = []

    def distribute(name: str) -> Channel:
        """What the producer of ``name`` writes; with a process that copies or discards it where there must be one."""
        readers, copies = channels[name], copying(count[name])
        only = Channel(name, None) if name in several or not readers else readers[0]
        if only.reader is None:
            later.append(Process(f"{'copies' if readers else 'end'} of {name}", copies, (only,), readers, copies=True))
        later.extend(Process(f"host's {c.tensor}", copies, (c,), ()) for c in readers if c.reader == (None, 0))
        return only

    for item in graph.inputs:
        later: list[Process] = []
        sent = Schedule(count[item.name], (), np.arange(count[item.name]))
        found += [Process(f"host's {item.name}", sent, (), (distribute(item.name),)), *later]
    for block in graph.blocks:
        if block.name not in channels:
            continue
        later = []
        inputs = tuple(Channel(source, (block.name, number)) for number, source in enumerate(block.inputs))
        work = schedule(graph, block, splits.get(block.name), words)
        found += [Process(block.name, work, inputs, (distribute(block.name),)), *later]
    return tuple(found)
