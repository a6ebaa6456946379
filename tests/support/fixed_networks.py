"""Random networks as FxP-QNet designs them: every tensor in fixed point with a width and fraction length of its own."""

from __future__ import annotations

from typing import Any

import numpy as np
from networks import NetworkBuilder

from hlsq.formats import FixedPoint, Rounding
from hlsq.graph import Activation, ChannelScale, Graph, QuantizedGraph
from hlsq.graph.lowering import quantize_graph
from hlsq.graph.ops import Add, AveragePool2D, Conv2D, Dense, DepthwiseConv2D, MaxPool2D
from hlsq.plan import BlockPlan, Plan


class FixedBuilder(NetworkBuilder):
    """Formats drawn around what the values need, sometimes far from it."""

    def around(
        self, values: Any, width: int, signed: bool = True, rounding: Rounding = Rounding.HALF_EVEN
    ) -> FixedPoint:
        """A format of ``width`` bits for ``values``: its fraction length fits them, give or take three."""
        largest = max(float(np.abs(values).max()), 2.0**-12)
        integer_bits = int(np.floor(np.log2(largest))) + 1
        off = int(self.rng.integers(-3, 4)) if self.rng.random() < 0.4 else 0
        return FixedPoint(width, width - signed - integer_bits + off, signed=signed, rounding=rounding)

    def width(self, low: int = 1, high: int = 16) -> int:
        """Small ones twice as often."""
        return int(self.rng.integers(low, (min(6, high) if self.rng.random() < 0.5 else high) + 1))

    def output(self, activation: Activation, spread: float = 4.0) -> FixedPoint:
        """Unsigned after most ReLUs; of one bit now and then; ties to even mostly."""
        rounding = Rounding.HALF_EVEN if self.rng.random() < 0.8 else Rounding.HALF_UP
        signed = not (activation.relu and self.rng.random() < 0.8)
        return self.around(spread, self.width(), signed, rounding)

    def parts(self, channels: int, kernel: np.ndarray | None, bias: bool = True) -> dict[str, Any]:
        """Everything of a block beside its operation."""
        rng = self.rng
        activation = Activation(relu=True) if rng.random() < 0.6 else Activation()
        out: dict[str, Any] = {"activation": activation}
        plan: dict[str, Any] = {"output": self.output(activation)}
        if kernel is not None:
            out["kernel"] = kernel
            plan["weight"] = self.around(kernel, self.width(), signed=bool(rng.random() < 0.9))
            if bias and rng.random() < 0.7:
                out["bias"] = rng.normal(size=channels) * 2.0 ** rng.integers(-6, 1)
                plan["bias"] = self.around(out["bias"], int(rng.integers(2, 33))) if rng.random() < 0.9 else None
        if self.batch_norm == "refine" and rng.random() < 0.7:
            gain, shift = rng.normal(size=channels), rng.normal(size=channels)
            out["scale"] = ChannelScale(gain, shift)
            plan["scale"] = self.around(gain, self.width()) if rng.random() < 0.9 else None
            plan["scale_shift"] = self.around(shift, self.width(2, 32)) if rng.random() < 0.9 else None
        out["plan"] = BlockPlan(**plan)
        return out


def fixed_network(seed: int) -> tuple[Graph, Plan]:
    """Two convolutions with a residual addition, a depthwise one, pooling of all kinds, a dense layer."""
    rng = np.random.default_rng(seed)
    b = FixedBuilder(rng, batch_norm=str(rng.choice(["fold", "refine", "refine"])))
    size, channels = int(rng.integers(4, 8)), int(rng.integers(1, 5))
    signed = bool(rng.random() < 0.5)
    x = b.input("x", (size, size, channels), b.around(1.0, b.width(), signed))
    same = (1, 1, 1, 1)
    kernel = b.kernel(3, 3, channels, 4)
    x = b.add("conv1", Conv2D((1, 1), same), [x], **b.parts(4, kernel))
    y = b.add("conv2", Conv2D((1, 1), same), [x], **b.parts(4, b.kernel(3, 3, 4, 4)))
    x = b.add("add", Add(), [x, y], **b.parts(4, None))
    if rng.random() < 0.5:
        x = b.add("max", MaxPool2D((2, 2), (1, 1)), [x])
    x = b.add("depthwise", DepthwiseConv2D((1, 1), same), [x], **b.parts(8, b.kernel(3, 3, 8)))
    pads = (0, 1, 1, 0) if rng.random() < 0.5 else (0, 0, 0, 0)
    x = b.add("average", AveragePool2D((2, 2), (2, 2), pads), [x], **_average(b, 8, 4))
    height, width = b.shapes[x][:2]
    op = AveragePool2D((height, width), (height, width), squeeze=True)
    x = b.add("global", op, [x], **_average(b, 8, height * width))
    kernel = b.kernel(8, 5)
    parts = b.parts(5, kernel)
    if rng.random() < 0.6:
        parts["activation"], parts["plan"] = Activation(), _raw(parts["plan"])
    return b.build([b.add("fc", Dense(), [x], **parts)])


def _average(b: FixedBuilder, channels: int, count: int) -> dict[str, Any]:
    parts = b.parts(channels, None)
    if "scale" in parts or b.rng.random() < 0.2:
        return parts
    plan = BlockPlan(scale=b.around(1 / count, b.width(2)), output=parts["plan"].output)
    return {**parts, "plan": plan}


def _raw(plan: BlockPlan) -> BlockPlan:
    return BlockPlan(weight=plan.weight, bias=plan.bias, scale=plan.scale, scale_shift=plan.scale_shift)


def fixed_quantized(seed: int) -> QuantizedGraph:
    """The integers of ``fixed_network``."""
    return quantize_graph(*fixed_network(seed))
