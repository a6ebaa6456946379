"""Which convolutions may have their windows made by a process of its own, and where that takes less.

A loop that moves a window and computes with it takes an iteration for each position where no window ends, and its PEs
idle meanwhile: three of four at strides of two. Two processes with a FIFO between them, which holds the windows of a
row as they come, keep the PEs of the second one at work.
"""

from __future__ import annotations

from hlsq.cost.estimate.model import Estimate
from hlsq.cost.fit import SLOWER, USEFUL
from hlsq.cost.iterations import loop_cycles
from hlsq.cost.streams import positions
from hlsq.cost.words import value_bits
from hlsq.graph import QBlock, QuantizedGraph
from hlsq.graph.ops import Conv2D

HARDLY_MORE = 1.05
"""How many LUTs may be spent so that PEs do not idle: far less than estimates are off."""


def separable(graph: QuantizedGraph, most_bits: int) -> tuple[str, ...]:
    """Convolutions that pass positions where no window ends, with windows that fit into a word of ``most_bits``.

    What pads them has to be a value of the input.
    """
    count = positions(graph)

    def fits(block: QBlock) -> bool:
        if not isinstance(block.op, Conv2D) or block.weights is None:
            return False
        height, width, channels, _ = block.weights.values.shape
        fmt = graph.formats[block.inputs[0]]
        if height * width == 1 or (any(block.op.padding) and not fmt.qmin <= fmt.offset <= fmt.qmax):
            return False
        passes = loop_cycles(graph, block).at(None) > count[block.name]
        return passes and height * width * channels * value_bits(graph, block.inputs[0]) <= most_bits

    return tuple(block.name for block in graph.blocks if fits(block))


def takes_less(block: QBlock, together: Estimate, apart: Estimate) -> bool:
    """Whether a convolution needs fewer PEs, and hardly more LUTs, with its windows made apart, at one pace.

    PEs that do all products of a position in a cycle have constants for weights, so that few of them may be no smaller.

    Args:
        block: what computes with the windows, of the network in which they are made apart.
        together: of the design in which they are not.
        apart: of that in which they are, at the same pace.
    """
    before, after, windows = together.blocks[block.name], apart.blocks[block.name], apart.blocks[block.inputs[0]]
    return after.pes < before.pes and after.lut + windows.lut <= HARDLY_MORE * before.lut


def better(together: Estimate, apart: Estimate) -> bool:
    """Whether the second of two designs is the one to take.

    The faster one, unless it is hardly faster and its PEs idle while those of the other do not; of equally fast ones
    that with fewer PEs.
    """
    if apart.fits != together.fits:
        return bool(apart.fits)
    enough = SLOWER * min(together.interval, apart.interval)
    balanced = [e for e in (together, apart) if e.useful >= USEFUL and e.interval <= enough] or [together, apart]
    return min(balanced, key=lambda e: (e.interval, e.pes)) is apart
