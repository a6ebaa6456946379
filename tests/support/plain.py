"""The integer semantics once more, as plainly as possible: Python integers and loops, no NumPy arithmetic."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from math import floor

import numpy as np

from hlsq.formats import Rounding
from hlsq.graph import DyadicRequant, QBlock, QuantizedGraph, Requant
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
from hlsq.graph.ops.base import spatial


def requantise(requant: Requant | None, t: int, channel: int) -> int:
    if requant is None:
        return t
    if not isinstance(requant, DyadicRequant):
        row = requant.thresholds[channel % len(requant.thresholds)]
        return int(requant.values[sum(t >= int(threshold) for threshold in row)])
    shift = requant.shift[channel % len(requant.shift)] + (requant.negative_shift if t < 0 else 0)
    exact = Fraction(t * requant.multiplier[channel % len(requant.multiplier)], 2**shift)
    rounded = round(exact) if requant.rounding is Rounding.HALF_EVEN else floor(exact + Fraction(1, 2))
    return min(max(rounded + requant.zero_point, requant.lo), requant.hi)


def run_plain(graph: QuantizedGraph, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Integers of every tensor for one sample of input integers; checks the intervals on the way."""
    values = {name: np.asarray(x, dtype=object) for name, x in inputs.items()}
    for block in graph.blocks:
        result = _run_block(graph, block, [values[name] for name in block.inputs])
        assert all(block.interval.lo <= int(v) <= block.interval.hi for v in result.flat), block.name
        values[block.name] = result.reshape(block.shape)
    return values


def _run_block(graph: QuantizedGraph, block: QBlock, sources: list[np.ndarray]) -> np.ndarray:
    op = block.op
    zeros = [graph.formats[name].offset for name in block.inputs]
    out_h, out_w, out_c = spatial(block.shape)
    if isinstance(op, Reshape):
        return sources[0]
    if isinstance(op, Concatenate):
        parts = [
            np.vectorize(lambda v, r=r, z=z: v if r is None else requantise(r, int(v) - z, 0), otypes=[object])(x)
            for x, r, z in zip(sources, block.input_requants, zeros, strict=True)
        ]
        return np.concatenate(parts, axis=-1)
    maps = [x.reshape(spatial(x.shape)) for x in sources]
    x, zero = maps[0], zeros[0]
    height, width, channels = x.shape

    def at(i: int, j: int, c: int) -> int | None:
        return int(x[i, j, c]) if 0 <= i < height and 0 <= j < width else None

    out = np.empty((out_h, out_w, out_c), dtype=object)
    for i, j, c in product(range(out_h), range(out_w), range(out_c)):
        terms: list[int] = []
        if isinstance(op, ZeroPad2D):
            value = at(i - op.padding[0], j - op.padding[2], c)
            out[i, j, c] = zero if value is None else value
            continue
        if isinstance(op, (MaxPool2D, AveragePool2D)):
            window = [
                at(i * op.strides[0] - op.padding[0] + u, j * op.strides[1] - op.padding[2] + v, c)
                for u, v in product(range(op.pool[0]), range(op.pool[1]))
            ]
            inside = [v for v in window if v is not None]
            if isinstance(op, MaxPool2D):
                out[i, j, c] = max(inside)
                continue
            # The accumulator is the sum, brought to the divisor that all windows have in common.
            divisor = _common_divisor(block, op, height, width)
            terms = [(v - zero) * (divisor // len(inside)) for v in inside]
        elif isinstance(op, Add):
            terms = [(int(m[i, j, c]) - z) * k for m, z, k in zip(maps, zeros, block.input_multipliers, strict=True)]
        elif isinstance(op, Identity):
            terms = [int(x[i, j, c]) - zero]
        elif isinstance(op, Dense):
            assert block.weights is not None
            terms = [(int(a) - zero) * int(w) for a, w in zip(x.flat, block.weights.values[:, c], strict=True)]
        else:
            assert isinstance(op, (Conv2D, DepthwiseConv2D))
            assert block.weights is not None
            w = block.weights.values
            for u, v in product(range(w.shape[0]), range(w.shape[1])):
                y = i * op.strides[0] - op.padding[0] + u * op.dilation[0]
                z = j * op.strides[1] - op.padding[2] + v * op.dilation[1]
                if not (0 <= y < height and 0 <= z < width):
                    continue
                if isinstance(op, DepthwiseConv2D):
                    terms.append((int(x[y, z, c // (out_c // channels)]) - zero) * int(w[u, v, c]))
                else:
                    terms += [(int(x[y, z, k]) - zero) * int(w[u, v, k, c]) for k in range(channels)]
        out[i, j, c] = _finish(block, terms, c)
    return out


def _common_divisor(block: QBlock, op: AveragePool2D, height: int, width: int) -> int:
    def counts(size: int, window: int, stride: int, before: int, positions: int) -> list[int]:
        return [sum(0 <= i * stride - before + u < size for u in range(window)) for i in range(positions)]

    out_h, out_w, _ = spatial(block.shape)
    rows = counts(height, op.pool[0], op.strides[0], op.padding[0], out_h)
    columns = counts(width, op.pool[1], op.strides[1], op.padding[2], out_w)
    return int(np.lcm.reduce(rows)) * int(np.lcm.reduce(columns))


def _finish(block: QBlock, terms: list[int], channel: int) -> int:
    acc = 0
    for term in terms:
        acc += term
        assert block.accumulator.lo <= acc << block.product_shift <= block.accumulator.hi, block.name
    acc <<= block.product_shift
    if block.bias is not None:
        acc += int(block.bias[channel])
        assert block.accumulator.lo <= acc <= block.accumulator.hi, block.name
    if block.scale is not None:
        index = channel if len(block.scale.multiplier) > 1 else 0
        product = acc * int(block.scale.multiplier[index]) << block.scale.product_shift
        acc = product + int(block.scale.shift[index])
        assert block.scaled.lo <= acc <= block.scaled.hi, block.name
    return requantise(block.requant, acc, channel)
