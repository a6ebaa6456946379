"""Float forward passes of a Graph, for calibration and for comparing a conversion with its Keras model.

They give the same float32 values on every machine, for any batch size and number of threads: sums of products are exact
sums of slightly rounded factors (``hlsq.emulate.products``), everything else is done value by value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from hlsq.emulate.kernels import kernel_for
from hlsq.emulate.products import on_grid
from hlsq.graph import Block, Graph
from hlsq.graph.ops import AveragePool2D, Conv2D, Dense
from hlsq.graph.ops.pool2d import average_weights

Floats32 = NDArray[np.float32]

INPUT_BITS = 22
"""Of a layer's inputs, relative to the largest of their sample: what float32 can round without a detour."""
KERNEL_BITS = 30
"""Of a layer's weights, relative to the sum of their channel's magnitudes; with ``INPUT_BITS`` sums fit 53 bits."""

_kernels: WeakKeyDictionary[Block, NDArray[np.float64]] = WeakKeyDictionary()


def run_block(block: Block, inputs: list[Floats32]) -> Floats32:
    """Real output of one block for float32 inputs [samples, ...]; infinite or NaN where it overflows float32."""
    return finish(block, linear(block, inputs))


def linear(block: Block, inputs: list[Floats32]) -> Floats32:
    """Real values before scale and activation."""
    with np.errstate(over="ignore", invalid="ignore"):
        if isinstance(block.op, (Conv2D, Dense)):
            x = inputs[0]
            inputs = [on_grid(x, INPUT_BITS, axis=tuple(range(1, x.ndim)))]
            kernel: NDArray[Any] | None = _kernel(block)
        else:
            kernel = None if block.kernel is None else block.kernel.astype(np.float32)
        values = kernel_for(block.op).linear(block.op, inputs, kernel)
        if isinstance(block.op, AveragePool2D):
            values = values / np.float32(average_weights(block.op, inputs[0].shape[1:]).divisor)
        if block.bias is not None:
            # In place where the kernel made the array, and not a view of its input.
            target = values if isinstance(block.op, (Conv2D, Dense)) else None
            values = np.add(values, block.bias.astype(np.float32), out=target)
    return values


def finish(block: Block, values: Floats32) -> Floats32:
    """Scale and activation of what ``linear`` gave."""
    if block.scale is not None:
        with np.errstate(over="ignore", invalid="ignore"):
            values = values * block.scale.multiplier.astype(np.float32) + block.scale.shift.astype(np.float32)
    return block.activation.apply(values)


def _kernel(block: Block) -> NDArray[np.float64]:
    """Weights on the grid that makes sums of products exact."""
    if block not in _kernels:
        kernel = np.asarray(block.kernel, dtype=np.float64)
        sums = np.abs(kernel).sum(axis=tuple(range(kernel.ndim - 1)))
        exponents = np.frexp(sums)[1] - KERNEL_BITS
        scaled = np.ldexp(kernel, -exponents)
        _kernels[block] = np.ldexp(np.rint(scaled), exponents)
    return _kernels[block]


def iterate_blocks(graph: Graph, inputs: Mapping[str, Floats32]) -> Iterator[tuple[str, Floats32]]:
    """Name and real output of every input and block in order; values that nobody needs any more are released."""
    values: dict[str, Floats32] = {}
    uses = {name: sum(block.inputs.count(name) for block in graph.blocks) for name in graph.shapes}
    for name, x in inputs.items():
        values[name] = np.asarray(x, dtype=np.float32)
        yield name, values[name]
    for block in graph.blocks:
        out = run_block(block, [values[i] for i in block.inputs])
        values[block.name] = out
        for name in block.inputs:
            uses[name] -= 1
            if uses[name] == 0:
                values.pop(name, None)
        yield block.name, out


def run_float(graph: Graph, inputs: Mapping[str, Floats32]) -> dict[str, Floats32]:
    """Real values of the graph's outputs for ``inputs`` (name to [samples, ...])."""
    return {name: values for name, values in iterate_blocks(graph, inputs) if name in graph.outputs}


def float_outputs(graph: Graph, inputs: Mapping[str, NDArray[Any]], batch_size: int = 64) -> dict[str, Floats32]:
    """``run_float`` for any number of samples, of which so many are in memory at a time."""
    samples = len(next(iter(inputs.values())))
    batches = (slice(start, start + batch_size) for start in range(0, samples, batch_size))
    found = [
        run_float(graph, {n: x[part].astype(np.float32, copy=False) for n, x in inputs.items()}) for part in batches
    ]
    return {name: np.concatenate([outputs[name] for outputs in found]) for name in dict.fromkeys(graph.outputs)}
