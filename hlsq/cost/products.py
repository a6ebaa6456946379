"""How many products a block needs for one output position."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

from hlsq.cost.streams import positions
from hlsq.graph import QBlock, QuantizedGraph
from hlsq.graph.ops import Add, AveragePool2D, Concatenate, Dense, DepthwiseConv2D, Identity


@dataclass(frozen=True)
class Products:
    """The products of one output position: each of ``outputs`` values sums ``taps`` of them.

    Attributes:
        taps: products of one output.
        outputs: values of one position.
        packets: transfers of the stream in which the taps arrive, each with an equal share (of those of one position
            the last may have fewer); 1 where they are there at once, as in the window of a convolution.
        group: outputs that share taps of their own (those of one channel of a depthwise convolution), or 0 where all
            outputs see all taps.
        columns: columns of the window that the taps form, whose older ones a memory may hold; 1 where there are none.
    """

    taps: int
    outputs: int
    packets: int = 1
    group: int = 0
    columns: int = 1

    @property
    def share(self) -> int:
        """Taps that one transfer has place for."""
        return -(-self.taps // self.packets)

    @property
    def total(self) -> int:
        """Number of products, those of idle places included."""
        return self.share * self.packets * self.outputs


def products_of(block: QBlock, graph: QuantizedGraph, words: Mapping[str, int] | None = None) -> Products | None:
    """Products of one output position of ``block`` of ``graph``; None for a block without weights.

    Args:
        block: of the network.
        graph: the network.
        words: of a packet of every tensor (see ``stream_words``); None for one each.
    """
    if block.weights is None:
        return None
    shape, source = block.weights.values.shape, block.inputs[0]
    if isinstance(block.op, DepthwiseConv2D):
        group = shape[2] // graph.shapes[source][-1]
        return Products(shape[0] * shape[1], shape[2], group=group, columns=shape[1])
    if not isinstance(block.op, Dense):
        return Products(prod(shape[:-1]), shape[-1], columns=shape[1])
    packets = positions(graph)[source] * (1 if words is None else words[source])
    return Products(prod(shape[:-1]), shape[-1], packets)


def finished_of(block: QBlock, graph: QuantizedGraph) -> Products | None:
    """Outputs of one position of a block without weights that computes something for each of them, else None.

    Sums, averages and changes of format need a requantiser for every output that they finish in a cycle; maxima and
    paddings hand values on. A concatenation does so with inputs that are in its format; the others, which have
    requantisers of their own, are finished side by side, and the largest has the most outputs.

    Args:
        block: of the network.
        graph: the network.
    """
    if isinstance(block.op, Concatenate):
        changed = [
            graph.shapes[source][-1]
            for source, requant in zip(block.inputs, block.input_requants, strict=True)
            if requant is not None
        ]
        return Products(1, max(changed)) if changed else None
    if block.weights is not None or not isinstance(block.op, (Add, AveragePool2D, Identity)):
        return None
    return Products(1, block.shape[-1])
