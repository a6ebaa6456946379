"""FIFOs or memories that bring a block its inputs, and take the outputs of a network."""

from __future__ import annotations

from collections.abc import Mapping

from hlsq.cost.buffers import memory_blocks
from hlsq.cost.dataflow import MINIMUM_DEPTH, Channel, channels_of, copied
from hlsq.cost.estimate.choices import Choices
from hlsq.cost.estimate.model import Resources
from hlsq.cost.estimate.storage import fifo, ram
from hlsq.cost.streams import packet_sizes, positions
from hlsq.graph import QuantizedGraph


def link_parts(
    graph: QuantizedGraph, depths: Mapping[Channel, int], choices: Choices, words: Mapping[str, int] | None = None
) -> dict[str, dict[str, Resources]]:
    """Resources by block and part: of what each reads, of copies of what it writes, and of outputs it gives the host.

    Args:
        graph: the network.
        depths: packets that each stream holds (see ``fifo_depths``).
        choices: options of the design.
        words: of a packet of every tensor; None for one each.
    """
    return _streams(graph, depths, words or {}) if choices.streams else _memories(graph, choices)


def _streams(
    graph: QuantizedGraph, depths: Mapping[Channel, int], words: Mapping[str, int]
) -> dict[str, dict[str, Resources]]:
    sizes = packet_sizes(graph)
    found: dict[str, dict[str, Resources]] = {}
    several = copied(graph)
    first = {item.name: next(iter(graph.consumers(item.name)), None) for item in graph.inputs}
    for name, channels in channels_of(graph).items():
        width = graph.intervals[name].width
        for channel in channels:
            reader = channel.reader[0] if channel.reader is not None else None
            pieces, depth = words.get(channel.tensor, 1), depths.get(channel, MINIMUM_DEPTH)
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
