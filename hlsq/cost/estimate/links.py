"""FIFOs or memories that bring a block its inputs, and take the outputs of a network."""

from __future__ import annotations

from collections.abc import Mapping

from hlsq.cost.buffers import memory_blocks
from hlsq.cost.dataflow import MINIMUM_DEPTH, channels_of, copied
from hlsq.cost.depths import stream_depths
from hlsq.cost.estimate.choices import Choices
from hlsq.cost.estimate.model import Resources
from hlsq.cost.estimate.storage import fifo, ram
from hlsq.cost.reuse import Split
from hlsq.cost.streams import packet_sizes, positions
from hlsq.graph import QuantizedGraph


def link_parts(
    graph: QuantizedGraph, splits: Mapping[str, Split], choices: Choices, words: Mapping[str, int] | None = None
) -> dict[str, dict[str, Resources]]:
    """Resources by block and part: of what each reads, of copies of what it writes, and of outputs it gives the host.

    Args:
        graph: the network.
        splits: steps of the blocks that compute.
        choices: options of the design.
        words: of a packet of every tensor; None for one each.
    """
    return _streams(graph, splits, words or {}) if choices.streams else _memories(graph, choices)


def _streams(
    graph: QuantizedGraph, splits: Mapping[str, Split], words: Mapping[str, int]
) -> dict[str, dict[str, Resources]]:
    depths, sizes = stream_depths(graph, splits), packet_sizes(graph)
    found: dict[str, dict[str, Resources]] = {}
    several = copied(graph)
    first = {item.name: next(iter(graph.consumers(item.name)), None) for item in graph.inputs}
    for name, channels in channels_of(graph).items():
        width = graph.intervals[name].width
        for channel in channels:
            reader, number = channel.reader if channel.reader is not None else (None, 0)
            pieces = words.get(channel.tensor, 1)
            depth = depths.get((reader, number), MINIMUM_DEPTH) if reader is not None else MINIMUM_DEPTH
            owner = reader if reader is not None else _owner(graph, name, first)
            # Ports of the network are streams of a register stage each, as deep as the smallest FIFO.
            _add(found, owner, "streams", fifo(depth * pieces, -(-sizes[channel.tensor] // pieces) * width))
        if name in several:
            _add(found, _owner(graph, name, first), "streams", fifo(MINIMUM_DEPTH, sizes[name] * width))
            _add(found, _owner(graph, name, first), "copies", Resources(lut=20, ff=sizes[name] * width))
    return found


def _memories(graph: QuantizedGraph, choices: Choices) -> dict[str, dict[str, Resources]]:
    sizes, count = packet_sizes(graph), positions(graph)
    found: dict[str, dict[str, Resources]] = {}
    for channel, blocks in memory_blocks(graph).items():
        if channel.reader is None or channel.reader[0] is None:
            continue
        name = channel.tensor
        memory = ram(count[name] * blocks, sizes[name] * graph.intervals[name].width, "auto")
        _add(found, channel.reader[0], "memories", memory)
    return found


def _owner(graph: QuantizedGraph, name: str, first: Mapping[str, object]) -> str:
    """The block that writes ``name``, or the first that reads it where the host does."""
    if name in graph.by_name:
        return name
    reader = first.get(name)
    return graph.blocks[0].name if reader is None else str(reader.name)  # type: ignore[attr-defined]


def _add(found: dict[str, dict[str, Resources]], block: str, part: str, cost: Resources) -> None:
    parts = found.setdefault(block, {})
    parts[part] = parts.get(part, Resources()) + cost
