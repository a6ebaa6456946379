"""Memory for feature maps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import prod

from hlsq.graph import QuantizedGraph
from hlsq.graph.ops import Reshape, Windows
from hlsq.memory.model import FLOAT_BITS, MapMemory, Saving
from hlsq.memory.words import packed_size


@dataclass(frozen=True)
class Working:
    """Inputs and output of one block: as codes, and as codes in words."""

    codes: Saving
    packed: Saving


def working_maps(graph: QuantizedGraph, word_bits: int) -> dict[str, Working]:
    """Of every block, what its inputs and its output need together (the sum in FxP-QNet eq. 26).

    Each map is there once, also where a block reads it twice or reshapes it in place.
    """
    roots = _roots(graph)
    found = {}
    for block in graph.blocks:
        names = dict.fromkeys([roots[block.name], *(roots[source] for source in block.inputs)])
        codes = _size(graph, names)
        packed = sum(packed_size(prod(graph.shapes[n]), graph.formats[n].bits, word_bits) for n in names)
        found[block.name] = Working(codes, Saving(codes.before, packed))
    return found


def map_memory(graph: QuantizedGraph, working: Mapping[str, Working]) -> MapMemory:
    """Of the whole network; the input is live from the first block on, outputs until the last.

    Args:
        graph: the integer network.
        working: ``working_maps`` of it.
    """
    roots = _roots(graph)
    last_read = dict.fromkeys(roots.values(), -1)
    for index, block in enumerate(graph.blocks):
        for source in block.inputs:
            last_read[roots[source]] = index
    for name in graph.outputs:
        last_read[roots[name]] = len(graph.blocks)

    live = Saving(0, 0)
    live_at = ""
    live_maps: tuple[str, ...] = ()
    alive = [i.name for i in graph.inputs]
    for index, block in enumerate(graph.blocks):
        alive = list(dict.fromkeys([*alive, roots[block.name]]))
        now = _size(graph, alive)
        if now.after > live.after:
            live_at, live_maps = block.name, tuple(alive)
        live = _largest((live, now))
        alive = [name for name in alive if last_read[name] > index]
    pair = _largest(w.codes for w in working.values())
    return MapMemory(pair, _largest(w.packed for w in working.values()), live, live_at, live_maps)


def _roots(graph: QuantizedGraph) -> dict[str, str]:
    """The map in whose memory each input and block lies: a reshape shares its input's, and windows are parts of it."""
    roots = {i.name: i.name for i in graph.inputs}
    for block in graph.blocks:
        roots[block.name] = roots[block.inputs[0]] if isinstance(block.op, (Reshape, Windows)) else block.name
    return roots


def _size(graph: QuantizedGraph, names: Iterable[str]) -> Saving:
    counts = {name: prod(graph.shapes[name]) for name in names}
    return Saving(sum(counts.values()) * FLOAT_BITS, sum(n * graph.formats[name].bits for name, n in counts.items()))


def _largest(savings: Iterable[Saving]) -> Saving:
    """The most before and the most after, which may be in different blocks."""
    found = list(savings)
    return Saving(max((s.before for s in found), default=0), max((s.after for s in found), default=0))
