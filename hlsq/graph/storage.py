"""A ``QuantizedGraph`` on disk: structure as JSON, integers as npz."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from io import BytesIO
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from hlsq.errors import GraphError
from hlsq.files.checksums import checksum
from hlsq.files.fields import Field
from hlsq.files.read import read_archive, read_json
from hlsq.files.write import write_file
from hlsq.formats import Format, Rounding
from hlsq.formats.base import read_format
from hlsq.graph.check import MOST_VALUES, check_graph
from hlsq.graph.lowering.requant import MAX_SHIFT
from hlsq.graph.ops import Shape, read_op
from hlsq.graph.quantized import (
    DyadicRequant,
    Interval,
    QBlock,
    QInput,
    QScale,
    QuantizedGraph,
    QWeights,
    Requant,
    ThresholdRequant,
)

VERSION = 1
STRUCTURE, INTEGERS = "graph.json", "graph.npz"
MOST_INTEGER = 2**63 - 1
MOST_BYTES = 1 << 32
"""Of all integers of a network, unpacked."""
BLOCK = (
    "name", "op", "inputs", "shape", "format", "interval", "accumulator", "scaled", "weights", "weight_format", "bias",
    "product_shift", "input_multipliers", "scale_multiplier", "scale_shift", "scale_format", "requant",
    "input_requants", "activation", "layers",
)  # fmt: skip
"""What is written of a block."""
Ints = NDArray[np.int64]
_checksums: WeakKeyDictionary[QuantizedGraph, dict[str, str]] = WeakKeyDictionary()


def graph_files(graph: QuantizedGraph) -> dict[str, bytes]:
    """The files that hold ``graph``, name to content."""
    arrays: dict[str, Ints] = {}
    data = {
        "hlsq_graph": VERSION,
        "name": graph.name,
        "inputs": [{"name": i.name, "shape": list(i.shape), "format": i.format.to_dict()} for i in graph.inputs],
        "blocks": [_block_to_dict(block, number, arrays) for number, block in enumerate(graph.blocks)],
        "outputs": list(graph.outputs),
        "host": dict(graph.host),
    }
    archive = BytesIO()
    np.savez_compressed(archive, **arrays)  # type: ignore[arg-type]
    files = {STRUCTURE: (json.dumps(data, indent=1) + "\n").encode(), INTEGERS: archive.getvalue()}
    _checksums[graph] = {name: checksum(content) for name, content in files.items()}
    return files


def graph_checksums(graph: QuantizedGraph) -> dict[str, str]:
    """Checksums of the files that hold ``graph``, by name; made once, since packing a large network takes seconds."""
    if graph not in _checksums:
        graph_files(graph)
    return _checksums[graph]


def save_graph(graph: QuantizedGraph, folder: str | Path) -> None:
    """Write ``graph.json`` and ``graph.npz`` into ``folder``.

    Raises:
        GraphError: they cannot be written.
    """
    for name, content in graph_files(graph).items():
        write_file(Path(folder, name), content, GraphError, "the quantised network")


def load_graph(folder: str | Path) -> QuantizedGraph:
    """The graph that ``save_graph`` wrote into ``folder``.

    Raises:
        GraphError: the files are missing, damaged or of another version, or what they say contradicts itself; names the
            file and the place.
    """
    data = read_json(Path(folder, STRUCTURE), GraphError, "a quantised network")
    data.version("hlsq_graph", VERSION, "a quantised network of hlsq")
    parts = data.record(("hlsq_graph", "name", "inputs", "blocks", "outputs", "host"))
    arrays = _Arrays(Path(folder, INTEGERS), read_archive(Path(folder, INTEGERS), GraphError, MOST_BYTES))
    graph = QuantizedGraph(
        name=parts["name"].text(),
        inputs=tuple(_read_input(item) for item in parts["inputs"].sequence()),
        blocks=tuple(_read_block(item, n, arrays) for n, item in enumerate(parts["blocks"].sequence())),
        outputs=parts["outputs"].texts(),
        host={name: item.text() for name, item in parts["host"].mapping().items()},
    )
    if arrays.left:
        raise GraphError(f"{arrays.path}: no block has the array {sorted(arrays.left)[0]!r}")
    try:
        check_graph(graph)
    except GraphError as error:
        raise data.fail(error) from None
    return graph


class _Arrays:
    """The arrays of the archive, each of which exactly one block has."""

    def __init__(self, path: Path, found: Mapping[str, NDArray[Any]]) -> None:
        self.path = path
        self.left = dict(found)

    def take(self, block: int, field: Field) -> Ints | None:
        """The array that ``field`` names, if it names one."""
        if field.optional() is None:
            return None
        name = field.choice(_array_name(block, field.place.rpartition(".")[2]))
        if name not in self.left:
            raise GraphError(f"{self.path}: the array {name!r} is missing, or two blocks have it")
        array = self.left.pop(name)
        if array.dtype != np.int64:
            raise GraphError(f"{self.path}: {name}: expected 64-bit integers, found {array.dtype}")
        return array


def _block_to_dict(block: QBlock, number: int, arrays: dict[str, Ints]) -> dict[str, Any]:
    def store(key: str, array: Ints | None) -> str | None:
        if array is None:
            return None
        arrays[_array_name(number, key)] = array
        return _array_name(number, key)

    return {
        "name": block.name,
        "op": block.op.to_dict(),
        "inputs": list(block.inputs),
        "shape": list(block.shape),
        "format": block.format.to_dict(),
        "interval": _pair(block.interval),
        "accumulator": _pair(block.accumulator),
        "scaled": _pair(block.scaled),
        "weights": None if block.weights is None else store("weights", block.weights.values),
        "weight_format": None if block.weights is None else block.weights.format.to_dict(),
        "bias": store("bias", block.bias),
        "product_shift": block.product_shift,
        "input_multipliers": list(block.input_multipliers),
        "scale_multiplier": None if block.scale is None else store("scale_multiplier", block.scale.multiplier),
        "scale_shift": None if block.scale is None else store("scale_shift", block.scale.shift),
        "scale_format": _optional_format(None if block.scale is None else block.scale.format),
        "scale_shift_format": _optional_format(None if block.scale is None else block.scale.shift_format),
        "scale_product_shift": 0 if block.scale is None else block.scale.product_shift,
        "requant": _requant_to_dict(block.requant),
        "input_requants": [_requant_to_dict(r) for r in block.input_requants],
        "activation": block.activation,
        "layers": list(block.layers),
    }


def _array_name(block: int, key: str) -> str:
    """Not by the block's name: names in archives end at a zero byte, and not every name can be one."""
    return f"{block}|{key}"


def _read_input(field: Field) -> QInput:
    parts = field.record(("name", "shape", "format"))
    return QInput(parts["name"].text(), _read_shape(parts["shape"]), read_format(parts["format"]))


def _read_shape(field: Field) -> Shape:
    return field.integers(1, MOST_VALUES, 1)


def _read_block(field: Field, number: int, arrays: _Arrays) -> QBlock:
    # Files from before a shift could have a format of its own lack two of them.
    parts = field.record(BLOCK, ("scale_shift_format", "scale_product_shift"))
    values, weight_format = arrays.take(number, parts["weights"]), parts["weight_format"].optional()
    if (values is None) != (weight_format is None):
        raise parts["weight_format"].fail("there must be weights with a format, or neither")
    return QBlock(
        name=parts["name"].text(),
        op=read_op(parts["op"]),
        inputs=parts["inputs"].texts(),
        shape=_read_shape(parts["shape"]),
        format=read_format(parts["format"]),
        interval=_read_interval(parts["interval"]),
        accumulator=_read_interval(parts["accumulator"]),
        scaled=_read_interval(parts["scaled"]),
        weights=None if values is None or weight_format is None else QWeights(values, read_format(weight_format)),
        bias=arrays.take(number, parts["bias"]),
        product_shift=parts["product_shift"].integer(0, MAX_SHIFT),
        input_multipliers=parts["input_multipliers"].integers(0, MOST_INTEGER),
        scale=_read_scale(number, field, parts, arrays),
        requant=_read_requant(parts["requant"]),
        input_requants=tuple(_read_requant(item) for item in parts["input_requants"].sequence()),
        activation=parts["activation"].text(),
        layers=parts["layers"].texts(),
    )


def _read_scale(number: int, field: Field, parts: Mapping[str, Field], arrays: _Arrays) -> QScale | None:
    multiplier = arrays.take(number, parts["scale_multiplier"])
    shift = arrays.take(number, parts["scale_shift"])
    formats = [
        None if (item := parts.get(key, absent).optional()) is None else read_format(item)
        for key in ("scale_format", "scale_shift_format")
        for absent in [Field(None, field.error, field.file)]
    ]
    left = parts["scale_product_shift"].integer(0, MAX_SHIFT) if "scale_product_shift" in parts else 0
    if multiplier is not None and shift is not None:
        return QScale(multiplier, shift, formats[0], formats[1], left)
    if multiplier is not None or shift is not None or left or any(fmt is not None for fmt in formats):
        raise field.fail("of a scale, scale_multiplier and scale_shift must both be there, or nothing")
    return None


def _read_interval(field: Field) -> Interval:
    lo, hi = field.integers(-MOST_INTEGER, MOST_INTEGER, 2, 2)
    if lo > hi:
        raise field.fail(f"the lower end {lo} lies above the upper one {hi}")
    return Interval(lo, hi)


def _read_requant(field: Field) -> Requant | None:
    if field.optional() is None:
        return None
    if "thresholds" in field.mapping():
        parts = field.record(("thresholds", "values"))
        values = parts["values"].integers(-MOST_INTEGER, MOST_INTEGER, 2)
        steps = len(values) - 1
        rows = [row.integers(-MOST_INTEGER, MOST_INTEGER, steps, steps) for row in parts["thresholds"].sequence(1)]
        return ThresholdRequant(np.asarray(rows, dtype=np.int64), np.asarray(values, dtype=np.int64))
    parts = field.record([f.name for f in fields(DyadicRequant)])
    return DyadicRequant(
        multiplier=parts["multiplier"].integers(1, MOST_INTEGER, 1),
        shift=parts["shift"].integers(0, MAX_SHIFT, 1),
        rounding=Rounding(parts["rounding"].choice(*Rounding)),
        zero_point=parts["zero_point"].integer(-MOST_INTEGER, MOST_INTEGER),
        lo=parts["lo"].integer(-MOST_INTEGER, MOST_INTEGER),
        hi=parts["hi"].integer(-MOST_INTEGER, MOST_INTEGER),
        negative_shift=parts["negative_shift"].integer(0, MAX_SHIFT),
    )


def _pair(interval: Interval) -> list[int]:
    return [interval.lo, interval.hi]


def _optional_format(fmt: Format | None) -> dict[str, Any] | None:
    return None if fmt is None else fmt.to_dict()


def _requant_to_dict(requant: Requant | None) -> dict[str, Any] | None:
    if requant is None:
        return None
    if isinstance(requant, ThresholdRequant):
        return {"thresholds": requant.thresholds.tolist(), "values": requant.values.tolist()}
    return {
        "multiplier": list(requant.multiplier),
        "shift": list(requant.shift),
        "rounding": str(requant.rounding),
        "zero_point": requant.zero_point,
        "lo": requant.lo,
        "hi": requant.hi,
        "negative_shift": requant.negative_shift,
    }
