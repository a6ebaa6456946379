"""How many packets each FIFO of a streamed design holds: never a standstill, and for a target never a wait."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hlsq.cost.dataflow import MINIMUM_DEPTH, Channel, Process, channels_of
from hlsq.cost.depths import stream_depths
from hlsq.cost.pacing import pacing_depths
from hlsq.cost.reuse import Split
from hlsq.graph import QuantizedGraph


def fifo_depths(
    graph: QuantizedGraph, splits: Mapping[str, Split], network: Sequence[Process], keeps_pace: bool
) -> dict[Channel, int]:
    """Packets that each stream between two blocks, or to the host, has to hold.

    Args:
        graph: the network.
        splits: steps of the blocks that compute.
        network: its processes with these splits.
        keeps_pace: whether blocks that are all equally slow must not wait for each other (``pacing_depths``).
    """
    joins = stream_depths(graph, splits)
    paced = pacing_depths(network) if keeps_pace else {}
    depths: dict[Channel, int] = {}
    for channels in channels_of(graph).values():
        for channel in channels:
            if channel.reader is None:
                continue
            block, number = channel.reader
            least = MINIMUM_DEPTH if block is None else joins.get((block, number), MINIMUM_DEPTH)
            depths[channel] = max(paced.get(channel, MINIMUM_DEPTH), least)
    return depths
