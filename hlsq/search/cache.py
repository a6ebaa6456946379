"""Which tensors of a base plan are kept for its candidates, and in which integer type."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from math import prod
from typing import Any

import numpy as np

from hlsq.graph import Graph, Interval, QuantizedGraph

TYPES = (np.uint8, np.int8, np.uint16, np.int16, np.uint32, np.int32, np.int64)


def compact(interval: Interval) -> np.dtype[Any]:
    """The smallest integer type that holds ``interval``."""
    return np.dtype(next(t for t in TYPES if np.iinfo(t).min <= interval.lo and interval.hi <= np.iinfo(t).max))


def reachable(graph: Graph, changed: Collection[str]) -> set[str]:
    """Names of the ``changed`` blocks and of every block behind one of them."""
    reached = set(changed)
    for block in graph.blocks:
        if reached.intersection(block.inputs):
            reached.add(block.name)
    return reached


def blocks_to_run(graph: Graph, wanted: Collection[str], held: Collection[str]) -> tuple[str, ...]:
    """Blocks that must be computed, in order, to get the tensors ``wanted`` from the tensors ``held``."""
    needed = set(wanted) - set(held)
    for block in reversed(graph.blocks):
        if block.name in needed:
            needed.update(name for name in block.inputs if name not in held)
    return tuple(block.name for block in graph.blocks if block.name in needed)


def worth_keeping(
    graph: Graph, quantized: QuantizedGraph, alternatives: Iterable[Collection[str]], samples: int, limit: int
) -> set[str]:
    """Tensors that candidates read unchanged, as many as fit into ``limit`` bytes.

    The last ones come first: in most networks they are the smallest, and they save the most blocks before them. What
    is not kept, candidates compute again.

    Args:
        graph: the network, for its edges.
        quantized: the base plan's integers, for types and sizes.
        alternatives: for every candidate the names of the blocks that it changes.
        samples: number of evaluation samples.
        limit: bytes.
    """
    read: set[str] = set()
    for changed in alternatives:
        behind = reachable(graph, changed)
        for block in graph.blocks:
            if block.name in behind:
                read.update(name for name in block.inputs if name not in behind)
    kept = set()
    for block in reversed(graph.blocks):
        size = samples * prod(quantized.shapes[block.name]) * compact(quantized.intervals[block.name]).itemsize
        if block.name in read and size <= limit:
            kept.add(block.name)
            limit -= size
    return kept
