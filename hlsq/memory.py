"""What a quantised network needs to remember: weights, biases, tables, feature maps, line buffers.

Weights are counted in four ways, all in bits:

* float: 32 bits for each (the memory before quantisation);
* codes: every code at its own width;
* packed: whole codes in memory words, with the bits of each word that no code uses (DoubleQ Fig. 2: three 5-bit codes
  in 16 bits);
* ROM: the words as a backend lays them out, with the codes of idle PEs; only a backend knows it.

The paper's count (DoubleQ Tables 3, 4, 6) is the codes of the convolutions alone, with 1 kB = 1000 bytes: the
convolutions of ResNet-20, its two 1x1 shortcuts among them, have 270,256 weights. That is 1.08 MB as floats, 270.26 kB
with eight bits and 168.91 kB (84.4 % less) with five, digit for digit as printed; the dense layer, biases and batch
norms are not in it. ``NetworkMemory.paper`` counts so, and gives DoubleQ's figures where all convolutions have 5-bit
codes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from hlsq.formats.packing import packed_words
from hlsq.graph import DyadicRequant, Interval, QBlock, QuantizedGraph, Requant
from hlsq.graph.ops import Conv2D, DepthwiseConv2D, Reshape
from hlsq.graph.ops.base import spatial
from hlsq.graph.ops.pool2d import Pool2D

FLOAT_BITS = 32
WORD_BITS = 16
"""DoubleQ's memory word."""


@dataclass(frozen=True)
class Saving:
    """Memory before and after quantisation, in bits."""

    before: int
    after: int

    @property
    def saved(self) -> float | None:
        """The part of ``before`` that is no longer needed; None where there was nothing."""
        return 1 - self.after / self.before if self.before else None


@dataclass(frozen=True)
class BlockMemory:
    """Memory of one block; all sizes in bits.

    Attributes:
        name: of the block.
        convolution: whether it is in the paper's count.
        weights: number of weights.
        code_bits: of one weight's code; 0 without weights.
        packed_bits: weights in words, unused bits included.
        rom_bits: weights as a backend lays them out; None where no backend was asked.
        biases: number of biases.
        bias_bits: all biases, as integers of the accumulator, at the width of the widest (``table_width``).
        scales: number of channels with a refined batch norm.
        scale_bits: their integer multipliers and shifts.
        requant_bits: requantisation tables: multipliers and shifts per channel, thresholds and their values. A single
            multiplier for all channels is a constant of the logic and needs none.
        line_buffer_bits: rows that a sliding window keeps of its streamed input.
    """

    name: str
    convolution: bool = False
    weights: int = 0
    code_bits: int = 0
    packed_bits: int = 0
    rom_bits: int | None = None
    biases: int = 0
    bias_bits: int = 0
    scales: int = 0
    scale_bits: int = 0
    requant_bits: int = 0
    line_buffer_bits: int = 0

    @property
    def float_bits(self) -> int:
        """The weights as 32-bit floats."""
        return self.weights * FLOAT_BITS

    @property
    def weight_bits(self) -> int:
        """The weights' codes."""
        return self.weights * self.code_bits

    @property
    def unused_bits(self) -> int:
        """Bits of the packed words that hold no code."""
        return self.packed_bits - self.weight_bits

    @property
    def parameters(self) -> Saving:
        """Weights, biases, batch norm and requantisation tables (the block's part of FxP-QNet eq. 27 and 30)."""
        floats = self.weights + self.biases + 2 * self.scales
        tables = self.bias_bits + self.scale_bits + self.requant_bits
        return Saving(floats * FLOAT_BITS, self.weight_bits + tables)


@dataclass(frozen=True)
class MapMemory:
    """Read-write memory for the feature maps of one sample, in bits, if blocks run one after the other.

    Attributes:
        pair: the most that the inputs and the output of one block need together (FxP-QNet eq. 26).
        live: the most that all maps need which some later block still reads; skip connections make it larger.
        live_at: the block during which that is so.
        live_maps: names of those maps.
    """

    pair: Saving
    live: Saving
    live_at: str
    live_maps: tuple[str, ...]


@dataclass(frozen=True)
class NetworkMemory:
    """Memory of a whole network.

    Attributes:
        blocks: of every block, in order.
        maps: feature maps.
        word_bits: width of the words that hold packed codes (wider for codes that would not fit).
    """

    blocks: tuple[BlockMemory, ...]
    maps: MapMemory
    word_bits: int

    @property
    def by_name(self) -> dict[str, BlockMemory]:
        """Blocks by name."""
        return {block.name: block for block in self.blocks}

    @property
    def paper(self) -> Saving:
        """The paper's count: codes of the convolutions against 32-bit floats."""
        found = [block for block in self.blocks if block.convolution]
        return Saving(sum(b.float_bits for b in found), sum(b.weight_bits for b in found))

    @property
    def paper_packed(self) -> Saving:
        """The paper's count with the unused bits of the packed words."""
        found = [block for block in self.blocks if block.convolution]
        return Saving(sum(b.float_bits for b in found), sum(b.packed_bits for b in found))

    @property
    def weights(self) -> Saving:
        """Codes of all weights."""
        return Saving(sum(b.float_bits for b in self.blocks), sum(b.weight_bits for b in self.blocks))

    @property
    def packed(self) -> Saving:
        """All weights in words."""
        return Saving(self.weights.before, sum(b.packed_bits for b in self.blocks))

    @property
    def rom(self) -> Saving | None:
        """All weights as a backend lays them out; None where no backend was asked."""
        found = [b.rom_bits for b in self.blocks if b.weights]
        known = [bits for bits in found if bits is not None]
        return Saving(self.weights.before, sum(known)) if len(known) == len(found) else None

    @property
    def parameters(self) -> Saving:
        """Weights, biases, batch norms and requantisation tables, each at its own width (FxP-QNet eq. 27)."""
        found = [b.parameters for b in self.blocks]
        return Saving(sum(p.before for p in found), sum(p.after for p in found))

    @property
    def line_buffer_bits(self) -> int:
        """All line buffers."""
        return sum(b.line_buffer_bits for b in self.blocks)


def measure(
    graph: QuantizedGraph, word_bits: int = WORD_BITS, rom_bits: Mapping[str, int] | None = None, streaming: bool = True
) -> NetworkMemory:
    """Memory of ``graph``.

    Args:
        graph: the integer network.
        word_bits: width of the memory words that hold packed codes; wider codes get the next power of two.
        rom_bits: of every block with weights, as a backend lays them out.
        streaming: whether maps are streamed through line buffers; without, there are none.

    Raises:
        FormatError: a word or code of more than 64 bits.
    """
    roms = rom_bits or {}
    blocks = tuple(
        _block_memory(block, word_bits, roms.get(block.name), _line_buffer(graph, block) if streaming else 0)
        for block in graph.blocks
    )
    return NetworkMemory(blocks, _maps(graph), word_bits)


def is_convolution(block: QBlock) -> bool:
    """Whether the paper counts the weights of ``block``; it has no batch norm on its own (one gain per channel)."""
    if block.weights is None:
        return False
    gain = isinstance(block.op, DepthwiseConv2D) and block.weights.values.shape[:2] == (1, 1)
    return isinstance(block.op, (Conv2D, DepthwiseConv2D)) and not gain


def _block_memory(block: QBlock, word_bits: int, rom_bits: int | None, line_buffer_bits: int) -> BlockMemory:
    found: dict[str, Any] = {"line_buffer_bits": line_buffer_bits}
    if block.weights is not None:
        count, bits = block.weights.values.size, block.weights.format.bits
        word = max(word_bits, 1 << (bits - 1).bit_length())
        found |= {
            "convolution": is_convolution(block),
            "weights": count,
            "code_bits": bits,
            "packed_bits": packed_words(count, bits, word) * word,
            "rom_bits": rom_bits,
        }
    if block.bias is not None:
        found |= {"biases": block.bias.size, "bias_bits": _table_bits(block.bias)}
    if block.scale is not None:
        scale = block.scale
        gain_bits = scale.multiplier.size * scale.format.bits if scale.format else _table_bits(scale.multiplier)
        shift_bits = scale.shift.size * scale.shift_format.bits if scale.shift_format else _table_bits(scale.shift)
        found |= {"scales": scale.multiplier.size, "scale_bits": gain_bits + (shift_bits if scale.shift.any() else 0)}
    requants = (block.requant, *block.input_requants)
    return BlockMemory(block.name, requant_bits=sum(map(_requant_bits, requants)), **found)


def table_width(values: ArrayLike) -> int:
    """Bits of one entry of a table of constants: those of the widest, without low bits that are zero in all of them.

    Biases and shifts of a coarse format come out of their alignment with such zeros.
    """
    integers = [int(v) for v in np.asarray(values).flat]
    zeros = min(((v & -v).bit_length() - 1 for v in integers if v), default=0)
    return Interval(min(integers) >> zeros, max(integers) >> zeros).width


def _table_bits(values: ArrayLike) -> int:
    """Bits of a table whose entries all have the width of the widest."""
    return np.asarray(values).size * table_width(values)


def _requant_bits(requant: Requant | None) -> int:
    if requant is None:
        return 0
    if isinstance(requant, DyadicRequant):
        return sum(_table_bits(table) for table in (requant.multiplier, requant.shift) if len(set(table)) > 1)
    return _table_bits(requant.thresholds) + _table_bits(requant.values)


def _line_buffer(graph: QuantizedGraph, block: QBlock) -> int:
    """Rows above the current one that a sliding window still needs, as wide as an input minus its zero point."""
    op, source = block.op, block.inputs[0]
    height, width, channels = spatial(graph.shapes[source])
    if isinstance(op, Pool2D):
        if op.pool == (height, width) and not any(op.padding):
            return 0  # a global pooling accumulates as values come
        span = op.pool[0]
    elif isinstance(op, (Conv2D, DepthwiseConv2D)) and block.weights is not None:
        span = op.dilation[0] * (block.weights.values.shape[0] - 1) + 1
    else:
        return 0
    fmt = graph.formats[source]
    zero = fmt.offset
    tap = graph.intervals[source].union(Interval(fmt.qmin, fmt.qmax))
    tap_bits = Interval(tap.lo - zero, tap.hi - zero).with_zero().width
    return (span - 1) * (width + op.padding[2] + op.padding[3]) * channels * tap_bits


def _maps(graph: QuantizedGraph) -> MapMemory:
    """A reshape shares its input's memory; the input counts as live from the first block on, outputs to the last."""
    roots: dict[str, str] = {i.name: i.name for i in graph.inputs}
    for block in graph.blocks:
        roots[block.name] = roots[block.inputs[0]] if isinstance(block.op, Reshape) else block.name
    last_read = dict.fromkeys(roots.values(), -1)
    for index, block in enumerate(graph.blocks):
        for source in block.inputs:
            last_read[roots[source]] = index
    for name in graph.outputs:
        last_read[roots[name]] = len(graph.blocks)
    count = {name: prod(graph.shapes[name]) for name in last_read}

    def size(names: Iterable[str]) -> Saving:
        unique = set(names)
        return Saving(sum(count[n] for n in unique) * FLOAT_BITS, sum(count[n] * graph.formats[n].bits for n in unique))

    pair = live = Saving(0, 0)
    live_at = ""
    live_maps: tuple[str, ...] = ()
    alive = [i.name for i in graph.inputs]
    for index, block in enumerate(graph.blocks):
        alive = list(dict.fromkeys([*alive, roots[block.name]]))
        working = size([roots[block.name], *(roots[s] for s in block.inputs)])
        pair = Saving(max(pair.before, working.before), max(pair.after, working.after))
        now = size(alive)
        if now.after > live.after:
            live_at, live_maps = block.name, tuple(alive)
        live = Saving(max(live.before, now.before), max(live.after, now.after))
        alive = [name for name in alive if last_read[name] > index]
    return MapMemory(pair, live, live_at, live_maps)
