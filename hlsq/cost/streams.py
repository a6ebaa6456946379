"""Packets in which tensors are streamed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from math import prod
from types import MappingProxyType

from hlsq.graph import QuantizedGraph
from hlsq.graph.ops import Dense, Reshape


# Asked for by every block of every design that is looked at, and a matter of the graph alone.
@lru_cache(maxsize=8)
def packet_sizes(graph: QuantizedGraph) -> Mapping[str, int]:
    """Values in one packet of every input and block: the channels of one position.

    A flattened map that only dense layers read keeps its packets, so that flattening costs no hardware.
    """
    sizes = {i.name: i.shape[-1] for i in graph.inputs}
    for block in graph.blocks:
        flat = isinstance(block.op, Reshape) and len(block.shape) == 1
        keep = flat and all(isinstance(r.op, (Dense, Reshape)) for r in graph.consumers(block.name))
        sizes[block.name] = sizes[block.inputs[0]] if keep else block.shape[-1]
    return MappingProxyType(sizes)


@lru_cache(maxsize=8)
def positions(graph: QuantizedGraph) -> Mapping[str, int]:
    """Packets of one sample of every input and block."""
    sizes = packet_sizes(graph)
    return MappingProxyType({name: prod(shape) // sizes[name] for name, shape in graph.shapes.items()})
