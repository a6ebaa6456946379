"""Blocks that no hardware computes: their output is their input, packet by packet, under another name."""

from __future__ import annotations

from hlsq.cost.streams import packet_sizes
from hlsq.graph import DyadicRequant, QBlock, QuantizedGraph
from hlsq.graph.lowering.requant import apply_requant
from hlsq.graph.ops import Identity, Reshape


def is_wire(graph: QuantizedGraph, block: QBlock) -> bool:
    """Whether ``block`` is its input's stream or array itself: a reshape between packets of one size, or an identity.

    An identity is one where its requantisation changes no integer, and the type that carries them is the same.
    """
    source = block.inputs[0]
    sizes = packet_sizes(graph)
    if sizes[source] != sizes[block.name]:
        return False
    return isinstance(block.op, Reshape) or (isinstance(block.op, Identity) and _changes_nothing(graph, block))


def carriers(graph: QuantizedGraph) -> dict[str, str]:
    """For every input and block, the one whose stream or array holds its integers: itself, unless it is a wire."""
    found = {item.name: item.name for item in graph.inputs}
    for block in graph.blocks:
        found[block.name] = found[block.inputs[0]] if is_wire(graph, block) else block.name
    return found


def _changes_nothing(graph: QuantizedGraph, block: QBlock) -> bool:
    before, requant = graph.formats[block.inputs[0]], block.requant
    if (before.qmin, before.qmax) != (block.format.qmin, block.format.qmax):
        return False
    if block.scale is not None or block.bias is not None or block.product_shift:
        return False
    values = before.levels
    if values is None:
        # A shift by nothing and bounds change nothing between two integers that they do not change.
        if isinstance(requant, DyadicRequant) and (requant.multiplier, requant.shift) == ((1,), (0,)):
            plain = not requant.negative_shift
        else:
            plain = requant is None
        if not plain:
            return False
        interval = graph.intervals[block.inputs[0]]
        values = (interval.lo, interval.hi)
    return all(apply_requant(requant, value - before.offset) == value for value in values)
