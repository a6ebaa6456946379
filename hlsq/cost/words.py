"""Words of streams: a packet that is wider than a tool's streams can be goes through them in several transfers.

Dense layers take word after word, as they take the packets of a flattened map. All other blocks gather the words of a
position before they use it, and send those of their result after it is whole: one word an iteration of their loop.
"""

from __future__ import annotations

from collections.abc import Mapping

from hlsq.cost.streams import packet_sizes, positions
from hlsq.graph import QBlock, QuantizedGraph
from hlsq.graph.ops import Dense

WIDTHS = (8, 16, 32, 64)
"""Bits that a value takes at a port: those of the machine integer that holds it, as C++ lays out a struct."""


def value_bits(graph: QuantizedGraph, name: str) -> int:
    """Bits of one value of a tensor in a stream, padded as at a port, so that a word is a whole number of bytes."""
    fmt = graph.formats[name]
    width = (fmt.qmax if fmt.qmin >= 0 else max(fmt.qmax, -fmt.qmin - 1)).bit_length() + (fmt.qmin < 0)
    return next((bits for bits in WIDTHS if width <= bits), width)


def stream_words(graph: QuantizedGraph, most_bits: int) -> dict[str, int]:
    """Words of one packet of every input and block: as few as fit into ``most_bits``, all of the same size.

    The last word of a packet may be partly idle.

    Args:
        graph: the network.
        most_bits: the widest stream, in bits; one value at least goes into a word.
    """
    words = {}
    for name, values in packet_sizes(graph).items():
        fitting = max(1, most_bits // value_bits(graph, name))
        size = -(-values // -(-values // fitting))
        words[name] = -(-values // size)
    return words


def transfer_iterations(graph: QuantizedGraph, block: QBlock, words: Mapping[str, int]) -> int:
    """Iterations of the loop of ``block`` that only take a word or send one, for one sample.

    The last word of a position is taken by the iteration that uses it; inputs arrive side by side.
    """
    count = positions(graph)
    sent = words[block.name] * count[block.name] if words[block.name] > 1 else 0
    if isinstance(block.op, Dense):
        return sent
    return sent + (max(words[name] for name in block.inputs) - 1) * count[block.inputs[0]]
