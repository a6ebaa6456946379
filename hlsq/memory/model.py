"""The counts of memory as data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

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

    @property
    def compression(self) -> float | None:
        """How many times less it is (FxP-QNet eq. 29 and 30); None where nothing is needed."""
        return self.before / self.after if self.after else None


@dataclass(frozen=True)
class BlockMemory:
    """Memory of one block; all sizes in bits.

    Attributes:
        name: of the block.
        maps: its inputs and its output (the sum in FxP-QNet eq. 26).
        maps_packed: the same, each in words.
        convolution: whether it is in the paper's count.
        weights: number of weights.
        code_bits: of one weight's code; 0 without weights.
        packed_bits: weights in words, unused bits included.
        rom_bits: weights as a backend lays them out; None where no backend was asked.
        biases: number of biases.
        bias_bits: all biases, as integers of the accumulator, at the width of the widest (``table_width``).
        scales: number of channels with a refined batch norm.
        scale_bits: their integer multipliers and shifts; or the reciprocal of an average pool.
        packed_constants: biases and scales in words.
        requant_bits: requantisation tables: multipliers and shifts per channel, thresholds and their values. A single
            multiplier for all channels is a constant of the logic and needs none.
        line_buffer_bits: rows that a sliding window keeps of its input.
    """

    name: str
    maps: Saving
    maps_packed: Saving
    convolution: bool = False
    weights: int = 0
    code_bits: int = 0
    packed_bits: int = 0
    rom_bits: int | None = None
    biases: int = 0
    bias_bits: int = 0
    scales: int = 0
    scale_bits: int = 0
    packed_constants: int = 0
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
    def read_only(self) -> Saving:
        """Weights, biases and batch norm (the block's part of FxP-QNet eq. 27)."""
        floats = self.weights + self.biases + 2 * self.scales
        return Saving(floats * FLOAT_BITS, self.weight_bits + self.bias_bits + self.scale_bits)

    @property
    def read_only_packed(self) -> Saving:
        """The same, each tensor in words."""
        return Saving(self.read_only.before, self.packed_bits + self.packed_constants)

    @property
    def parameters(self) -> Saving:
        """Weights, biases, batch norm, and the requantisation tables that only the hardware has."""
        return Saving(self.read_only.before, self.read_only.after + self.requant_bits)


@dataclass(frozen=True)
class MapMemory:
    """Read-write memory for the feature maps of one sample, in bits, if blocks run one after the other.

    Attributes:
        pair: the most that the inputs and the output of one block need together (FxP-QNet eq. 26).
        pair_packed: the same, each map in words.
        live: the most that all maps need which some later block still reads; skip connections make it larger.
        live_at: the block during which that is so.
        live_maps: names of those maps.
    """

    pair: Saving
    pair_packed: Saving
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
    def read_only(self) -> Saving:
        """Weights, biases and batch norms, each at its own width (FxP-QNet eq. 27)."""
        return _total(b.read_only for b in self.blocks)

    @property
    def read_only_packed(self) -> Saving:
        """The same, each tensor in words."""
        return _total(b.read_only_packed for b in self.blocks)

    @property
    def read_write(self) -> Saving:
        """The most that the inputs and the output of one block need together (FxP-QNet eq. 26)."""
        return self.maps.pair

    @property
    def read_write_packed(self) -> Saving:
        """The same, each map in words."""
        return self.maps.pair_packed

    @property
    def parameters(self) -> Saving:
        """Weights, biases, batch norms, and the requantisation tables that only the hardware has."""
        return _total(b.parameters for b in self.blocks)

    @property
    def line_buffer_bits(self) -> int:
        """All line buffers."""
        return sum(b.line_buffer_bits for b in self.blocks)


def _total(savings: Iterable[Saving]) -> Saving:
    found = list(savings)
    return Saving(sum(s.before for s in found), sum(s.after for s in found))
