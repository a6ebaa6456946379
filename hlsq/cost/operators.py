"""What works in every cycle of a block: PEs, requantisers, multipliers, shifters, window and selection."""

from __future__ import annotations

from dataclasses import dataclass

from hlsq.cost.multipliers import Multipliers, multipliers_of
from hlsq.cost.registers import TapSelect, tap_select, window_registers
from hlsq.cost.requantisers import Requantisers, requantisers_of
from hlsq.cost.reuse import Split
from hlsq.graph import QBlock, QuantizedGraph


@dataclass(frozen=True)
class Operators:
    """The hardware of one block that a cycle uses.

    Attributes:
        requantisers: by kind.
        multipliers: outside of PEs, by what they are for.
        shifters: PEs and requantisers that shift by what is known only when they run.
        dsp_candidates: multiplications that a tool may put into DSP blocks: those of PEs and ``multipliers``.
        window_register_bits: of the taps that PEs see, held from one cycle to the next.
        tap_select: what selects those of a cycle.
    """

    requantisers: Requantisers
    multipliers: Multipliers
    shifters: int
    dsp_candidates: int
    window_register_bits: int
    tap_select: TapSelect


def operators_of(
    graph: QuantizedGraph, block: QBlock, split: Split | None, multiplies: bool = False, shifts: bool = False
) -> Operators:
    """The operators of ``block``.

    Args:
        graph: the network.
        block: of it.
        split: steps and parallelism of the block; None for one that only hands values on.
        multiplies: whether its PEs multiply.
        shifts: whether they shift; by a weight that never changes that is a wire.
    """
    requantisers = requantisers_of(graph, block, split)
    multipliers = multipliers_of(graph, block, split)
    pes = 0 if split is None or block.weights is None else split.pes
    varying = pes if split is not None and split.reuse_factor > 1 else 0
    return Operators(
        requantisers=requantisers,
        multipliers=multipliers,
        shifters=requantisers.shifters + (varying if shifts else 0),
        dsp_candidates=multipliers.total + (pes if multiplies else 0),
        window_register_bits=window_registers(graph, block, split),
        tap_select=tap_select(graph, block, split),
    )
