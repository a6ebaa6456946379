"""Blocks of the ping-pong memories between the processes of a design whose maps lie in arrays."""

from __future__ import annotations

from hlsq.cost.dataflow import Channel, channels_of, copied
from hlsq.cost.wires import carriers
from hlsq.graph import QuantizedGraph

PING_PONG = 2
"""Blocks of a memory from one process to the next: one is written while the other is read."""


def memory_blocks(graph: QuantizedGraph) -> dict[Channel, int]:
    """How many samples the memory to each block has to hold, so that no process waits while all work at once.

    A process starts when it has all its inputs, so one that comes n processes later works on the nth sample before. A
    shortcut has to keep all samples that are still on the longer way. What a block reads at a port, the host keeps.

    Args:
        graph: the network.
    """
    carried, channels, several = carriers(graph), channels_of(graph), copied(graph)
    # The process that writes what readers of a tensor get, counted from the start.
    place = {item.name: int(item.name in several) for item in graph.inputs}
    ports = {item.name for item in graph.inputs if item.name not in several}
    blocks: dict[Channel, int] = {}
    for block in graph.blocks:
        if block.name not in channels:
            continue
        sources = [carried[source] for source in block.inputs]
        own = max(place[source] for source in sources) + 1
        for number, (name, source) in enumerate(zip(block.inputs, sources, strict=True)):
            if source in ports:
                continue
            blocks[Channel(name, (block.name, number))] = max(own - place[source] + 1, PING_PONG)
        place[block.name] = own + (block.name in several)
    return blocks
