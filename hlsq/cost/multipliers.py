"""Multiplications of a block beside those of its PEs: factors of requantisers, batch norms, sums and averages."""

from __future__ import annotations

from dataclasses import dataclass

from hlsq.cost.requantisers import requantisers_of
from hlsq.cost.reuse import Split
from hlsq.graph import QBlock, QuantizedGraph
from hlsq.graph.ops import Add, AveragePool2D
from hlsq.graph.ops.pool2d import average_weights


@dataclass(frozen=True)
class Multipliers:
    """Multiplications of every cycle of one block, by what they are for; powers of two need none.

    Attributes:
        requantisation: factors of dyadic requantisers.
        scale: of a refined batch norm, or the reciprocal of an average pool that has a format of its own.
        alignment: factors that bring the inputs of a sum to one scale.
        average: weights of average pools for windows that overhang the border, by row and by column.
    """

    requantisation: int = 0
    scale: int = 0
    alignment: int = 0
    average: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.requantisation + self.scale + self.alignment + self.average


def multipliers_of(graph: QuantizedGraph, block: QBlock, split: Split | None) -> Multipliers:
    """Multipliers of ``block`` outside of PEs."""
    outputs = 0 if split is None else split.output_block
    average = 0
    if isinstance(block.op, AveragePool2D):
        weights = average_weights(block.op, graph.shapes[block.inputs[0]])
        average = 0 if weights.uniform else 2
    factors = block.input_multipliers if isinstance(block.op, Add) else ()
    return Multipliers(
        requantisation=requantisers_of(graph, block, split).dyadic,
        scale=outputs if block.scale is not None and _multiplies(block.scale.multiplier.tolist()) else 0,
        alignment=outputs * sum(_multiplies([factor]) for factor in factors),
        average=outputs * average,
    )


def _multiplies(factors: list[int]) -> bool:
    """Whether a table of factors needs a multiplier: not one power of two for all, which is a shift."""
    return len(set(factors)) > 1 or abs(factors[0]) & (abs(factors[0]) - 1) != 0
