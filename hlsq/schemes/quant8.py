"""Eight-bit integers for activations and weights: DoubleQ's first level on its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from hlsq.calibration import affine_target
from hlsq.calibration.run import Calibration
from hlsq.graph import Block, Graph
from hlsq.plan import BlockPlan, Plan
from hlsq.schemes.activations import input_formats, output_format
from hlsq.schemes.base import Scheme
from hlsq.schemes.weights import is_gain, symmetric_affine

WIDTH = 8


@dataclass(frozen=True, kw_only=True)
class Quant8(Scheme):
    """8-bit affine activations and symmetric 8-bit weights (DoubleQ eq. 1-3).

    A tensor that is never negative is unsigned with zero point 0; any other has the zero point of eq. 3. Weights are
    integers from -127 to 127. Biases stay exact to the last bit of the accumulator. The last layer returns its
    accumulator.

    Args:
        per_channel: one weight scale per output channel instead of one per layer. The paper's eq. 2 speaks of the
            layer; on ResNet-20 it is scales per channel with which ``doubleq`` comes near to the accuracies that it
            prints. A batch norm on its own always has one per channel, and is then exact.
        calibration_method: as for every scheme; the paper takes the extremes.
        calibration_options: as for every scheme.
        batch_norm: as for every scheme.
        batch_size: as for every scheme.
    """

    name: ClassVar[str] = "quant8"

    per_channel: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        self._flag("per_channel")

    def plan(self, graph: Graph, calibration: Calibration) -> Plan:
        """8-bit formats for every tensor."""
        target = affine_target(WIDTH)
        source = graph.fold_batch_norm() if self.batch_norm == "fold" else graph
        blocks = {}
        for block in source.blocks:
            weights = BlockPlan() if block.kernel is None else self.weights(graph, block)
            output = output_format(self, graph, calibration, block, target)
            blocks[block.name] = BlockPlan(weight=weights.weight, first_level=weights.first_level, output=output)
        return Plan(
            scheme=self.name,
            batch_norm=self.batch_norm,
            inputs=input_formats(self, graph, calibration, lambda _: target),
            blocks=blocks,
            options=self.options(),
            info=self.info(calibration),
        )

    def weights(self, graph: Graph, block: Block) -> BlockPlan:
        """The weight formats of ``block``, which has weights."""
        assert block.kernel is not None  # noqa: S101 - the caller looked
        return BlockPlan(weight=symmetric_affine(block.kernel, WIDTH, self.per_channel or is_gain(block)))
