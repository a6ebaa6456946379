"""``QuantizedGraph``: the one intermediate representation that emulator, backends, memory and report read.

It holds integers and formats only, and knows neither Keras nor hls4ml. The arithmetic of a block, all in integers:

1. ``acc = bias + (sum((a - z_a) * w) << product_shift)``; an addition weighs its inputs by ``input_multipliers``.
2. ``t = (acc * scale.multiplier << scale.product_shift) + scale.shift``, if there is a scale.
3. ``y = requant(t)``; ReLU and clipped ReLU are the bounds of the requantisation, which is monotone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from hlsq.counted import counted
from hlsq.formats import Format, Rounding
from hlsq.graph.ops import Op, Shape

Ints = NDArray[np.int64]
HOST_FUNCTIONS = ("softmax", "sigmoid")
"""What can be left to the host behind an output."""


@dataclass(frozen=True)
class Interval:
    """All integers from ``lo`` to ``hi``."""

    lo: int
    hi: int

    @property
    def signed(self) -> bool:
        """Whether a negative integer belongs to it."""
        return self.lo < 0

    @property
    def width(self) -> int:
        """Bits of the narrowest two's complement (or unsigned) type that holds it."""
        return (
            max(self.hi.bit_length(), (-self.lo - 1).bit_length() if self.lo < 0 else 0, 1 - self.signed) + self.signed
        )

    def union(self, other: Interval) -> Interval:
        """The smallest interval that holds both."""
        return Interval(min(self.lo, other.lo), max(self.hi, other.hi))

    def with_zero(self) -> Interval:
        """The smallest interval that also holds 0."""
        return self.union(Interval(0, 0))


@dataclass(frozen=True)
class DyadicRequant:
    """``y = clamp(round(t * multiplier / 2**shift) + zero_point, lo, hi)``.

    Args:
        multiplier: at most 16 bits, positive; one, or one per channel.
        shift: not negative; one, or one per channel.
        rounding: ties to even or up.
        zero_point: integer of the real zero.
        lo: lower bound: the zero point after a ReLU, else the format's smallest integer.
        hi: upper bound: the format's largest integer, or the clipped ReLU's.
        negative_shift: added to ``shift`` where ``t`` is negative (leaky ReLU).
    """

    multiplier: tuple[int, ...]
    shift: tuple[int, ...]
    rounding: Rounding
    zero_point: int
    lo: int
    hi: int
    negative_shift: int = 0

    @property
    def is_shift(self) -> bool:
        """Whether no multiplier is needed, because all are powers of two."""
        return all(m & (m - 1) == 0 for m in self.multiplier)


@dataclass(frozen=True, eq=False)
class ThresholdRequant:
    """``y = values[number of thresholds that t reaches]``: power-of-two, ternary and binary activations.

    Args:
        thresholds: ascending, shape [1 or channels, steps]; a step is reached when ``t >= threshold``.
        values: integer after each number of steps, shape [steps + 1].
    """

    thresholds: Ints
    values: Ints


Requant = DyadicRequant | ThresholdRequant


@dataclass(frozen=True, eq=False)
class QWeights:
    """Integer weights in the operation's layout; ``format`` gives their codes and their real scale."""

    values: Ints
    format: Format


@dataclass(frozen=True, eq=False)
class QScale:
    """Refined batch norm in integers: ``t = (acc * multiplier << product_shift) + shift``.

    An average pool's reciprocal with a format of its own is one, too: a single multiplier, and the shift 0.

    Args:
        multiplier: shape [channels], or [1].
        shift: of the same shape, in the scale of ``t``.
        format: of the multiplier where the plan gave one.
        shift_format: of the shift where the plan gave one; its values are aligned to the scale of ``t`` by shifts.
        product_shift: left shift of the product, where ``shift_format`` has a finer step than the product.
    """

    multiplier: Ints
    shift: Ints
    format: Format | None = None
    shift_format: Format | None = None
    product_shift: int = 0


@dataclass(frozen=True)
class QInput:
    """One input of the network, quantised by ``format`` on the host."""

    name: str
    shape: Shape
    format: Format


@dataclass(frozen=True, eq=False)
class QBlock:
    """One block in integers.

    Args:
        name: unique name.
        op: the operation.
        inputs: names of blocks or network inputs.
        shape: of the output, per sample.
        format: of the output; for a raw accumulator an affine format with the accumulator's scale.
        interval: the integers the output can take.
        accumulator: the integers that ``acc`` and each of its partial sums can take.
        scaled: the integers that ``t`` can take.
        weights: integer weights, or None.
        bias: per output channel in the accumulator's scale, or None.
        product_shift: left shift of the sum of products before the bias is added.
        input_multipliers: factor of each input of an addition.
        scale: per-channel scale, or None.
        requant: None keeps integers as they are (raw accumulators, operations that keep the format).
        input_requants: for a concatenation, how each input gets the output's format (None: as it is).
        activation: for the reader; its arithmetic is in ``requant``.
        layers: names of all Keras layers this block stands for.
    """

    name: str
    op: Op
    inputs: tuple[str, ...]
    shape: Shape
    format: Format
    interval: Interval
    accumulator: Interval
    scaled: Interval
    weights: QWeights | None = None
    bias: Ints | None = None
    product_shift: int = 0
    input_multipliers: tuple[int, ...] = ()
    scale: QScale | None = None
    requant: Requant | None = None
    input_requants: tuple[Requant | None, ...] = ()
    activation: str = "linear"
    layers: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False, repr=False)
class QuantizedGraph:
    """Integer blocks in topological order.

    Args:
        name: of the network.
        inputs: the network's inputs.
        blocks: each after all of its inputs.
        outputs: names of the blocks whose values are the network's outputs.
        host: what is left to the host, output name to e.g. ``"softmax"``.
    """

    name: str
    inputs: tuple[QInput, ...]
    blocks: tuple[QBlock, ...]
    outputs: tuple[str, ...]
    host: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        inputs = ", ".join(f"{i.name} {list(i.shape)}" for i in self.inputs)
        blocks = counted(len(self.blocks), "block")
        return f"<QuantizedGraph {self.name!r}: {inputs} -> {blocks} -> {', '.join(self.outputs)}>"

    @cached_property
    def by_name(self) -> dict[str, QBlock]:
        """Blocks by name."""
        return {block.name: block for block in self.blocks}

    @cached_property
    def formats(self) -> dict[str, Format]:
        """Format of every input and block."""
        return {i.name: i.format for i in self.inputs} | {b.name: b.format for b in self.blocks}

    @cached_property
    def shapes(self) -> dict[str, Shape]:
        """Shape of every input and block, per sample."""
        return {i.name: i.shape for i in self.inputs} | {b.name: b.shape for b in self.blocks}

    @cached_property
    def intervals(self) -> dict[str, Interval]:
        """Integers that every input and block can take."""
        inputs = {i.name: Interval(i.format.qmin, i.format.qmax) for i in self.inputs}
        return inputs | {b.name: b.interval for b in self.blocks}

    def consumers(self, name: str) -> tuple[QBlock, ...]:
        """Blocks that read ``name``."""
        return tuple(block for block in self.blocks if name in block.inputs)
