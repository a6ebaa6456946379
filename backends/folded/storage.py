"""A ``FoldedProgram`` on disk: ``program.json``, and what its memories hold as binary files beside it."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, fields
from math import prod
from pathlib import Path
from typing import Any, cast, get_args

import numpy as np
from numpy.typing import NDArray

from hlsq.backends.folded.layout import NONE, Layout
from hlsq.backends.folded.overlay import WORD, Overlay, Table
from hlsq.backends.folded.pieces import (
    FORMS,
    OPCODES,
    Array,
    Engine,
    EngineImage,
    Instruction,
    MemoryMap,
    Multiplier,
    Opcode,
    Place,
    View,
)
from hlsq.backends.folded.pieces import Field as InstructionField
from hlsq.backends.pes import DualForm, PEKind, WeightForm
from hlsq.errors import GraphError
from hlsq.files.fields import Field
from hlsq.files.read import read_json, read_start
from hlsq.graph import Interval

VERSION = 1
PROGRAM = "program.json"
WHAT = "the program of a folded accelerator"
MOST = 1 << 62
WEIGHTS = ("uint8", "uint16")
CONSTANTS = ("int64",)
OVERLAY = ("factors", "factor_bits", "operands", "thresholds", "inputs", "outputs")


def named_arrays(images: tuple[EngineImage, ...], tables: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """What the memories hold, by the name of the file without its ending."""
    found: dict[str, NDArray[Any]] = {}
    for number, image in enumerate(images):
        found[f"engine{number}_weights"] = image.weights
        found |= {f"engine{number}_{name}": values for name, values in image.parameters.items()}
    return found | dict(tables)


def read_pieces(folder: str | Path, names: Collection[str] | None) -> dict[str, Any]:
    """The pieces of the program whose files are in ``folder``, by name.

    Args:
        folder: with ``program.json`` and the binary files.
        names: of the network's tensors, if the program has to be one of that network.

    Raises:
        GraphError: a file is missing, damaged or of another version; names the file and the place.
    """
    data = read_json(Path(folder, PROGRAM), GraphError, WHAT)
    data.version("hlsq_program", VERSION, WHAT)
    parts = data.record(
        ("hlsq_program", "fields", "engines", "map", "places", "instructions", "images", "tables", "overlay")
    )
    engines = tuple(_read_engine(item) for item in parts["engines"].sequence(1))
    images = parts["images"].sequence(len(engines), len(engines))
    instructions = tuple(_read_instruction(item) for item in parts["instructions"].sequence(1))
    for item, field in zip(instructions, parts["instructions"].sequence(), strict=True):
        if other := sorted(set(item.fields) ^ set(instructions[0].fields)):
            raise field.fail(f"other fields than the first instruction's: {other[0]!r}")
        for name in (*item.blocks, *(view.tensor for stage in item.views for view in stage)):
            if names is not None and name not in names:
                raise field.fail(f"{name!r} is no tensor of the network; restore it, or convert again")
    return {
        "engines": engines,
        "instructions": instructions,
        "map": _read_map(parts["map"]),
        "places": {name: _read_place(item) for name, item in parts["places"].mapping().items()},
        "images": tuple(_read_image(Path(folder), number, item) for number, item in enumerate(images)),
        "tables": {
            name: _read_array(Path(folder), name, item, CONSTANTS) for name, item in parts["tables"].mapping().items()
        },
        "overlay": _read_overlay(parts["overlay"], parts["fields"]),
    }


def program_text(pieces: Mapping[str, Any], fields: tuple[InstructionField, ...]) -> str:
    """``program.json`` of a program with these ``pieces`` and ``fields``: an engine, place or instruction a line."""
    described: dict[str, Any] = {
        "fields": [[field.name, field.width, field.signed] for field in fields],
        "engines": [_engine(engine) for engine in pieces["engines"]],
        "map": asdict(pieces["map"]) | {name: _pair(getattr(pieces["map"], name)) for name in ("lane", "output")},
        "places": {name: asdict(place) | {"layout": runs(place.layout)} for name, place in pieces["places"].items()},
        "instructions": [_instruction(item) for item in pieces["instructions"]],
        "images": [
            {"weights": _shape(image.weights), "parameters": {n: _shape(v) for n, v in image.parameters.items()}}
            for image in pieces["images"]
        ],
        "tables": {name: _shape(values) for name, values in pieces["tables"].items()},
        "overlay": {} if pieces["overlay"] is None else _overlay(pieces["overlay"]),
    }
    lines = [f'"hlsq_program": {VERSION}']
    for key, value in described.items():
        if isinstance(value, list):
            inside = ",\n".join(f"  {json.dumps(item)}" for item in value)
            lines.append(f'"{key}": [\n{inside}\n ]')
        else:
            inside = ",\n".join(f"  {json.dumps(name)}: {json.dumps(item)}" for name, item in value.items())
            lines.append(f'"{key}": {{\n{inside}\n }}')
    return "{\n " + ",\n ".join(lines) + "\n}\n"


def runs(layout: Layout) -> list[list[int]]:
    """``layout`` as pairs of a channel and how many follow each other from there; -1 for lanes without one."""
    found: list[list[int]] = []
    for channel in layout:
        if found and channel == (NONE if found[-1][0] == NONE else found[-1][0] + found[-1][1]):
            found[-1][1] += 1
        else:
            found.append([channel, 1])
    return found


def _engine(engine: Engine) -> dict[str, Any]:
    plain = {item.name: getattr(engine, item.name) for item in fields(engine)}
    pairs = {name: _pair(getattr(engine, name)) for name in ("tap", "sum", "value", "product")}
    return plain | pairs | {"array": asdict(engine.array), "features": sorted(engine.features)}


def _instruction(item: Instruction) -> dict[str, Any]:
    views = [[{"tensor": v.tensor, "channels": v.channels, "layout": runs(v.layout)} for v in s] for s in item.views]
    return {
        "blocks": item.blocks,
        "target": item.target,
        "opcode": item.opcode,
        "macs": item.macs,
        "cycles": item.cycles,
        "fields": dict(item.fields),
        "views": views,
    }


def _overlay(overlay: Overlay) -> dict[str, Any]:
    numbers = {name: getattr(overlay, name) for name in OVERLAY}
    return numbers | {"tables": [[asdict(table) for table in tables] for tables in overlay.tables]}


def _pair(interval: Interval) -> list[int]:
    return [interval.lo, interval.hi]


def _shape(values: NDArray[Any]) -> dict[str, Any]:
    return {"type": values.dtype.name, "shape": list(values.shape)}


def _read_engine(field: Field) -> Engine:
    parts = field.record([item.name for item in fields(Engine)])
    array = parts["array"].record(("taps", "outputs", "positions"))
    return Engine(
        name=parts["name"].text(),
        kind=cast(PEKind, parts["kind"].choice(*get_args(PEKind))),
        dual=cast(DualForm, parts["dual"].choice(*get_args(DualForm))),
        multiplier=cast(Multiplier, parts["multiplier"].choice(*get_args(Multiplier))),
        array=Array(**{name: item.integer(1, MOST) for name, item in array.items()}),
        splits=parts["splits"].integers(1, MOST, 1),
        forms=tuple(cast(WeightForm, item.choice(*FORMS)) for item in parts["forms"].sequence()),
        features=frozenset(parts["features"].texts()),
        tap=_read_interval(parts["tap"]),
        sum=_read_interval(parts["sum"]),
        value=_read_interval(parts["value"]),
        product=_read_interval(parts["product"]),
        max_exponent=parts["max_exponent"].integer(0, MOST),
        **{name: parts[name].integer(1, MOST) for name in ("sums", "lanes", "code_bits", "slice_bits", "slices")},
    )


def _read_map(field: Field) -> MemoryMap:
    parts = field.record([item.name for item in fields(MemoryMap)])
    counts = {name: parts[name].integer(0, MOST) for name in ("memories", "banks", "word", "granule", "outputs")}
    return MemoryMap(
        depth=parts["depth"].integers(0, MOST, 1),
        lane=_read_interval(parts["lane"]),
        output=_read_interval(parts["output"]),
        **counts,
    )


def _read_place(field: Field) -> Place:
    parts = field.record([item.name for item in fields(Place)])
    numbers = {name: parts[name].integer(0, MOST) for name in ("memory", "base", "pitch", "offset")}
    return Place(layout=_read_layout(parts["layout"]), **numbers)


def _read_instruction(field: Field) -> Instruction:
    parts = field.record([item.name for item in fields(Instruction)])
    first, second = parts["views"].sequence(2, 2)
    return Instruction(
        blocks=parts["blocks"].texts(),
        target=parts["target"].text(),
        opcode=cast(Opcode, parts["opcode"].choice(*OPCODES)),
        fields={name: item.integer(-MOST, MOST) for name, item in parts["fields"].mapping().items()},
        macs=parts["macs"].integer(0, MOST),
        cycles=parts["cycles"].integer(0, MOST),
        views=(_read_views(first), _read_views(second)),
    )


def _read_views(field: Field) -> tuple[View, ...]:
    found = []
    for item in field.sequence():
        parts = item.record(("tensor", "channels", "layout"))
        found.append(View(parts["tensor"].text(), parts["channels"].integer(1, MOST), _read_layout(parts["layout"])))
    return tuple(found)


def _read_overlay(field: Field, fields: Field) -> Overlay | None:
    if not field.mapping():
        return None
    parts = field.record((*OVERLAY, "tables"))
    return Overlay(
        fields=tuple(_read_field(item) for item in fields.sequence()),
        tables=tuple(tuple(_read_table(item) for item in each.sequence(1)) for each in parts["tables"].sequence(1)),
        **{name: parts[name].integer(0, MOST) for name in OVERLAY},
    )


def _read_field(field: Field) -> InstructionField:
    name, width, signed = field.sequence(3, 3)
    return InstructionField(name.text(), width.integer(0, 64), signed.flag())


def _read_table(field: Field) -> Table:
    parts = field.record(("name", "bits", "values", "rows", "slices"))
    return Table(
        name=parts["name"].text(),
        bits=parts["bits"].integer(1, WORD),
        **{name: parts[name].integer(1, MOST) for name in ("values", "rows", "slices")},
    )


def _read_layout(field: Field) -> Layout:
    lanes: list[int] = []
    for item in field.sequence():
        first, count = item.integers(NONE, 1 << 30, 2, 2)
        lanes += [NONE] * count if first == NONE else range(first, first + count)
    return tuple(lanes)


def _read_interval(field: Field) -> Interval:
    low, high = field.integers(-MOST, MOST, 2, 2)
    if low > high:
        raise field.fail(f"the lower bound {low} is above the upper one {high}")
    return Interval(low, high)


def _read_image(folder: Path, number: int, field: Field) -> EngineImage:
    parts = field.record(("weights", "parameters"))
    return EngineImage(
        _read_array(folder, f"engine{number}_weights", parts["weights"], WEIGHTS),
        {
            name: _read_array(folder, f"engine{number}_{name}", item, CONSTANTS)
            for name, item in parts["parameters"].mapping().items()
        },
    )


def _read_array(folder: Path, name: str, field: Field, types: tuple[str, ...]) -> NDArray[Any]:
    parts = field.record(("type", "shape"))
    kind, shape = np.dtype(parts["type"].choice(*types)), parts["shape"].integers(0, MOST, 1, 3)
    path = folder / f"{name}.bin"
    try:
        content = read_start(path, -1)
    except OSError as error:
        raise GraphError(f"{path}: cannot be read: {error.strerror}; restore it, or convert again") from error
    if len(content) != prod(shape) * kind.itemsize:
        raise GraphError(
            f"{path}: has {len(content):,} bytes; {field.place} of {PROGRAM} says {prod(shape) * kind.itemsize:,}; "
            "restore it, or convert again"
        )
    return np.frombuffer(content, dtype=kind).reshape(shape)
