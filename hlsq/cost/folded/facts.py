"""What the cost of a folded accelerator depends on, as plain numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from hlsq.cost.estimate.choices import Multipliers

EngineKind = Literal["multiply", "shift", "sign", "booth", "mux"]
"""What PEs are. The last two are the forms of dual ones; multipliers of LUTs are ``"booth"`` as well."""


@dataclass(frozen=True)
class Table:
    """Memories of constants, ``copies`` of them: ``depth`` words of ``lanes`` values of ``bits`` bits.

    Where there are ``pieces``, the words of each lie in memories of so many rows, of which one gives the word.
    """

    depth: int
    lanes: int
    bits: int
    copies: int = 1
    pieces: tuple[int, ...] = ()

    @property
    def width(self) -> int:
        """Bits of a word."""
        return self.lanes * self.bits


@dataclass(frozen=True)
class EngineFacts:
    """One engine.

    Attributes:
        name: of it.
        kind: of its PEs.
        multipliers: where it computes products that are no shifts.
        taps, outputs, positions: shape of its array.
        splits: in how many parts its adder trees are tapped, ascending, from 1.
        turns: groups of outputs that one tree computes in turn, each in accumulators of its own, at most.
        sums: accumulators of a position.
        lanes: values that post-processing finishes a cycle.
        tap_bits: of an activation that its PEs see.
        signed_tap_bits: of a signed number that holds one.
        code_bits: of the widest weight code.
        operand_bits: of a decoded one.
        exponent_bits: of a shift.
        product_bits, sum_bits, value_bits, wide_bits: of products of taps and weights, of accumulators, of values in
            post-processing, and of its products.
        weights: memories of codes, one for each slice of them.
        parameters: of post-processing, by name.
        fields: bits of the fields of an instruction, by name.
        features: what post-processing, and single lanes, have to be able to do; names as in ``FoldedProgram``.
        thresholds: most thresholds of a layer.
        operands: most maps that a pass adds.
        macs: products of a sample.
        cycles: in which it works on a sample.
    """

    name: str
    kind: EngineKind
    multipliers: Multipliers
    taps: int
    outputs: int
    positions: int
    splits: tuple[int, ...]
    turns: int
    sums: int
    lanes: int
    tap_bits: int
    signed_tap_bits: int
    code_bits: int
    operand_bits: int
    exponent_bits: int
    product_bits: int
    sum_bits: int
    value_bits: int
    wide_bits: int
    weights: tuple[Table, ...]
    parameters: Mapping[str, Table]
    fields: Mapping[str, int]
    features: frozenset[str]
    thresholds: int
    operands: int
    macs: int
    cycles: int

    @property
    def pes(self) -> int:
        """Of the array."""
        return self.taps * self.outputs * self.positions

    @property
    def singles(self) -> bool:
        """Whether lanes also work by themselves: depthwise convolutions, pools, additions."""
        return bool(self.features & {"lanes", "sum", "max"})


@dataclass(frozen=True)
class MapFacts:
    """The memories of feature maps.

    Attributes:
        depths: words of a bank of each memory.
        banks: of each.
        word: lanes of a word.
        granule: lanes that lie in a memory of their own.
        lane_bits: of one.
        outputs: words that hold the network's outputs.
        output_bits: of a lane of these.
    """

    depths: tuple[int, ...]
    banks: int
    word: int
    granule: int
    lane_bits: int
    outputs: int
    output_bits: int


@dataclass(frozen=True)
class FoldedFacts:
    """A folded accelerator.

    Attributes:
        engines: in order.
        maps: memories of feature maps.
        instructions: their memory, one lane a field or more.
        ports: bits of a word of every input and output stream.
        tables: further constants that all engines share, by name.
        bank_bits, address_bits, coordinate_bits: of the parts of a pointer to a pixel.
        counter_bits: of a counter, on average.
        cycles: of a sample.
        loaded: whether instructions and constants come from memory, so that they lie in RAMs and registers.
        loads_beside: whether an input is loaded beside a pass.
    """

    engines: tuple[EngineFacts, ...]
    maps: MapFacts
    instructions: Table
    ports: tuple[int, ...]
    tables: Mapping[str, Table]
    bank_bits: int
    address_bits: int
    coordinate_bits: int
    counter_bits: int
    cycles: int
    loaded: bool = False
    loads_beside: bool = False
