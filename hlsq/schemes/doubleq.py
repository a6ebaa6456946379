"""DoubleQ: eight-bit weights quantised once more, to powers of two in five bits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from hlsq.formats import Affine, PowerOfTwo
from hlsq.graph import Block, Graph
from hlsq.graph.ops import Dense
from hlsq.plan import BlockPlan
from hlsq.schemes.quant8 import Quant8
from hlsq.schemes.weights import is_gain

CODE_BITS = 5
MAX_EXPONENT = 7


@dataclass(frozen=True, kw_only=True)
class DoubleQ(Quant8):
    """Two-level quantisation (DoubleQ section III-A): ``quant8``, then every weight to the nearest power of two.

    The second level takes an integer ``q`` to ``sign(q) * 2**round(log2 |q|)`` (Table 2), stored as a 5-bit code of
    sign, zero flag and exponent up to 7, so that a shift replaces the multiplication. It applies to every convolution,
    depthwise ones included, but not to a batch norm on its own, which is no convolution and needs its eight bits.

    Args:
        last_layer: a dense last layer stays in eight bits (``"quant8"``: the paper quantises convolutions) or gets
            5-bit codes too (``"doubleq"``). Dense layers before the last always get them.
        per_channel: one first-level scale per output channel instead of one per layer. The powers of two lie where the
            scale puts them, so the accuracy changes, and not always for the better: on ResNet-20 84 % remain with it,
            near the paper's 85 %, and 88 % without.
        calibration_method: as for every scheme; the paper takes the extremes.
        calibration_options: as for every scheme.
        batch_norm: as for every scheme.
        batch_size: as for every scheme.
    """

    name: ClassVar[str] = "doubleq"

    last_layer: Literal["quant8", "doubleq"] = "quant8"

    def __post_init__(self) -> None:
        super().__post_init__()
        self._choice("last_layer", ("quant8", "doubleq"))

    def weights(self, graph: Graph, block: Block) -> BlockPlan:
        """The weight formats of ``block``: first level, and second where it applies."""
        first = super().weights(graph, block).weight
        if is_gain(block) or (self.last_layer == "quant8" and is_last_dense(graph, block)):
            return BlockPlan(weight=first)
        assert isinstance(first, Affine)  # noqa: S101 - what quant8 makes
        return BlockPlan(weight=PowerOfTwo(CODE_BITS, MAX_EXPONENT, first.scale), first_level=first)


def is_last_dense(graph: Graph, block: Block) -> bool:
    """Whether ``block`` is a dense layer with no other layer with weights after it."""
    if not isinstance(block.op, Dense):
        return False
    reached = {block.name}
    for later in graph.blocks:
        if reached & set(later.inputs):
            if later.kernel is not None:
                return False
            reached.add(later.name)
    return True
