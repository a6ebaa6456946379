"""What a program consists of: engines, instructions and their fields, places in memory, images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from hlsq.backends.pes import DualForm, PEKind, WeightForm, Widths
from hlsq.cost.pieces import rom_pieces
from hlsq.graph import Interval

Multiplier = Literal["auto", "dsp", "fabric"]
Opcode = Literal["load", "run", "emit"]
OPCODES: tuple[Opcode, ...] = ("load", "run", "emit")
MODES = ("mac", "lanes", "sum", "max")
"""What an engine does with a step: sums of products over taps; products lane by lane; the taps themselves added, or
compared, lane by lane."""
FORMS: tuple[WeightForm, ...] = ("integer", "power", "sign")
"""How a weight code is read: two's complement; sign and magnitude of an exponent (0 for zero); a sign alone."""
PIPELINE = 16
"""Cycles between two instructions in which pipelines drain and the next one is fetched: an assumption."""
WRITTEN = 64
"""Iterations after which a word that is loaded beside a pass can be read: more than the stages from reading to writing,
the array's and those of post-processing, as both write at the same port. The C++ tells synthesis."""


@dataclass(frozen=True)
class Array:
    """Shape of an array of PEs.

    Attributes:
        taps: products that one adder tree sums, which are input channels of one pixel.
        outputs: output channels at a time.
        positions: output positions at a time, which share the weights.
    """

    taps: int
    outputs: int
    positions: int

    @property
    def pes(self) -> int:
        """Number of PEs."""
        return self.taps * self.outputs * self.positions


@dataclass(frozen=True)
class Engine:
    """An array of PEs with adder trees, accumulators and post-processing.

    Attributes:
        name: of the engine.
        kind: of its PEs.
        dual: form of those that multiply or shift.
        multiplier: where products are computed that are no shifts; ``"auto"`` as synthesis likes it.
        array: their arrangement.
        splits: in how many parts its adder trees can be tapped, ascending, beginning with 1.
        sums: accumulators of one position.
        lanes: values that post-processing finishes a cycle.
        code_bits: of the widest weight code.
        forms: how weight codes are read.
        max_exponent: the largest of a power-of-two code, 0 if there are none.
        slice_bits: bits of a weight code that lie in one memory.
        slices: number of such memories.
        tap: integers of the activations that its PEs see.
        sum: integers of the accumulators.
        value: integers between the accumulators and the output, without products.
        product: integers of the products of post-processing.
        features: what post-processing, and the lanes, have to be able to do.
    """

    name: str
    kind: PEKind
    dual: DualForm
    multiplier: Multiplier
    array: Array
    splits: tuple[int, ...]
    sums: int
    lanes: int
    code_bits: int
    forms: tuple[WeightForm, ...]
    max_exponent: int
    slice_bits: int
    slices: int
    tap: Interval
    sum: Interval
    value: Interval
    product: Interval
    features: frozenset[str]

    @property
    def pes(self) -> int:
        """Number of PEs."""
        return self.array.pes

    @property
    def widths(self) -> Widths:
        """Operands of its PEs."""
        tap = self.tap.width + (not self.tap.signed)
        return Widths(tap, self.code_bits, self.max_exponent, self.dual)


@dataclass(frozen=True)
class Field:
    """A field of the instruction word.

    Attributes:
        name: of the field.
        width: in bits; 0 for one that is 0 in all instructions.
        signed: whether it is in two's complement.
    """

    name: str
    width: int
    signed: bool = False


@dataclass(frozen=True)
class View:
    """A tensor that some lanes of an instruction's result belong to.

    Attributes:
        tensor: name.
        channels: of one pixel of it.
        layout: channel of each lane of the result, -1 for none.
    """

    tensor: str
    channels: int
    layout: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Instruction:
    """One block, or one fused group.

    Attributes:
        views: what its first and its second stage compute: tensors that hold these integers.
        blocks: names of the blocks it computes, in order; empty where it only moves data.
        target: tensor that it writes.
        opcode: what it does.
        fields: the values of its fields.
        macs: products that it needs.
        cycles: that it takes.
    """

    blocks: tuple[str, ...]
    target: str
    opcode: Opcode
    fields: Mapping[str, int]
    macs: int
    cycles: int
    views: tuple[tuple[View, ...], tuple[View, ...]] = ((), ())


@dataclass(frozen=True)
class Place:
    """Where a tensor lies in feature-map memory.

    Attributes:
        memory: number of the memory.
        base: address of its first word in every bank.
        pitch: words of one pixel, those of a concatenation it is a part of included.
        offset: its first word within those of a pixel.
        layout: channel in each lane of its words, -1 for none.
    """

    memory: int
    base: int
    pitch: int
    offset: int
    layout: tuple[int, ...]


@dataclass(frozen=True)
class MemoryMap:
    """Feature-map memories; a word holds ``word`` lanes, pixel n lies in bank ``n % banks``.

    Attributes:
        memories: how many, each with a port to read and one to write.
        banks: of each.
        word: lanes of a word.
        granule: lanes that can be written alone.
        depth: words of a bank, for each memory.
        lane: integers of a lane.
        outputs: words that hold the network's outputs.
        output: integers of these.
    """

    memories: int
    banks: int
    word: int
    granule: int
    depth: tuple[int, ...]
    lane: Interval
    outputs: int
    output: Interval

    @property
    def bits(self) -> int:
        """Of all feature maps."""
        return sum(self.depth) * self.banks * self.word * self.lane.width


@dataclass(frozen=True, eq=False)
class EngineImage:
    """What the memories of one engine hold.

    Attributes:
        weights: slices of codes, shape [slices, rows, taps * outputs].
        parameters: post-processing by name, each of shape [rows, lanes].
    """

    weights: NDArray[Any]
    parameters: Mapping[str, NDArray[np.int64]]

    def pieces(self, slice_bits: int) -> tuple[int, ...]:
        """Rows of the memories that those of each slice of so many bits a code lie in: of the fewest block RAMs."""
        _, rows, codes = self.weights.shape
        return rom_pieces(rows, codes * slice_bits)
