"""Packets in which tensors are streamed."""

from __future__ import annotations

from math import prod

from hlsq.graph import QuantizedGraph
from hlsq.graph.ops import Dense, Reshape


def packet_sizes(graph: QuantizedGraph) -> dict[str, int]:
    """Values in one packet of every input and block: the channels of one position.

    A flattened map that only dense layers read keeps its packets, so that flattening costs no hardware.
    """
    sizes = {i.name: i.shape[-1] for i in graph.inputs}
    for block in graph.blocks:
        flat = isinstance(block.op, Reshape) and len(block.shape) == 1
        keep = flat and all(isinstance(r.op, (Dense, Reshape)) for r in graph.consumers(block.name))
        sizes[block.name] = sizes[block.inputs[0]] if keep else block.shape[-1]
    return sizes


def positions(graph: QuantizedGraph) -> dict[str, int]:
    """Packets of one sample of every input and block."""
    sizes = packet_sizes(graph)
    return {name: prod(shape) // sizes[name] for name, shape in graph.shapes.items()}
