"""Word lengths of all data-structures (FxP-QNet Fig. 10)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import prod
from typing import Literal

from hlsq.graph import QuantizedGraph
from hlsq.graph.ops import Concatenate
from hlsq.memory import AverageLength, LengthGroup, average_lengths, scale_tables, table_width
from hlsq.plan import Plan

Kind = Literal["activation", "weight", "bias", "scale", "shift"]
GROUPS: dict[Kind, LengthGroup] = {"activation": "activations", "weight": "weights"}


@dataclass(frozen=True)
class WordLength:
    """One tensor that is stored or handed on.

    Attributes:
        name: of the block or input.
        kind: ``"activation"`` (an input, or what a block hands on), ``"weight"``, ``"bias"``, or multiplier
            (``"scale"``) and ``"shift"`` of a refined batch norm (``"scale"`` also of an average pool's reciprocal).
        bits: of one value.
        values: how many (of an activation for one sample).
    """

    name: str
    kind: Kind
    bits: int
    values: int

    @property
    def group(self) -> LengthGroup:
        """``"activations"``, ``"weights"`` or ``"others"``."""
        return GROUPS.get(self.kind, "others")


def word_lengths(graph: QuantizedGraph, plan: Plan | None) -> list[WordLength]:
    """All tensors by block; a raw accumulator that the network returns, and maps in their input's format, are none."""
    found = [WordLength(i.name, "activation", i.format.bits, prod(i.shape)) for i in graph.inputs]
    for block in graph.blocks:
        if block.weights is not None:
            found.append(WordLength(block.name, "weight", block.weights.format.bits, block.weights.values.size))
        if block.bias is not None:
            formats = plan.blocks.get(block.name) if plan is not None else None
            given = formats.bias.bits if formats is not None and formats.bias is not None else None
            found.append(WordLength(block.name, "bias", given or table_width(block.bias), block.bias.size))
        found += [WordLength(block.name, kind, bits, values) for kind, values, bits in scale_tables(block)]
        if block.requant is not None or isinstance(block.op, Concatenate):
            found.append(WordLength(block.name, "activation", block.format.bits, prod(block.shape)))
    return found


def averages(lengths: Iterable[WordLength]) -> list[AverageLength]:
    """Average word length of activations, weights and others, as far as there are any."""
    return average_lengths((length.group, length.bits, length.values) for length in lengths)
