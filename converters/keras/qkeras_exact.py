"""How exactly a plan's integers are the values of the QKeras model, and batch norms wide enough that they are.

The model multiplies by real numbers: a batch norm's factor, or a scale that is no power of two. Hardware multiplies by
integers of some width. Both give steps that rise (or fall) with the accumulator, so they agree on every accumulator if
they agree on either side of each place where the model's output changes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hlsq.emulate.integers import IntegerStage
from hlsq.errors import QuantizationError
from hlsq.formats import FixedPoint, Format
from hlsq.graph import Block, Graph
from hlsq.graph.lowering.lower import quantize_graph
from hlsq.graph.ops import Add, AveragePool2D, Concatenate
from hlsq.graph.ops.pool2d import average_weights
from hlsq.graph.quantized import QBlock, QuantizedGraph
from hlsq.plan import BlockPlan, Plan

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Function = Callable[[Ints], Ints]
MOST_LEVELS = 1 << 16
WIDTHS = (16, 20, 24, 28, 32)
"""Bits that a batch norm's factor may have, its sign included; 16 without a format of its own."""


def settle(graph: Graph, plan: Plan) -> Plan:
    """``plan`` with factors of batch norms as wide as it takes, and with what remains inexact noted in ``info``.

    ``info["batch_norm_bits"]`` has the width by block where 16 bits do not do; ``info["inexact"]`` has by block how
    many of the accumulators at which the model's output changes (all channels) make hardware give another value.
    """
    widths: dict[str, int] = {}
    quantized = quantize_graph(graph, plan)
    inexact = _inexact(graph, plan, quantized)
    wanted = [name for name in inexact if graph.by_name[name].scale is not None]
    for width in WIDTHS[1:]:
        if not wanted:
            break
        for name in wanted:
            trial = plan.with_block(name, scale=_factor_format(graph.by_name[name], width))
            try:
                found = _inexact(graph, trial, quantize_graph(graph, trial), only=name).get(name, 0)
            except QuantizationError:  # products too wide: the width before has to do
                continue
            if found < inexact[name]:
                plan, widths[name], inexact[name] = trial, width, found
        wanted = [name for name in wanted if inexact[name]]
    notes = {"batch_norm_bits": widths, "inexact": {name: count for name, count in inexact.items() if count}}
    return replace(plan, info={**plan.info, **{key: note for key, note in notes.items() if note}})


def _factor_format(block: Block, width: int) -> FixedPoint:
    """A format of ``width`` bits whose fraction fits the factor of every channel."""
    gain = np.atleast_1d(np.asarray(block.scale.multiplier, dtype=np.float64))  # type: ignore[union-attr]
    exponents = np.frexp(np.where(gain == 0, 1.0, gain))[1]
    return FixedPoint(width, tuple((width - 1 - exponents).tolist()))


def _inexact(graph: Graph, plan: Plan, quantized: QuantizedGraph, only: str | None = None) -> dict[str, int]:
    """Number of places where hardware and model differ, for the blocks where that is not 0."""
    found = {}
    for block in graph.blocks:
        if not block.op.accumulates or isinstance(block.op, Concatenate) or only not in (None, block.name):
            continue
        count = _differences(graph, plan, quantized, block)
        if count:
            found[block.name] = count
    return found


def _differences(graph: Graph, plan: Plan, quantized: QuantizedGraph, block: Block) -> int:
    lowered, formats = quantized.by_name[block.name], plan.blocks[block.name]
    if formats.output is None or lowered.requant is None:
        return 0
    steps = [float(quantized.formats[name].step) for name in block.inputs]
    if isinstance(block.op, Add) and not _aligned_exactly(lowered, steps):
        return 1
    model = _Model(block, formats, formats.output, _step(graph, block, formats, lowered, steps))
    stage = IntegerStage(lowered.product_shift, lowered.bias, lowered.scale, lowered.requant)

    def hardware(sums: Ints) -> Ints:
        out = np.empty(sums.shape, np.int64)
        stage(sums, out)
        return out

    return _count(model, hardware, _sums(lowered), lowered.shape[-1], formats.output)


def _aligned_exactly(lowered: QBlock, steps: list[float]) -> bool:
    """Whether the factors that align an addition's inputs are in the ratio of their steps."""
    factors = lowered.input_multipliers
    return all(factor * steps[0] == factors[0] * step for factor, step in zip(factors, steps, strict=True))


def _step(graph: Graph, block: Block, formats: BlockPlan, lowered: QBlock, steps: list[float]) -> Floats:
    """Real value of one step of the sum, before bias, [] or [channels]."""
    if lowered.weights is not None:
        return np.asarray(steps[0] * lowered.weights.format.step)
    if isinstance(block.op, Add):
        return np.asarray(steps[0] / lowered.input_multipliers[0])
    if isinstance(block.op, AveragePool2D):
        reciprocal = 1 / average_weights(block.op, graph.shapes[block.inputs[0]]).divisor
        if formats.scale is not None and block.scale is None:
            reciprocal = float(formats.scale.fake_quantize(reciprocal))
        return np.asarray(steps[0] * reciprocal)
    return np.asarray(steps[0])


def _sums(lowered: QBlock) -> tuple[int, int]:
    """Bounds of the sum before bias."""
    bias = np.zeros(1, np.int64) if lowered.bias is None else lowered.bias
    low, high = lowered.accumulator.lo - int(bias.max()), lowered.accumulator.hi - int(bias.min())
    return low >> lowered.product_shift, -(-high >> lowered.product_shift)


@dataclass(frozen=True, eq=False)
class _Model:
    """What the model computes of a sum: bias, batch norm, activation and output quantizer in real numbers."""

    block: Block
    formats: BlockPlan
    output: Format
    step: Floats

    def __call__(self, sums: Ints) -> Ints:
        """Output integers of ``sums`` [n, channels]."""
        block, real = self.block, sums * self.step
        if block.bias is not None:
            bias = np.asarray(block.bias, dtype=np.float64)
            real = real + (bias if self.formats.bias is None else self.formats.bias.fake_quantize(bias))
        if block.scale is not None:
            real = real * block.scale.multiplier + block.scale.shift
        return self.output.quantize(block.activation.apply(real))


def _count(model: Function, hardware: Function, bounds: tuple[int, int], channels: int, fmt: Format) -> int:
    """How many sums on either side of a change of ``model``'s output give another one in ``hardware``."""
    low, high = (np.full((1, channels), end, dtype=np.int64) for end in bounds)
    falls = model(high) < model(low)

    def turned(sums: Ints) -> Ints:
        """The sums in falling order where the output falls with them."""
        return np.where(falls, bounds[0] + bounds[1] - sums, sums)

    first, last = model(turned(low))[0], model(turned(high))[0]
    levels = _levels(fmt, int(first.min()), int(last.max()))[:, None]
    changes = (levels > first) & (levels <= last)
    below, above = (np.repeat(end, len(levels), axis=0) for end in (low, high))
    while (above - below > 1).any():
        middle = (below + above) // 2
        reached = model(turned(middle)) >= levels
        above = np.where(reached, middle, above)
        below = np.where(reached, below, middle)
    sides = [(model(sums) != hardware(sums)) & changes for sums in (turned(below), turned(above))]
    return int(sum(side.sum() for side in sides))


def _levels(fmt: Format, first: int, last: int) -> Ints:
    """The output integers above ``first`` up to ``last``; of very many, evenly chosen ones."""
    if fmt.levels is not None:
        return np.asarray([level for level in fmt.levels if first < level <= last], dtype=np.int64)
    return np.unique(np.linspace(first + 1, last, min(max(last - first, 0), MOST_LEVELS)).astype(np.int64))
