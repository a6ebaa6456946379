"""How many words each FIFO of a streamed design holds: never a standstill, and for a target never a wait."""

from __future__ import annotations

from collections.abc import Mapping

from hlsq.cost.dataflow import MINIMUM_DEPTH, Channel, channels_of, copied
from hlsq.cost.depths import stream_depths
from hlsq.cost.reuse import Split
from hlsq.graph import QuantizedGraph


def fifo_depths(
    graph: QuantizedGraph,
    splits: Mapping[str, Split],
    words: Mapping[str, int] | None = None,
    paced: Mapping[Channel, int] | None = None,
) -> dict[Channel, int]:
    """Words that each stream has to hold: between two blocks, to a process that copies, or to the host.

    Args:
        graph: the network.
        splits: steps of the blocks that compute.
        words: of a packet of every tensor (see ``stream_words``); None for one each.
        paced: what it takes that blocks which are all equally slow do not wait for each other (``pacing_depths``);
            None where they may.
    """
    joins, several = stream_depths(graph, splits), copied(graph)
    depths: dict[Channel, int] = {}
    for name, channels in channels_of(graph).items():
        size = 1 if words is None else words[name]
        if name in several or not channels:
            depths[Channel(name, None)] = MINIMUM_DEPTH * size
        for channel in channels:
            assert channel.reader is not None  # noqa: S101 - blocks and the host
            block, number = channel.reader
            packets = MINIMUM_DEPTH if block is None else joins.get((block, number), MINIMUM_DEPTH)
            depths[channel] = max((paced or {}).get(channel, 0), packets * size)
    return depths
