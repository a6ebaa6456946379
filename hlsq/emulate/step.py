"""One block prepared for the emulation: its weights in an exact carrier type and its requantisation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsq.emulate.exact import carrier
from hlsq.emulate.integers import requantise
from hlsq.emulate.kernels import kernel_for
from hlsq.emulate.requantise import CHUNK, stage_for
from hlsq.graph import Interval, QBlock, QuantizedGraph
from hlsq.graph.ops import Add, Concatenate, Identity

Values = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Step:
    """Runs one block.

    Attributes:
        block: the block.
        dtype: carrier type of its sum of products.
        run: from input integers (each in its own carrier type) to output integers in theirs.
        last_use_of: values that no later block needs.
    """

    block: QBlock
    dtype: np.dtype[Any]
    run: Callable[[list[Values]], Values]
    last_use_of: tuple[str, ...]


def make_step(graph: QuantizedGraph, block: QBlock) -> Step:
    """Prepare ``block`` of ``graph``."""
    later = graph.blocks[graph.blocks.index(block) + 1 :]
    needed = {name for other in later for name in other.inputs}
    done = tuple(name for name in (*block.inputs, block.name) if name not in needed)
    intervals = [graph.intervals[name] for name in block.inputs]
    # A bias finer than the products shifts their sum left; that happens after the sum is complete.
    sums = Interval(block.accumulator.lo >> block.product_shift, block.accumulator.hi >> block.product_shift)
    dtype = carrier(sums, *intervals)
    if isinstance(block.op, Concatenate):
        run = _concatenate(graph, block)
    elif not block.op.accumulates:
        run = _passing(graph, block)
    else:
        run = _accumulating(graph, block, dtype)
    return Step(block, dtype, run, done)


def _accumulating(graph: QuantizedGraph, block: QBlock, dtype: np.dtype[Any]) -> Callable[[list[Values]], Values]:
    kernel = kernel_for(block.op)
    weights = None if block.weights is None else np.ascontiguousarray(block.weights.values.astype(dtype))
    offsets = [graph.formats[name].offset for name in block.inputs]
    multipliers = block.input_multipliers or (1,) * len(block.inputs)
    out_dtype = carrier(block.interval)
    stage = stage_for(block, dtype, out_dtype)

    def prepared(inputs: list[Values]) -> list[Values]:
        ready = []
        for x, offset, multiplier in zip(inputs, offsets, multipliers, strict=True):
            x = x.astype(dtype, copy=False)
            if offset:
                x = x - dtype.type(offset)
            if multiplier != 1:
                x = x * dtype.type(multiplier)
            ready.append(x)
        return ready

    def run(inputs: list[Values]) -> Values:
        out = np.empty((len(inputs[0]), *block.shape), dtype=out_dtype)
        if isinstance(block.op, (Add, Identity)):
            flat, sources = out.reshape(-1, block.shape[-1]), [x.reshape(-1, block.shape[-1]) for x in inputs]
            rows = max(1, CHUNK // block.shape[-1])
            for start in range(0, len(flat), rows):
                part = prepared([x[start : start + rows] for x in sources])
                kernel.apply(block.op, part, weights, stage, flat[start : start + rows])
        else:
            kernel.apply(block.op, prepared(inputs), weights, stage, out)
        return out

    return run


def _passing(graph: QuantizedGraph, block: QBlock) -> Callable[[list[Values]], Values]:
    """Operations that keep the format; their zeros are the zero point."""
    kernel = kernel_for(block.op)
    offset = graph.formats[block.inputs[0]].offset

    def run(inputs: list[Values]) -> Values:
        x = inputs[0]
        if not offset:
            return kernel.linear(block.op, [x], None)
        shifted: Values = kernel.linear(block.op, [x - x.dtype.type(offset)], None) + x.dtype.type(offset)
        return shifted

    return run


def _concatenate(graph: QuantizedGraph, block: QBlock) -> Callable[[list[Values]], Values]:
    kernel = kernel_for(block.op)
    out = carrier(block.interval)
    offsets = [graph.formats[name].offset for name in block.inputs]

    def run(inputs: list[Values]) -> Values:
        ready = []
        for x, offset, requant in zip(inputs, offsets, block.input_requants, strict=True):
            if requant is not None:
                x = requantise(requant, x.astype(np.int64) - offset)
            ready.append(x.astype(out, copy=False))
        return kernel.linear(block.op, ready, None)

    return run
