"""How many requantisers a block has: as many as it finishes outputs in a cycle."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hlsq.cost.reuse import Split
from hlsq.graph import DyadicRequant, QBlock, QuantizedGraph, Requant
from hlsq.graph.ops import Concatenate


@dataclass(frozen=True)
class Requantisers:
    """The requantisers of one block; rounding, zero point and clamping belong to each.

    Attributes:
        shift: those that shift alone.
        dyadic: those that multiply by an integer of at most 16 bits and shift.
        threshold: those that compare with thresholds and look a value up.
        shifters: those of the first two whose shift is known only when they run, because outputs that share the
            requantiser differ in it.
    """

    shift: int = 0
    dyadic: int = 0
    threshold: int = 0
    shifters: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.shift + self.dyadic + self.threshold

    def __add__(self, other: Requantisers) -> Requantisers:
        return Requantisers(
            self.shift + other.shift,
            self.dyadic + other.dyadic,
            self.threshold + other.threshold,
            self.shifters + other.shifters,
        )


def requantisers_of(graph: QuantizedGraph, block: QBlock, split: Split | None) -> Requantisers:
    """Requantisers of ``block``.

    Outputs of one group (``split.output_block``) are finished at once; of a concatenation those of each input, which
    have requantisers of their own.
    """
    if isinstance(block.op, Concatenate):
        found = Requantisers()
        for source, requant in zip(block.inputs, block.input_requants, strict=True):
            if requant is not None and split is not None:
                found += _copies(requant, split.share_of(graph.shapes[source][-1]), split.output_steps)
        return found
    if split is None:
        return Requantisers()
    return _copies(block.requant, split.output_block, split.output_steps)


def _copies(requant: Requant | None, copies: int, groups: int) -> Requantisers:
    if requant is None:
        return Requantisers()
    if not isinstance(requant, DyadicRequant):
        return Requantisers(threshold=copies)
    differs = len(set(requant.shift)) > 1
    by_group = groups > 1 and (differs or (requant.is_shift and len(set(requant.multiplier)) > 1))
    varies = by_group or (differs and requant.negative_shift > 0)  # between two constant shifts a sign selects wires
    found = Requantisers(shift=copies) if requant.is_shift else Requantisers(dyadic=copies)
    return replace(found, shifters=copies if varies else 0)
