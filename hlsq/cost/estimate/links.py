"""FIFOs or memories that bring a block its inputs, copies of what several read, and ports of the top function."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

from hlsq.cost.buffers import PING_PONG, memory_blocks
from hlsq.cost.dataflow import MINIMUM_DEPTH, Channel, channels_of, copied
from hlsq.cost.estimate.blocks import HANDSHAKE
from hlsq.cost.estimate.cells import cells, gathered, selection
from hlsq.cost.estimate.choices import Choices
from hlsq.cost.estimate.model import Memory, Resources
from hlsq.cost.estimate.storage import fifo, memory_cells, ram
from hlsq.cost.streams import packet_sizes, positions
from hlsq.cost.wires import is_wire
from hlsq.cost.words import value_bits
from hlsq.graph import Interval, QuantizedGraph
from hlsq.graph.ops import Dense


@dataclass(frozen=True)
class Links:
    """What belongs to one block beside its own parts.

    Attributes:
        memories: FIFOs, or memories of whole maps.
        others: the remaining parts.
    """

    memories: tuple[Memory, ...] = ()
    others: tuple[tuple[str, Resources], ...] = ()

    @property
    def parts(self) -> dict[str, Resources]:
        """Resources by part."""
        return gathered([*((memory.component, memory_cells(memory)) for memory in self.memories), *self.others])


def links_of(
    graph: QuantizedGraph,
    depths: Mapping[Channel, int],
    choices: Choices,
    words: Mapping[str, int] | None = None,
) -> dict[str, Links]:
    """By block: what brings its inputs, copies of what it writes, and the ports of outputs that it gives the host.

    What belongs to an input of the network, its first reader has.

    Args:
        graph: the network.
        depths: words that each stream holds (see ``fifo_depths``); the minimum where nothing is said.
        choices: options of the design.
        words: of a packet of every tensor; None for one each.
    """
    memories: dict[str, list[Memory]] = {}
    others: dict[str, list[tuple[str, Resources]]] = {}
    found = _streams(graph, depths, choices, words or {}) if choices.streams else _maps(graph, words or {})
    for block, item in chain(found, _waiting_words(graph, words or {})):
        if isinstance(item, Memory):
            memories.setdefault(block, []).append(item)
        else:
            others.setdefault(block, []).append(item)
    return {
        block: Links(tuple(memories.get(block, ())), tuple(others.get(block, ()))) for block in {**memories, **others}
    }


Found = Iterator[tuple[str, Memory | tuple[str, Resources]]]


def _streams(graph: QuantizedGraph, depths: Mapping[Channel, int], choices: Choices, words: Mapping[str, int]) -> Found:
    sizes, counts, several = packet_sizes(graph), positions(graph), copied(graph)
    ports = {item.name for item in graph.inputs}
    for name, channels in channels_of(graph).items():
        transfers = words.get(name, 1)
        values = -(-sizes[name] // transfers)
        width, owner = values * _bits(graph, name), _owner(graph, name)
        for channel in channels:
            if channel.reader is not None and channel.reader[0] is not None and (name not in ports or name in several):
                depth = depths.get(channel, MINIMUM_DEPTH * transfers)
                storage = choices.storage_of("fifos", channel.reader[0])
                yield channel.reader[0], fifo("streams", depth, width, storage)
        host = (name in ports) + sum(channel.reader == (None, 0) for channel in channels)
        if host:
            yield owner, ("ports", _port(values * value_bits(graph, name)).times(host))
        if name in several or not channels:
            yield owner, ("copies", _copies(counts[name] * transfers, width))
            if name not in ports:
                yield owner, fifo("copies", MINIMUM_DEPTH * transfers, width, choices.storage_of("fifos", owner))


def _maps(graph: QuantizedGraph, words: Mapping[str, int]) -> Found:
    sizes, counts = packet_sizes(graph), positions(graph)
    for channel, blocks in memory_blocks(graph).items():
        if channel.reader is not None and channel.reader[0] is not None:
            name = channel.tensor
            transfers = words.get(name, 1)
            width = -(-sizes[name] // transfers) * _bits(graph, name)
            yield channel.reader[0], ram("maps", blocks, counts[name] * transfers, width, "auto")
    for name in sorted(copied(graph)):
        owner, transfers = _owner(graph, name), words.get(name, 1)
        width = -(-sizes[name] // transfers) * _bits(graph, name)
        yield owner, ("copies", _copies(counts[name] * transfers, width))
        if name in graph.by_name:
            yield owner, ram("copies", PING_PONG, counts[name] * transfers, width, "auto")


def _waiting_words(graph: QuantizedGraph, words: Mapping[str, int]) -> Found:
    """Registers of packets that come or go in several words, as words.h has them.

    Those that arrive move up until the last is there, which waits nowhere. Those that leave are put there at once and
    move on, so that all but the last choose between the two. Dense layers take each word as it comes.
    """
    sizes = packet_sizes(graph)
    for block in graph.blocks:
        if is_wire(graph, block):
            continue
        for name in () if isinstance(block.op, Dense) else block.inputs:
            if (several := words.get(name, 1)) > 1:
                bits = (several - 1) * -(-sizes[name] // several) * _bits(graph, name)
                yield block.name, ("words", Resources(ff=bits) + _counting(several))
        if (several := words.get(block.name, 1)) > 1:
            values = sizes[block.name]
            moving = values - -(-values // several)
            choosing = selection(2, 8).lut / 8 * moving * _bits(graph, block.name)
            yield block.name, ("words", Resources(choosing, values * _bits(graph, block.name)) + _counting(several))


def _counting(words: int) -> Resources:
    """How many words of a packet are still to come, or to go."""
    return cells("control", "nest", 1, max(2, words.bit_length()))


def _bits(graph: QuantizedGraph, name: str) -> int:
    """Of a value in a stream or map."""
    fmt = graph.formats[name]
    return Interval(fmt.qmin, fmt.qmax).width


def _copies(transfers: int, width: int) -> Resources:
    """A process that hands on what it reads, or discards it."""
    return HANDSHAKE + cells("control", "nest", 1, max(2, transfers.bit_length())) + Resources(ff=width)


def _port(bits: int) -> Resources:
    """An AXI stream's register slice: two words, the selection of one in half a LUT a bit, and the handshake."""
    return Resources(bits / 2 + 8, 2 * bits + 4)


def _owner(graph: QuantizedGraph, name: str) -> str:
    """The block that writes ``name``, or the first that reads it where the host does."""
    if name in graph.by_name:
        return name
    return next((block.name for block in graph.consumers(name)), graph.blocks[0].name)
