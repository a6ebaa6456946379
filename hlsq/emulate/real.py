"""Float forward passes of a Graph, for calibration and for comparing a conversion with its Keras model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsq.emulate.kernels import kernel_for
from hlsq.graph import Block, Graph
from hlsq.graph.ops import AveragePool2D
from hlsq.graph.ops.pool2d import average_weights

Floats32 = NDArray[np.float32]


def run_block(block: Block, inputs: list[Floats32]) -> Floats32:
    """Real output of one block for float32 inputs [samples, ...]."""
    kernel = None if block.kernel is None else block.kernel.astype(np.float32)
    values = kernel_for(block.op).linear(block.op, inputs, kernel)
    if isinstance(block.op, AveragePool2D):
        values = values / np.float32(average_weights(block.op, inputs[0].shape[1:]).divisor)
    if block.bias is not None:
        values = values + block.bias.astype(np.float32)
    if block.scale is not None:
        values = values * block.scale.multiplier.astype(np.float32) + block.scale.shift.astype(np.float32)
    return block.activation.apply(values)


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
