"""Whether a ``QuantizedGraph`` is one that quantisation could have made.

Everything in it that follows from something else is computed again: shapes from operations, intervals from weights,
biases and inputs. So a damaged file is noticed before it makes an emulator or a simulation compute something else, or
read where there is nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from hlsq.errors import FormatError, GraphError, HlsqError
from hlsq.formats import Format
from hlsq.graph.lowering.accumulate import LIMIT, ChannelBounds, add_bias, checked_output, scale_bounds, sum_bounds
from hlsq.graph.lowering.parameters import SCALE_BITS
from hlsq.graph.lowering.requant import (
    MAX_SHIFT,
    MAX_WIDTH,
    MULTIPLIER_BITS,
    output_interval,
    product_interval,
)
from hlsq.graph.ops import Add, AveragePool2D, Concatenate, Shape, Windows, ZeroPad2D
from hlsq.graph.quantized import (
    HOST_FUNCTIONS,
    Interval,
    QBlock,
    QScale,
    QuantizedGraph,
    Requant,
    ThresholdRequant,
)

MOST_VALUES = 1 << 26
"""Of one tensor, per sample."""


@dataclass(frozen=True)
class _Tensor:
    """What a block needs to know of an input."""

    shape: Shape
    format: Format
    interval: Interval

    @property
    def deviation(self) -> Interval:
        """Integers of ``a - zero_point``, with the 0 of padding."""
        offset = self.format.offset
        return Interval(self.interval.lo - offset, self.interval.hi - offset).with_zero()


def check_graph(graph: QuantizedGraph) -> None:
    """Refuse a network whose parts contradict each other, or that nothing could compute.

    Raises:
        GraphError: names the block, what is wrong with it, and what it should be.
    """
    tensors: dict[str, _Tensor] = {}
    for place, item in enumerate(graph.inputs):
        where = f"inputs[{place}] ({item.name!r})"
        _require(item.name not in tensors, f"{where}: the name is there twice")
        _check_activation(where, item.shape, item.format)
        tensors[item.name] = _Tensor(item.shape, item.format, Interval(item.format.qmin, item.format.qmax))
    _require(bool(graph.inputs), "inputs: the network has none")
    for place, block in enumerate(graph.blocks):
        where = f"blocks[{place}] ({block.name!r})"
        _require(block.name not in tensors, f"{where}: the name is there twice")
        for name in block.inputs:
            _require(name in tensors, f"{where}.inputs: {name!r} is no earlier block and no network input")
        try:
            _check_block(block, [tensors[name] for name in block.inputs], bool(graph.consumers(block.name)))
            if block.name in graph.outputs:
                checked_output(block.name, block.interval, block.format)
        except HlsqError as error:
            raise GraphError(f"{where}: {error}") from None
        tensors[block.name] = _Tensor(block.shape, block.format, block.interval)
    _check_ends(graph)


def _check_ends(graph: QuantizedGraph) -> None:
    _require(bool(graph.outputs), "outputs: the network has none")
    for place, name in enumerate(graph.outputs):
        _require(name in graph.by_name, f"outputs[{place}]: {name!r} is no block")
        _require(graph.outputs.count(name) == 1, f"outputs[{place}]: {name!r} is there twice")
    for name, function in graph.host.items():
        _require(name in graph.outputs, f"host.{name}: {name!r} is no output of the network")
        _require(
            function in HOST_FUNCTIONS,
            f"host.{name}: the function {function!r} left to the host is unknown; valid: {', '.join(HOST_FUNCTIONS)}",
        )


def _check_block(block: QBlock, sources: Sequence[_Tensor], is_read: bool) -> None:
    op = block.op
    few = "two or more" if op.inputs is None else str(op.inputs)
    right = len(sources) >= 2 if op.inputs is None else len(sources) == op.inputs
    _require(right, f"inputs: {op.kind} takes {few}, found {len(sources)}")
    _require(op.has_kernel == (block.weights is not None), f"weights: {'missing' if op.has_kernel else 'not allowed'}")
    kernel = None if block.weights is None else block.weights.values.shape
    _require(kernel is None or 0 not in kernel, f"weights: shape {kernel} holds none")
    shape = op.output_shape([s.shape for s in sources], kernel)
    _require(block.shape == shape, f"shape: {list(block.shape)}, but inputs and operation give {list(shape)}")
    _require(block.requant is None or op.accumulates, f"requant: {op.kind} keeps its input's integers")
    for name in ("weights", "bias", "scale") if not op.accumulates or isinstance(op, Concatenate) else ():
        _require(getattr(block, name) is None, f"{name}: {op.kind} has none")
    if isinstance(op, Concatenate):
        _check_concatenate(block, sources)
    elif not op.accumulates:
        _check_passing(block, sources[0])
    else:
        _check_accumulating(block, sources, is_read)
    raw = op.accumulates and block.requant is None and not isinstance(op, Concatenate)
    _check_activation("output", block.shape, block.format, raw)
    inside = block.format.qmin <= block.interval.lo and block.interval.hi <= block.format.qmax
    _require(inside, f"format: {block.format} does not hold the integers of the interval")


def _check_activation(where: str, shape: Shape, fmt: Format, per_channel: bool = False) -> None:
    _require(len(shape) > 0 and prod(shape) <= MOST_VALUES, f"{where}: shape {list(shape)} has too many values or none")
    channels = fmt.channels
    _require(
        channels is None or (per_channel and channels == shape[-1]),
        f"{where}: its format {fmt} has {channels} scales; allowed is one",
    )


def _check_passing(block: QBlock, source: _Tensor) -> None:
    _check_nothing_added(block)
    _require(block.format == source.format, f"format: {block.format}, but {block.op.kind} keeps {source.format}")
    interval = source.interval
    if isinstance(block.op, ZeroPad2D) or (isinstance(block.op, Windows) and any(block.op.padding)):
        levels, zero = source.format.levels, source.format.offset
        _require(levels is None or zero in levels, f"format: {source.format} has no zero to pad with")
        interval = interval.union(Interval(zero, zero))
    _check_intervals(block, interval, interval, interval)


def _check_concatenate(block: QBlock, sources: Sequence[_Tensor]) -> None:
    _check_nothing_added(block, but_requants=True)
    _require(block.requant is None, "requant: a concatenation has one for each input, and none of its own")
    given = block.input_requants
    _require(len(given) == len(sources), f"input_requants: {len(given)} for {len(sources)} inputs")
    found, deviation = [], sources[0].deviation
    for place, (requant, source) in enumerate(zip(given, sources, strict=True)):
        where = f"input_requants[{place}]"
        deviation = deviation.union(source.deviation)
        if requant is None:
            _require(source.format == block.format, f"{where}: missing, although input and output formats differ")
            found.append(source.interval)
            continue
        _check_requant(where, requant, block.format, 1, source.deviation)
        found.append(output_interval(requant, source.deviation, 1))
    interval = found[0]
    for other in found[1:]:
        interval = interval.union(other)
    _check_intervals(block, deviation, deviation, interval)


def _check_accumulating(block: QBlock, sources: Sequence[_Tensor], is_read: bool) -> None:
    channels = block.shape[-1]
    _require(not block.input_requants, "input_requants: only a concatenation has them")
    _check_multipliers(block)
    if block.weights is not None:
        fmt = block.weights.format
        _require(fmt.offset == 0, f"weight_format: zero point {fmt.offset}; weights have 0")
        _require(fmt.channels in (None, channels), f"weight_format: {fmt.channels} scales for {channels} channels")
        _check_members("weights", block.weights.values, fmt)
    bounds = sum_bounds(
        block.name,
        block.op,
        None if block.weights is None else block.weights.values,
        block.input_multipliers,
        [s.deviation for s in sources],
        sources[0].shape,
        channels,
    )
    _require(0 <= block.product_shift <= MAX_SHIFT, f"product_shift: {block.product_shift}; allowed: 0 to {MAX_SHIFT}")
    bounds = _shifted(bounds, block.product_shift)
    if block.bias is not None:
        _require(block.bias.shape == (channels,), f"bias: shape {list(block.bias.shape)} for {channels} channels")
        _require(bool((np.abs(block.bias.astype(float)) < LIMIT).all()), "bias: more than 62 bits")
    bounds, accumulator = add_bias(block.name, bounds, block.bias)
    scaled = accumulator
    if block.scale is not None:
        _check_scale(block, block.scale, channels)
        bounds, scaled = scale_bounds(block.name, bounds, block.scale)
    if block.requant is None:
        _require(not is_read, "requant: missing, although other blocks read this one")
        interval, width = bounds.interval, scaled.width + (not scaled.signed)
        _require(block.format.bits == width, f"format: {block.format.bits} bits, but the raw accumulator has {width}")
    else:
        _check_requant("requant", block.requant, block.format, channels, scaled)
        interval = output_interval(block.requant, bounds.interval, channels)
    _check_intervals(block, accumulator, scaled, interval)


def _check_multipliers(block: QBlock) -> None:
    given = block.input_multipliers
    if not isinstance(block.op, Add):
        _require(not given, "input_multipliers: only an addition has them")
        return
    _require(len(given) == len(block.inputs), f"input_multipliers: {len(given)} for {len(block.inputs)} inputs")
    most = 1 << MAX_WIDTH
    _require(all(0 <= m <= most for m in given), f"input_multipliers: {list(given)}; allowed: 0 to {most}")


def _shifted(bounds: ChannelBounds, shift: int) -> ChannelBounds:
    largest = max(-bounds.interval.lo, bounds.interval.hi) << shift
    _require(largest < LIMIT, "product_shift: the accumulator would need more than 62 bits")
    return ChannelBounds(bounds.lo << shift, bounds.hi << shift)


def _check_scale(block: QBlock, scale: QScale, channels: int) -> None:
    shape = scale.multiplier.shape
    one = isinstance(block.op, AveragePool2D) and shape == (1,)
    _require(one or shape == (channels,), f"scale_multiplier: shape {list(shape)} for {channels} channels")
    _require(
        scale.shift.shape == shape, f"scale_shift: shape {list(scale.shift.shape)}, the multiplier's is {list(shape)}"
    )
    left = scale.product_shift
    _require(0 <= left <= MAX_SHIFT, f"scale_product_shift: {left}; allowed: 0 to {MAX_SHIFT}")
    if scale.format is None:
        small = np.abs(scale.multiplier.astype(float)).max() <= 1 << SCALE_BITS
        _require(bool(small), f"scale_multiplier: more than {SCALE_BITS + 1} bits")
    else:
        _require(scale.format.offset == 0, "scale_format: a multiplier has the zero point 0")
        _check_members("scale_multiplier", scale.multiplier, scale.format)


def _check_members(what: str, values: np.ndarray, fmt: Format) -> None:
    try:
        fmt.encode(values)
    except FormatError as error:
        raise GraphError(f"{what}: {error}") from None


def _check_requant(where: str, requant: Requant, fmt: Format, channels: int, scaled: Interval) -> None:
    if isinstance(requant, ThresholdRequant):
        _check_thresholds(where, requant, fmt, channels, scaled)
        return
    _require(fmt.levels is None, f"{where}: {fmt} needs thresholds")
    lengths = {len(requant.multiplier), len(requant.shift)}
    _require(
        lengths in ({1}, {channels}), f"{where}: multiplier and shift for {channels} channels have lengths {lengths}"
    )
    for multiplier in requant.multiplier:
        good = 1 <= multiplier < 1 << MULTIPLIER_BITS or (multiplier > 0 and multiplier & (multiplier - 1) == 0)
        _require(good, f"{where}.multiplier: {multiplier}; allowed: 1 to 65535, or a power of two")
    for name, shift in (
        ("shift", max(requant.shift)),
        ("shift", min(requant.shift)),
        ("negative_shift", requant.negative_shift),
    ):
        _require(0 <= shift <= MAX_SHIFT, f"{where}.{name}: {shift}; allowed: 0 to {MAX_SHIFT}")
    width = product_interval(requant, scaled).width
    _require(width <= MAX_WIDTH, f"{where}: it needs {width} bits; at most {MAX_WIDTH} are supported")
    low, high = requant.lo, requant.hi
    _require(fmt.qmin <= low <= high <= fmt.qmax, f"{where}: lo {low} and hi {high}; allowed: {fmt.qmin} to {fmt.qmax}")
    _require(
        requant.zero_point == fmt.offset, f"{where}.zero_point: {requant.zero_point}; the format's is {fmt.offset}"
    )
    _require(requant.rounding is fmt.rounding_mode, f"{where}.rounding: {requant.rounding}; the format's is another")


def _check_thresholds(where: str, requant: ThresholdRequant, fmt: Format, channels: int, scaled: Interval) -> None:
    levels, steps = fmt.levels, requant.thresholds
    _require(levels is not None, f"{where}: {fmt} has no thresholds")
    _require(tuple(requant.values.tolist()) == levels, f"{where}.values: other integers than those of {fmt}")
    allowed = [(rows, len(requant.values) - 1) for rows in (1, channels)]
    _require(steps.shape in allowed, f"{where}.thresholds: shape {list(steps.shape)}; expected {list(allowed[-1])}")
    _require(bool((np.diff(steps, axis=1) >= 0).all()), f"{where}.thresholds: they must ascend")
    inside = bool((steps >= scaled.lo - 1).all() and (steps <= scaled.hi + 1).all())
    _require(inside, f"{where}.thresholds: outside of {scaled.lo - 1} to {scaled.hi + 1}")


def _check_nothing_added(block: QBlock, but_requants: bool = False) -> None:
    _require(block.product_shift == 0, f"product_shift: {block.op.kind} has none")
    _require(not block.input_multipliers, f"input_multipliers: {block.op.kind} has none")
    _require(but_requants or not block.input_requants, f"input_requants: {block.op.kind} has none")


def _check_intervals(block: QBlock, accumulator: Interval, scaled: Interval, interval: Interval) -> None:
    for name, expected in (("accumulator", accumulator), ("scaled", scaled), ("interval", interval)):
        found: Interval = getattr(block, name)
        _require(
            found == expected,
            f"{name}: {found.lo} to {found.hi}, but weights and inputs give {expected.lo} to {expected.hi}",
        )


def _require(good: bool, problem: str) -> None:
    if not good:
        raise GraphError(problem)
