"""A ``QuantizedGraph`` on disk: structure as JSON, integers as npz."""

from __future__ import annotations

import json
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from hlsq.errors import GraphError
from hlsq.files.write import write_file
from hlsq.formats import Format, Rounding, format_from_dict
from hlsq.graph.ops import op_from_dict
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
Ints = NDArray[np.int64]


def graph_files(graph: QuantizedGraph) -> dict[str, bytes]:
    """The files that hold ``graph``, name to content."""
    arrays: dict[str, Ints] = {}
    data = {
        "hlsq_graph": VERSION,
        "name": graph.name,
        "inputs": [{"name": i.name, "shape": list(i.shape), "format": i.format.to_dict()} for i in graph.inputs],
        "blocks": [_block_to_dict(block, arrays) for block in graph.blocks],
        "outputs": list(graph.outputs),
        "host": dict(graph.host),
    }
    archive = BytesIO()
    np.savez_compressed(archive, **arrays)  # type: ignore[arg-type]
    return {"graph.json": (json.dumps(data, indent=1) + "\n").encode(), "graph.npz": archive.getvalue()}


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
        GraphError: the files are missing, damaged or of another version.
    """
    try:
        data = json.loads(Path(folder, "graph.json").read_text(encoding="utf-8"))
        if data["hlsq_graph"] != VERSION:
            raise GraphError(f"{folder}: graph of version {data['hlsq_graph']}; this hlsq reads version {VERSION}")
        with np.load(Path(folder, "graph.npz"), allow_pickle=False) as arrays:
            return QuantizedGraph(
                name=data["name"],
                inputs=tuple(
                    QInput(i["name"], tuple(i["shape"]), format_from_dict(i["format"])) for i in data["inputs"]
                ),
                blocks=tuple(_block_from_dict(block, arrays) for block in data["blocks"]),
                outputs=tuple(data["outputs"]),
                host=data["host"],
            )
    except (OSError, EOFError, BadZipFile, KeyError, TypeError, AttributeError, ValueError) as error:
        raise GraphError(f"cannot read a quantised network from {str(folder)!r}: {error}") from error


def _block_to_dict(block: QBlock, arrays: dict[str, Ints]) -> dict[str, Any]:
    def store(key: str, array: Ints | None) -> str | None:
        if array is None:
            return None
        arrays[f"{block.name}|{key}"] = array
        return f"{block.name}|{key}"

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


def _block_from_dict(data: Mapping[str, Any], arrays: Mapping[str, Ints]) -> QBlock:
    def fetch(key: str) -> Ints | None:
        return None if data[key] is None else arrays[data[key]]

    values = fetch("weights")
    return QBlock(
        name=data["name"],
        op=op_from_dict(data["op"]),
        inputs=tuple(data["inputs"]),
        shape=tuple(data["shape"]),
        format=format_from_dict(data["format"]),
        interval=Interval(*data["interval"]),
        accumulator=Interval(*data["accumulator"]),
        scaled=Interval(*data["scaled"]),
        weights=None if values is None else QWeights(values, format_from_dict(data["weight_format"])),
        bias=fetch("bias"),
        product_shift=data["product_shift"],
        input_multipliers=tuple(data["input_multipliers"]),
        scale=_scale_from_dict(data, fetch("scale_multiplier"), fetch("scale_shift")),
        requant=_requant_from_dict(data["requant"]),
        input_requants=tuple(_requant_from_dict(r) for r in data["input_requants"]),
        activation=data["activation"],
        layers=tuple(data["layers"]),
    )


def _scale_from_dict(data: Mapping[str, Any], multiplier: Ints | None, shift: Ints | None) -> QScale | None:
    if multiplier is None or shift is None:
        return None
    # Files from before a shift could have a format of its own lack the last two.
    fmt, shift_fmt = data["scale_format"], data.get("scale_shift_format")
    return QScale(
        multiplier,
        shift,
        format=None if fmt is None else format_from_dict(fmt),
        shift_format=None if shift_fmt is None else format_from_dict(shift_fmt),
        product_shift=data.get("scale_product_shift", 0),
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


def _requant_from_dict(data: Mapping[str, Any] | None) -> Requant | None:
    if data is None:
        return None
    if "thresholds" in data:
        return ThresholdRequant(
            np.asarray(data["thresholds"], dtype=np.int64), np.asarray(data["values"], dtype=np.int64)
        )
    return DyadicRequant(
        multiplier=tuple(data["multiplier"]),
        shift=tuple(data["shift"]),
        rounding=Rounding(data["rounding"]),
        zero_point=data["zero_point"],
        lo=data["lo"],
        hi=data["hi"],
        negative_shift=data["negative_shift"],
    )
