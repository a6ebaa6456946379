"""Random quantised networks of every operation and format, for comparing emulator, C simulation and plain integers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hlsq.formats import Affine, FixedPoint, Format, PowerOfTwo, Rounding
from hlsq.graph import Activation, Block, ChannelScale, Graph, GraphInput, QuantizedGraph
from hlsq.graph.lowering import quantize_graph
from hlsq.graph.ops import (
    Add,
    AveragePool2D,
    Concatenate,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    Identity,
    MaxPool2D,
    Reshape,
    ZeroPad2D,
)
from hlsq.plan import BlockPlan, Plan


@dataclass
class NetworkBuilder:
    """Adds blocks one after the other, with formats that fit the values they produce."""

    rng: np.random.Generator
    inputs: list[GraphInput] = field(default_factory=list)
    input_formats: dict[str, Format] = field(default_factory=dict)
    blocks: list[Block] = field(default_factory=list)
    plans: dict[str, BlockPlan] = field(default_factory=dict)
    shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    formats: dict[str, Format] = field(default_factory=dict)
    batch_norm: str = "fold"

    def input(self, name: str, shape: tuple[int, ...], fmt: Format) -> str:
        self.inputs.append(GraphInput(name, shape))
        self.input_formats[name] = fmt
        self.shapes[name], self.formats[name] = shape, fmt
        return name

    def add(self, name: str, op: Any, sources: list[str], **kwargs: Any) -> str:
        plan = kwargs.pop("plan", BlockPlan())
        block = Block(name, op, tuple(sources), **kwargs)
        kernel = None if block.kernel is None else block.kernel.shape
        self.shapes[name] = op.output_shape([self.shapes[s] for s in sources], kernel)
        self.blocks.append(block)
        self.plans[name] = plan
        self.formats[name] = plan.output or self.formats[sources[0]]
        return name

    def build(self, outputs: list[str]) -> tuple[Graph, Plan]:
        graph = Graph("random", tuple(self.inputs), tuple(self.blocks), tuple(outputs))
        plan = Plan("random", self.batch_norm, self.input_formats, self.plans)  # type: ignore[arg-type]
        return graph, plan

    # Random pieces -------------------------------------------------------------------------------------------------

    def weight_format(self, channels: int) -> Format:
        kind = self.rng.integers(8)
        per_channel = self.rng.random() < 0.4
        scale: Any = float(self.rng.uniform(0.01, 0.1))
        if per_channel:
            scale = tuple(float(s) for s in self.rng.uniform(0.01, 0.1, channels))
        if kind == 0:
            return PowerOfTwo(5, 7, scale)
        if kind == 1:
            return PowerOfTwo(4, 6, scale)
        if kind == 2:
            return PowerOfTwo(3, 2, 0.25)
        if kind == 3:
            return FixedPoint(1, int(self.rng.integers(-1, 4)))
        if kind == 4:
            return FixedPoint(int(self.rng.integers(2, 12)), int(self.rng.integers(2, 9)))
        if kind == 5:
            return FixedPoint(4, 5, signed=False)
        if kind == 6:
            fracs: Any = tuple(int(f) for f in self.rng.integers(3, 7, channels)) if per_channel else 5
            return FixedPoint(7, fracs, symmetric=True)
        return Affine(8, scale, symmetric=True)

    def activation_format(self, activation: Activation, spread: float) -> Format:
        kind = self.rng.integers(7)
        rounding = Rounding.HALF_UP if self.rng.random() < 0.5 else Rounding.HALF_EVEN
        positive = activation.relu
        if kind == 0:
            frac = int(self.rng.integers(-2, 6))
            return FixedPoint(int(self.rng.integers(3, 10)), frac, signed=not positive, rounding=rounding)
        if kind == 1:
            return PowerOfTwo(4 + (not positive), 7, float(2.0 ** self.rng.integers(-6, -2)), signed=not positive)
        if kind == 2 and not positive:
            return FixedPoint(1, int(self.rng.integers(0, 3)))
        width = int(self.rng.integers(4, 11))
        if positive:
            return Affine(width, spread / 2**width, signed=False, rounding=rounding)
        if kind == 3:
            return Affine(width, 2 * spread / 2**width, int(self.rng.integers(0, 2**width)), False, rounding=rounding)
        return Affine(width, 2 * spread / 2**width, int(self.rng.integers(-4, 4)), rounding=rounding)

    def activation(self) -> Activation:
        return [
            Activation(),
            Activation(relu=True),
            Activation(relu=True, max_value=2.5),
            Activation(negative_shift=int(self.rng.integers(1, 5))),
        ][int(self.rng.integers(4))]

    def finish(self, channels: int, weights: bool) -> dict[str, Any]:
        """Bias, scale, activation and the formats that go with them."""
        activation = self.activation()
        out: dict[str, Any] = {"activation": activation}
        weight = self.weight_format(channels) if weights else None
        bias = None
        if weights and self.rng.random() < 0.7:
            out["bias"] = self.rng.normal(size=channels)
            bias = FixedPoint(12, int(self.rng.integers(4, 12))) if self.rng.random() < 0.4 else None
        if self.batch_norm == "refine" and self.rng.random() < 0.6:
            gain = self.rng.normal(size=channels) * self.rng.choice([0.1, 1.0], channels)
            out["scale"] = ChannelScale(gain, self.rng.normal(size=channels))
        scale = FixedPoint(10, 7) if "scale" in out and self.rng.random() < 0.3 else None
        output = self.activation_format(activation, 4.0)
        out["plan"] = BlockPlan(weight=weight, bias=bias, scale=scale, output=output)
        return out

    def kernel(self, *shape: int) -> np.ndarray:
        return self.rng.normal(size=shape) * self.rng.choice([0.1, 0.5, 1.0])


def random_network(seed: int, blocks: int = 7) -> tuple[Graph, Plan]:
    """A network of about ``blocks`` random operations; ends in one or two outputs."""
    rng = np.random.default_rng(seed)
    b = NetworkBuilder(rng, batch_norm=str(rng.choice(["fold", "refine"])))
    height, width, channels = (int(v) for v in (rng.integers(4, 9), rng.integers(4, 9), rng.integers(1, 5)))
    one_dimensional = rng.random() < 0.2
    shape = (width, channels) if one_dimensional else (height, width, channels)
    zero = int(rng.integers(0, 256)) if rng.random() < 0.5 else 0
    last = b.input("x", shape, Affine(8, 4 / 255, zero, signed=False))
    outputs = []
    if rng.random() < 0.3:
        other = b.input("y", shape, FixedPoint(6, 3))
        last = b.add("join", Add(), [last, other], plan=BlockPlan(output=Affine(8, 0.05)))
    for i in range(blocks):
        last = _random_block(b, f"b{i}", last)
        if rng.random() < 0.1 and b.plans[last].output is not None:
            outputs.append(last)
    size = int(np.prod(b.shapes[last]))
    if len(b.shapes[last]) > 1:
        last = b.add("flat", Reshape((size,)), [last])
    kernel = b.kernel(size, 5)
    plan = BlockPlan(weight=b.weight_format(5))
    outputs.append(b.add("logits", Dense(), [last], kernel=kernel, bias=rng.normal(size=5), plan=plan))
    return b.build(outputs)


def _random_block(b: NetworkBuilder, name: str, source: str) -> str:
    rng, shape = b.rng, b.shapes[source]
    channels = shape[-1]
    rank = len(shape)
    height = shape[0] if rank == 3 else 1
    width = shape[-2] if rank > 1 else 1

    def pads() -> tuple[int, int, int, int]:
        p = [int(v) for v in rng.integers(0, 3, 4)]
        return (p[0] if rank == 3 else 0, p[1] if rank == 3 else 0, p[2] if rank > 1 else 0, p[3] if rank > 1 else 0)

    def window() -> tuple[int, int]:
        return int(rng.integers(1, min(height, 3) + 1)), int(rng.integers(1, min(width, 3) + 1))

    def strides() -> tuple[int, int]:
        return int(rng.integers(1, 3)), int(rng.integers(1, 3))

    choice = rng.choice(
        ["conv", "conv", "depthwise", "max", "average", "identity", "pad", "residual", "concat", "global"]
    )
    kh, kw = window()
    if choice == "conv":
        out = int(rng.integers(1, 7))
        roomy = rank == 3 and height >= 2 * kh and width >= 2 * kw and rng.random() < 0.3
        op = Conv2D(strides(), pads(), (2, 2) if roomy and height > 4 and width > 4 else (1, 1))
        return b.add(name, op, [source], kernel=b.kernel(kh, kw, channels, out), **b.finish(out, True))
    if choice == "depthwise":
        out = channels * int(rng.integers(1, 3))
        op = DepthwiseConv2D(strides(), pads())
        return b.add(name, op, [source], kernel=b.kernel(kh, kw, out), **b.finish(out, True))
    if choice in ("max", "average"):
        p = pads()
        padding = (min(p[0], kh - 1), min(p[1], kh - 1), min(p[2], kw - 1), min(p[3], kw - 1))
        if choice == "max":
            return b.add(name, MaxPool2D((kh, kw), strides(), padding), [source])
        return b.add(name, AveragePool2D((kh, kw), strides(), padding), [source], **b.finish(channels, False))
    if choice == "identity":
        return b.add(name, Identity(), [source], **b.finish(channels, False))
    if choice == "pad" and b.formats[source].levels is None and rank > 1:
        return b.add(name, ZeroPad2D(pads()), [source])
    if choice == "global" and rank == 3 and height * width < 40 and rng.random() < 0.3:
        op = AveragePool2D((height, width), (height, width), squeeze=True)
        return b.add(name, op, [source], **b.finish(channels, False))
    if choice == "concat":
        side = _conv_same(b, f"{name}_side", source, int(rng.integers(1, 4)))
        plan = BlockPlan(output=Affine(7, 0.06, int(rng.integers(-3, 3))))
        return b.add(name, Concatenate(), [source, side], activation=b.activation(), plan=plan)
    side = _conv_same(b, f"{name}_side", source, channels)
    sources = [source, side] + ([side] if rng.random() < 0.3 else [])
    return b.add(name, Add(), sources, **b.finish(channels, False))


def _conv_same(b: NetworkBuilder, name: str, source: str, out: int) -> str:
    shape = b.shapes[source]
    rank = len(shape)
    kh, kw = (3 if rank == 3 and shape[0] > 2 else 1), (3 if rank > 1 and shape[-2] > 2 else 1)
    padding = (kh // 2, kh // 2, kw // 2, kw // 2)
    kernel = b.kernel(kh, kw, shape[-1], out)
    return b.add(name, Conv2D((1, 1), padding), [source], kernel=kernel, **b.finish(out, True))


def random_inputs(graph: QuantizedGraph, samples: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Real inputs over (and a little beyond) the range of every input format."""
    rng = np.random.default_rng(seed)
    inputs = {}
    for item in graph.inputs:
        low, high = (float(v) for v in item.format.range())
        margin = 0.1 * (high - low)
        inputs[item.name] = rng.uniform(low - margin, high + margin, (samples, *item.shape))
    return inputs


def quantized_network(seed: int, blocks: int = 7) -> QuantizedGraph:
    """The integers of ``random_network``."""
    return quantize_graph(*random_network(seed, blocks))
