"""How exactly a plan's integers are the values of the QKeras model, and batch norms wide enough that they are.

The model multiplies by real numbers: a batch norm's factor, or a scale that is no power of two. Hardware multiplies by
integers of some width. Both give steps that rise (or fall) with the accumulator, so they agree on every accumulator if
they agree at both ends and on either side of each place where the model's output changes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsq.emulate.integers import IntegerStage
from hlsq.errors import QuantizationError
from hlsq.formats import FixedPoint, Format
from hlsq.graph import Block, Graph
from hlsq.graph.lowering.lower import quantize_graph
from hlsq.graph.lowering.parameters import factor_exponents
from hlsq.graph.ops import Add, AveragePool2D, Concatenate, DepthwiseConv2D
from hlsq.graph.ops.pool2d import average_weights
from hlsq.graph.quantized import QBlock, QuantizedGraph
from hlsq.plan import BlockPlan, Plan

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Function = Callable[[Ints], Ints]
MOST_LEVELS = 1 << 12
"""Output integers that are looked at; of more, evenly chosen ones."""
MOST_AT_ONCE = 1 << 20
SINGLE_ROUNDING = 2.0**-23
"""How far, relative to the largest value of a channel, rounding in float32 may carry a model's value."""
WIDTHS = (16, 20, 24, 28, 32)
"""Bits that a batch norm's factor may have, its sign included; 16 without a format of its own."""


def settle(graph: Graph, plan: Plan) -> Plan:
    """``plan`` with factors of batch norms as wide as it takes, and with what remains inexact noted in ``info``.

    ``info["batch_norm_bits"]`` has the width by block where 16 bits do not do; ``info["inexact"]`` has by block how
    many of the accumulators at which the model's output changes (all channels) make hardware give another value.
    """
    widths: dict[str, int] = {}
    inexact = _inexact(graph, plan, quantize_graph(graph, plan), [block.name for block in graph.blocks])
    for width in WIDTHS[1:]:
        wanted = [name for name, count in inexact.items() if count and _has_factor(graph.by_name[name], plan)]
        trials = [{name: _factor_format(graph.by_name[name], width) for name in wanted}]
        if wanted and not _lowers(graph, plan, trials[0]):  # products too wide somewhere: each on its own
            trials = [part for part in ({n: f} for n, f in trials[0].items()) if _lowers(graph, plan, part)]
        for formats in trials if wanted else ():
            wider = _with_factors(graph, plan, formats)
            found = _inexact(graph, wider, quantize_graph(graph, wider), list(formats))
            better = {name: fmt for name, fmt in formats.items() if found.get(name, 0) < inexact[name]}
            plan = _with_factors(graph, plan, better)
            widths |= dict.fromkeys(better, width)
            inexact |= {name: found.get(name, 0) for name in better}
    notes = {"batch_norm_bits": widths, "inexact": {name: count for name, count in inexact.items() if count}}
    return replace(plan, info={**plan.info, **{key: note for key, note in notes.items() if note}})


def _has_factor(block: Block, plan: Plan) -> bool:
    """Whether the block has a batch norm's real factors, whether that joined a block or stands alone."""
    return block.scale is not None or _is_norm(block, plan)


def _is_norm(block: Block, plan: Plan) -> bool:
    """Whether the block multiplies each channel by one real number, as a batch norm on its own does.

    A depthwise convolution of one tap does so too, by numbers that its quantizer's format holds: that is not touched.
    """
    fmt = plan.blocks[block.name].weight
    if not isinstance(block.op, DepthwiseConv2D) or block.kernel is None or block.kernel.shape[:2] != (1, 1):
        return False
    return fmt is not None and not np.array_equal(fmt.fake_quantize(block.kernel), block.kernel)


def _factor_format(block: Block, width: int) -> FixedPoint:
    """A format of ``width`` bits whose fraction fits the factor of every channel."""
    factor = block.kernel if block.scale is None else block.scale.multiplier
    exponents = factor_exponents(np.asarray(factor, dtype=np.float64).reshape(-1))
    return FixedPoint(width, tuple((width - 1 - exponents).tolist()))


def _with_factors(graph: Graph, plan: Plan, formats: Mapping[str, FixedPoint]) -> Plan:
    for name, fmt in formats.items():
        plan = plan.with_block(name, **{"weight" if graph.by_name[name].scale is None else "scale": fmt})
    return plan


def _lowers(graph: Graph, plan: Plan, formats: Mapping[str, FixedPoint]) -> bool:
    try:
        quantize_graph(graph, _with_factors(graph, plan, formats))
    except QuantizationError:
        return False
    return True


def _inexact(graph: Graph, plan: Plan, quantized: QuantizedGraph, names: Sequence[str]) -> dict[str, int]:
    """Number of places where hardware and model differ, for the blocks ``names`` where that is not 0."""
    blocks = [graph.by_name[name] for name in names]
    counts = {b.name: _differences(graph, plan, quantized, b) for b in blocks if not isinstance(b.op, Concatenate)}
    return {name: count for name, count in counts.items() if count}


def _differences(graph: Graph, plan: Plan, quantized: QuantizedGraph, block: Block) -> int:
    lowered, formats = quantized.by_name[block.name], plan.blocks[block.name]
    steps = [float(quantized.formats[name].step) for name in block.inputs]
    if isinstance(block.op, Add) and not _aligned_exactly(lowered, steps):
        return 1
    if not block.op.accumulates:
        return 0
    step, bounds, factor = _step(graph, block, formats, lowered, steps), _sums(lowered), np.asarray(1)
    if _is_norm(block, plan) and lowered.weights is not None:
        # The model multiplies by the real factors, hardware by their integers: compare at the inputs, not at the sums.
        step = np.asarray(steps[0] * np.asarray(block.kernel, dtype=np.float64).reshape(-1))
        source = quantized.formats[block.inputs[0]]
        bounds, factor = (source.qmin - source.offset, source.qmax - source.offset), lowered.weights.values.reshape(-1)
    model = _Model(block, formats, step)
    stage = IntegerStage(lowered.product_shift, lowered.bias, lowered.scale, lowered.requant)
    output = formats.output
    if output is None or block.name in plan.info.get("exact_outputs", ()):
        return _raw_differences(model, stage, lowered, bounds, factor)
    per_slice = max(1, MOST_AT_ONCE // MOST_LEVELS)
    count, channels = 0, lowered.shape[-1]
    for start in range(0, channels, per_slice):
        part = np.arange(start, min(start + per_slice, channels))

        def own(sums: Ints, part: Ints = part) -> Ints:
            return output.quantize(model(_spread(sums, part, channels)))[:, part]

        def hardware(sums: Ints, part: Ints = part) -> Ints:
            out = np.empty((len(sums), channels), np.int64)
            stage(_spread(sums, part, channels) * factor, out)
            return out[:, part]

        count += _count(own, hardware, bounds, len(part), output)
    return count


def _raw_differences(
    model: _Model, stage: IntegerStage, lowered: QBlock, bounds: tuple[int, int], factor: NDArray[Any]
) -> int:
    """Channels of an unquantised block whose largest or smallest value is off by more than float32's own rounding."""
    sums = np.repeat(np.asarray([[bounds[0]], [bounds[1]]], dtype=np.int64), lowered.shape[-1], axis=1)
    integers = np.empty(sums.shape, np.int64)
    stage(sums * factor, integers)
    values = model(sums).astype(np.float64)
    off = np.abs(lowered.format.dequantize(integers) - values) > SINGLE_ROUNDING * np.abs(values).max(axis=0)
    return int(off.any(axis=0).sum())


def _spread(sums: Ints, part: Ints, channels: int) -> Ints:
    """``sums`` of some channels among zeros for the others."""
    if len(part) == channels:
        return sums
    whole = np.zeros((len(sums), channels), np.int64)
    whole[:, part] = sums
    return whole


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
    """What the model computes of a sum: bias, batch norm and activation in real numbers, before its quantizer."""

    block: Block
    formats: BlockPlan
    step: Floats

    def __call__(self, sums: Ints) -> NDArray[Any]:
        """Values of ``sums`` [n, channels]; those of a batch norm in float32, as Keras computes it."""
        block, real = self.block, sums * self.step
        if block.bias is not None:
            bias = np.asarray(block.bias, dtype=np.float64)
            real = real + (bias if self.formats.bias is None else self.formats.bias.fake_quantize(bias))
        if block.scale is not None:
            gain, shift = np.float32(block.scale.multiplier), np.float32(block.scale.shift)
            real = (real.astype(np.float32) * gain + shift).astype(np.float64)
        return block.activation.apply(real)


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
    ends = [model(end) != hardware(end) for end in (low, high)]
    return int(sum(side.sum() for side in (*sides, *ends)))


def _levels(fmt: Format, first: int, last: int) -> Ints:
    """The output integers above ``first`` up to ``last``; of very many, evenly chosen ones."""
    if fmt.levels is not None:
        return np.asarray([level for level in fmt.levels if first < level <= last], dtype=np.int64)
    return np.unique(np.linspace(first + 1, last, min(max(last - first, 0), MOST_LEVELS)).astype(np.int64))
