"""How often a block's integers differ from the same block computed in real numbers.

A requantisation by a shift is exact; one by a dyadic number with 16 bits, or a refined batch norm, may round a value
that lies next to a tie the other way. This counts how often that happens, block by block: each block gets the integers
that the emulation gave its inputs, so that one block's rounding does not show up in the next one's count.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsq.emulate.kernels import kernel_for
from hlsq.errors import GraphError
from hlsq.files.fields import Field
from hlsq.files.read import read_json
from hlsq.graph import Block, Graph, QBlock, QuantizedGraph
from hlsq.graph.ops import AveragePool2D
from hlsq.graph.ops.pool2d import average_weights

Values = NDArray[Any]
MOST = 2**63 - 1


@dataclass(frozen=True)
class Deviation:
    """Differences of one block.

    Attributes:
        values: integers compared.
        differing: how many differ.
        largest: the largest difference, in units in the last place.
    """

    values: int
    differing: int
    largest: int


def deviations(
    graph: Graph,
    quantized: QuantizedGraph,
    blocks: Mapping[str, Values],
    see: Callable[[QBlock, Values], None] | None = None,
) -> dict[str, Deviation]:
    """Differences of every block that requantises.

    Args:
        graph: the float network, batch norms refined.
        quantized: its integers.
        blocks: integers of every input and block, as a traced emulation returns them.
        see: is told of these blocks what they compute in real numbers.
    """
    found = {}
    for block in quantized.blocks:
        rounds = any(requant is not None for requant in (block.requant, *block.input_requants))
        if not rounds or block.name not in graph.by_name:
            continue
        reference = _reference(graph.by_name[block.name], quantized, block, blocks)
        if see is not None:
            see(block, reference)
        difference = np.abs(block.format.quantize(reference) - blocks[block.name])
        found[block.name] = Deviation(difference.size, int((difference != 0).sum()), int(difference.max(initial=0)))
    return found


def deviations_to_json(found: Mapping[str, Deviation]) -> str:
    """Text that ``read_deviations`` reads back."""
    return json.dumps({name: asdict(deviation) for name, deviation in found.items()}, indent=1) + "\n"


def read_deviations(path: str | Path, quantized: QuantizedGraph) -> dict[str, Deviation]:
    """The differences that ``deviations_to_json`` wrote for ``quantized``.

    Raises:
        GraphError: the file cannot be read, or is something else; names file and place.
    """
    found = read_json(path, GraphError, "counts of rounding differences")
    parts = found.record((), quantized.by_name)
    return {name: _read_deviation(item) for name, item in parts.items()}


def _read_deviation(field: Field) -> Deviation:
    parts = field.record(("values", "differing", "largest"))
    values = parts["values"].integer(0, MOST)
    return Deviation(values, parts["differing"].integer(0, values), parts["largest"].integer(0, MOST))


def _reference(source: Block, quantized: QuantizedGraph, block: QBlock, blocks: Mapping[str, Values]) -> Values:
    """The block in float64: quantised inputs and parameters, real batch norm where the plan does not quantise it."""
    kernel = kernel_for(block.op)
    if block.weights is None:
        inputs = [quantized.formats[name].dequantize(blocks[name]) for name in block.inputs]
        values = kernel.linear(block.op, inputs, None)
    else:
        given, weights = quantized.formats[block.inputs[0]], block.weights
        deviation = (blocks[block.inputs[0]] - given.offset).astype(np.float64)
        sums = kernel.linear(block.op, [deviation], weights.values.astype(np.float64))
        values = sums * (given.step * weights.format.step)
    scale = block.scale
    if isinstance(block.op, AveragePool2D):
        if source.scale is None and scale is not None and scale.format is not None:
            values = values * scale.format.dequantize(scale.multiplier)
        else:
            values = values / average_weights(block.op, inputs[0].shape[1:]).divisor
    if block.bias is not None and block.weights is not None:
        step = quantized.formats[block.inputs[0]].step * block.weights.format.step / 2.0**block.product_shift
        values = values + block.bias * step
    if source.scale is not None and scale is not None:
        gain, shift = source.scale.multiplier, source.scale.shift
        # What a plan quantises is no rounding of the arithmetic.
        gain = gain if scale.format is None else scale.format.dequantize(scale.multiplier)
        values = values * gain + (shift if scale.shift_format is None else scale.shift_format.fake_quantize(shift))
    return source.activation.apply(values)
