"""Counts the memory of a network, block by block."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from hlsq.graph import DyadicRequant, Interval, QBlock, QuantizedGraph, Requant
from hlsq.graph.lowering.requant import more_shifts
from hlsq.graph.ops import AveragePool2D, Conv2D, DepthwiseConv2D, MaxPool2D, Windows
from hlsq.graph.ops.base import spatial
from hlsq.graph.ops.pool2d import Pool2D
from hlsq.memory.maps import map_memory, working_maps
from hlsq.memory.model import WORD_BITS, BlockMemory, NetworkMemory
from hlsq.memory.taps import tap_bits
from hlsq.memory.words import packed_size, table_bits, table_width

ScaleTable = Literal["scale", "shift"]


def measure(
    graph: QuantizedGraph, word_bits: int = WORD_BITS, rom_bits: Mapping[str, int] | None = None
) -> NetworkMemory:
    """Memory of ``graph``.

    Args:
        graph: the integer network.
        word_bits: width of the memory words that hold packed codes; wider codes get the next power of two.
        rom_bits: of every block with weights, as a backend lays them out.

    Raises:
        FormatError: a word or code of more than 64 bits.
    """
    roms = rom_bits or {}
    maps = working_maps(graph, word_bits)
    blocks = tuple(
        BlockMemory(
            name=block.name,
            maps=maps[block.name].codes,
            maps_packed=maps[block.name].packed,
            requant_bits=sum(map(_requant_bits, (block.requant, *block.input_requants))),
            line_buffer_bits=_line_buffer(graph, block),
            **_weights(block, word_bits, roms.get(block.name)),
            **_constants(block, word_bits),
        )
        for block in graph.blocks
    )
    return NetworkMemory(blocks, map_memory(graph, maps), word_bits)


def is_convolution(block: QBlock) -> bool:
    """Whether the paper counts the weights of ``block``; it has no batch norm on its own (one gain per channel)."""
    if block.weights is None:
        return False
    gain = isinstance(block.op, DepthwiseConv2D) and block.weights.values.shape[:2] == (1, 1)
    return isinstance(block.op, (Conv2D, DepthwiseConv2D)) and not gain


def scale_tables(block: QBlock) -> Iterator[tuple[ScaleTable, int, int]]:
    """Tables of the refined batch norm, or of an average pool's reciprocal: kind, number of entries, bits of each.

    A table has the width of the format that the plan gave it, else that of its widest entry; shifts that are all zero
    need none.
    """
    scale = block.scale
    if scale is None:
        return
    gain = scale.format.bits if scale.format is not None else table_width(scale.multiplier)
    yield "scale", scale.multiplier.size, gain
    if scale.shift.any():
        shift = scale.shift_format.bits if scale.shift_format is not None else table_width(scale.shift)
        yield "shift", scale.shift.size, shift


def _weights(block: QBlock, word_bits: int, rom_bits: int | None) -> dict[str, Any]:
    if block.weights is None:
        return {}
    count, bits = block.weights.values.size, block.weights.format.bits
    return {
        "convolution": is_convolution(block),
        "weights": count,
        "code_bits": bits,
        "packed_bits": packed_size(count, bits, word_bits),
        "rom_bits": rom_bits,
    }


def _constants(block: QBlock, word_bits: int) -> dict[str, Any]:
    """Biases and scales."""
    found: dict[str, Any] = {}
    packed = 0
    if block.bias is not None:
        found |= {"biases": block.bias.size, "bias_bits": table_bits(block.bias)}
        packed += packed_size(block.bias.size, table_width(block.bias), word_bits)
    if block.scale is not None:
        tables = list(scale_tables(block))
        # The reciprocal of a pool is no parameter of the float network.
        reciprocal = isinstance(block.op, AveragePool2D) and len(tables) == 1 and block.scale.multiplier.size == 1
        found["scales"] = 0 if reciprocal else block.scale.multiplier.size
        found["scale_bits"] = sum(count * bits for _, count, bits in tables)
        packed += sum(packed_size(count, bits, word_bits) for _, count, bits in tables)
    return found | {"packed_constants": packed}


def _requant_bits(requant: Requant | None) -> int:
    if requant is None:
        return 0
    if isinstance(requant, DyadicRequant):
        return sum(table_bits(table) for table in (requant.multiplier, more_shifts(requant)) if len(set(table)) > 1)
    return table_bits(requant.thresholds) + table_bits(requant.values)


def _line_buffer(graph: QuantizedGraph, block: QBlock) -> int:
    """Rows of the map above the current one that a sliding window still needs; padding is not stored.

    Values are as wide as an input minus its zero point, for a maximum as an input.
    """
    op, source = block.op, block.inputs[0]
    height, width, channels = spatial(graph.shapes[source])
    if isinstance(op, Pool2D):
        if op.pool == (height, width) and not any(op.padding):
            return 0  # a global pooling accumulates as values come
        span = op.pool[0]
    elif isinstance(op, (Conv2D, DepthwiseConv2D)) and block.weights is not None:
        span = op.dilation[0] * (block.weights.values.shape[0] - 1) + 1
    elif isinstance(op, Windows):
        span = op.spans[0]
    else:
        return 0
    fmt = graph.formats[source]
    bits = Interval(fmt.qmin, fmt.qmax).width if isinstance(op, (MaxPool2D, Windows)) else tap_bits(graph, source)
    return (span - 1) * width * channels * bits
