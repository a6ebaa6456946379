"""Widths and counts of a block that do not depend on its parallelism, found once for each graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from weakref import WeakKeyDictionary

import numpy as np

from hlsq.cost.iterations import is_global
from hlsq.cost.streams import packet_sizes, positions
from hlsq.cost.wires import is_wire
from hlsq.formats import PowerOfTwo
from hlsq.graph import DyadicRequant, Interval, QBlock, QuantizedGraph, Requant, ThresholdRequant
from hlsq.graph.lowering.requant import more_shifts, working_interval
from hlsq.graph.ops import Conv2D, Dense, DepthwiseConv2D, MaxPool2D, Windows
from hlsq.graph.ops.base import spatial
from hlsq.graph.ops.pool2d import Pool2D
from hlsq.memory.taps import tap_bits


@dataclass(frozen=True)
class Requantiser:
    """What requantises one value; widths in bits.

    Attributes:
        thresholds: that it is compared with; 0 for one that shifts or multiplies.
        sum: of the product and its rounding, signed.
        source: of what comes in, signed.
        out: of the output.
        factor: of the multiplier; 0 for none.
        rounding: ``half_up`` or ``half_even``.
        offset: whether a zero point is added.
        leaky: whether negative values shift by more.
    """

    thresholds: int
    sum: int
    source: int
    out: int
    factor: int = 0
    rounding: str = "half_even"
    offset: bool = False
    leaky: bool = False


@dataclass(frozen=True)
class Facts:
    """Of one block; widths in bits.

    Attributes:
        taps: of each input, minus its zero point.
        signed_tap: of the first, where it is made signed.
        offsets: whether a zero point is subtracted from each input.
        weight: of a weight, signed.
        exponent: of a shift.
        code: of a stored code.
        product: of a product.
        digits: adders of a multiplier by a constant, on average over the weights that are there.
        nonzero: share of weights that are not 0.
        accumulator: of a sum, bias included, signed.
        scaled: after the per-channel scale, signed.
        out: of an output value.
        bias: whether there is one.
        gain: of the factor of a scale; 0 for none, or for a power of two.
        shifted: whether a scale adds something.
        table: bits that differ from channel to channel, in all tables together.
        requantisers: of the block, or of each input of a concatenation.
        pool: places of a window.
        height: rows of a window, those that a dilation leaves out included.
        width: columns of the map that comes in.
        channels: of the first input.
        packets: values in a packet of each input.
        carried: bits of a value of each input in its stream.
        arriving: packets of each input.
        packet: values in a packet of the output.
        positions: packets of the output.
        products: of a sample.
        whole: whether a pool's window is the whole map.
        wire: whether it is no hardware.
    """

    taps: tuple[int, ...]
    signed_tap: int
    offsets: tuple[bool, ...]
    weight: int
    exponent: int
    code: int
    product: int
    digits: float
    nonzero: float
    accumulator: int
    scaled: int
    out: int
    bias: bool
    gain: int
    shifted: bool
    table: int
    requantisers: tuple[Requantiser | None, ...]
    pool: int
    height: int
    width: int
    channels: int
    packets: tuple[int, ...]
    carried: tuple[int, ...]
    arriving: tuple[int, ...]
    packet: int
    positions: int
    products: int
    whole: bool
    wire: bool


_FACTS: WeakKeyDictionary[QuantizedGraph, dict[str, Facts]] = WeakKeyDictionary()


def facts_of(graph: QuantizedGraph, block: QBlock) -> Facts:
    """Facts of ``block`` of ``graph``; those of all its blocks are found at the first call."""
    found = _FACTS.get(graph)
    if found is None:
        sizes, counts = packet_sizes(graph), positions(graph)
        found = {b.name: _facts(graph, b, sizes, counts) for b in graph.blocks}
        _FACTS[graph] = found
    return found[block.name]


def _facts(graph: QuantizedGraph, block: QBlock, sizes: Mapping[str, int], counts: Mapping[str, int]) -> Facts:
    op, first = block.op, block.inputs[0]
    formats = [graph.formats[name] for name in block.inputs]
    carried = tuple(Interval(fmt.qmin, fmt.qmax).width for fmt in formats)
    # A zero point makes no difference to which is the largest, and windows are handed on as they are.
    taps = carried if isinstance(op, (MaxPool2D, Windows)) else tuple(tap_bits(graph, name) for name in block.inputs)
    signed = taps[0] + (not (graph.intervals[first].lo < formats[0].offset or formats[0].qmin < formats[0].offset))
    whole = spatial(graph.shapes[first])
    weight = exponent = code = product = products = 0
    digits = nonzero = 1.0
    if block.weights is not None:
        fmt, values = block.weights.format, block.weights.values
        low, high = int(values.min()), int(values.max())
        span = Interval(min(low, fmt.qmin), max(high, fmt.qmax))
        weight, code = span.width + (not span.signed), fmt.bits
        exponent = fmt.max_exponent.bit_length() if isinstance(fmt, PowerOfTwo) else 0
        largest = max(abs(low), abs(high))
        product = ((1 << (signed - 1)) - (signed > taps[0])) * largest
        product = product.bit_length() + 1
        nonzero = float(np.count_nonzero(values)) / values.size
        digits = _adders(values)
        outputs = block.shape[-1]
        per_output = values.size // outputs if not isinstance(op, DepthwiseConv2D) else prod(values.shape[:2])
        products = per_output * outputs * (1 if isinstance(op, Dense) else prod(spatial(block.shape)[:2]))
    scale = block.scale
    gains = [] if scale is None else [int(v) for v in scale.multiplier]
    gain_width = 0
    if gains and (len(set(gains)) > 1 or abs(gains[0]) & (abs(gains[0]) - 1)):
        gain_width = _signed(_span(gains))
    requants = block.input_requants or (block.requant,)
    pool = op.pool if isinstance(op, Pool2D) else (1, 1)
    height = pool[0]
    if isinstance(op, (Conv2D, DepthwiseConv2D)):
        assert block.weights is not None  # noqa: S101 - a graph's invariant
        height = (block.weights.values.shape[0] - 1) * op.dilation[0] + 1
    elif isinstance(op, Windows):
        height = op.spans[0]
    accumulator = _signed(block.accumulator)
    scaled = _signed(block.scaled.union(block.accumulator))
    scaled_intervals = [Interval(0, (1 << bits) - 1) for bits in taps] if block.input_requants else [block.scaled]
    return Facts(
        taps=taps,
        signed_tap=signed,
        offsets=tuple(bool(fmt.offset) for fmt in formats),
        weight=weight,
        exponent=exponent,
        code=code,
        product=product,
        digits=digits,
        nonzero=nonzero,
        accumulator=accumulator,
        scaled=scaled,
        out=Interval(block.format.qmin, block.format.qmax).width,
        bias=block.bias is not None,
        gain=gain_width,
        shifted=scale is not None and bool(scale.shift.any()),
        table=_table_bits(block),
        requantisers=tuple(
            _requantiser(requant, interval, block) for requant, interval in zip(requants, scaled_intervals, strict=True)
        ),
        pool=prod(pool),
        height=height,
        width=whole[1],
        channels=whole[2],
        packets=tuple(sizes[name] for name in block.inputs),
        carried=carried,
        arriving=tuple(counts[name] for name in block.inputs),
        packet=sizes[block.name],
        positions=counts[block.name],
        products=products,
        whole=is_global(graph, block),
        wire=is_wire(graph, block),
    )


def _adders(values: np.ndarray) -> float:
    """Adders that a multiplier by one of the weights other than 0 takes, on average: a digit less than it has."""
    magnitudes = np.abs(values[values != 0]).astype(np.uint64)
    if not magnitudes.size:
        return 0.0
    # The digits of the signed form with the fewest are where 3w and w differ.
    digits = np.bitwise_count((magnitudes * 3) ^ magnitudes)
    return float(np.mean(digits)) - 1


def _span(values: list[int]) -> Interval:
    return Interval(min(values), max(values))


def _signed(interval: Interval) -> int:
    return interval.width + (not interval.signed)


def _table_bits(block: QBlock) -> int:
    """Bits of one channel in all tables whose entries differ."""
    tables: list[tuple[int, ...]] = []
    if block.bias is not None:
        tables.append(tuple(int(v) for v in block.bias))
    if block.scale is not None:
        tables += [tuple(int(v) for v in array) for array in (block.scale.multiplier, block.scale.shift)]
    bits = 0
    if isinstance(block.requant, DyadicRequant):
        tables += [block.requant.multiplier, more_shifts(block.requant)]
    elif isinstance(block.requant, ThresholdRequant) and len(block.requant.thresholds) > 1:
        values = block.requant.thresholds
        bits += values.shape[1] * _span([int(values.min()), int(values.max())]).width
    return bits + sum(_span(list(table)).width for table in tables if len(set(table)) > 1)


def _requantiser(requant: Requant | None, source: Interval, block: QBlock) -> Requantiser | None:
    if requant is None:
        return None
    out, width = Interval(block.format.qmin, block.format.qmax).width, _signed(source)
    if isinstance(requant, ThresholdRequant):
        return Requantiser(requant.thresholds.shape[1], width, width, out)
    return Requantiser(
        thresholds=0,
        sum=_signed(working_interval(requant, source)),
        source=width,
        out=out,
        factor=0 if requant.is_shift else max(requant.multiplier).bit_length(),
        rounding=str(requant.rounding),
        offset=bool(requant.zero_point),
        leaky=bool(requant.negative_shift),
    )
