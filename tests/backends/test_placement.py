"""Memories lie where the estimate has them, and move where a part is short of what their size asks for."""

from __future__ import annotations

import re
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from networks import NetworkBuilder, quantized_network

from hlsq.backends.vitis.design import Design
from hlsq.backends.vitis.integrity import check_design
from hlsq.backends.vitis.options import HardwareOptions
from hlsq.backends.vitis.project import read_project, write_project
from hlsq.backends.vitis.render import render_project
from hlsq.cost.estimate.storage import FEW_PLACES, LINES
from hlsq.errors import OptionError, ResourceError
from hlsq.formats import Affine
from hlsq.graph import QuantizedGraph
from hlsq.graph.lowering import quantize_graph
from hlsq.graph.ops import Add, Conv2D
from hlsq.plan import BlockPlan

IMPLS = {"LUTRAM": "lutram", "block RAM": "bram"}
BOUND = r"variable = (?:lines|kept) type = ram_s2p impl = (\w+)"
NAMES = ("first", "second", "third")


def chain(width: int) -> QuantizedGraph:
    """Three convolutions of maps of 6 rows whose lines are of 128 bits, the first one's of 96."""
    b = NetworkBuilder(np.random.default_rng(0))
    source, channels = b.input("x", (6, width, 12), Affine(8, 0.05, symmetric=True)), 12
    for name in NAMES:
        plan = BlockPlan(weight=Affine(4, 0.01, symmetric=True), output=Affine(8, 0.07, symmetric=True))
        op = Conv2D((1, 1), (1, 1, 1, 1))
        source, channels = b.add(name, op, [source], kernel=b.kernel(3, 3, channels, 16), plan=plan), 16
    return quantize_graph(*b.build([source]))


SHALLOW, DEEP = chain(60), chain(100)
"""Lines that are memory LUTs by their size, and such that are block RAMs."""


def lines_of(design: Design) -> dict[str, list[str]]:
    """What holds them, as the estimate has it."""
    kept = {name: [m for m in b.memories if m.component in LINES] for name, b in design.estimate.blocks.items()}
    return {name: [IMPLS[m.storage] for m in found if m.depth > 1] for name, found in kept.items()}


def bound(design: Design) -> dict[str, list[str]]:
    """What holds them, as the C++ has it."""
    files = render_project(design)
    codes = {b.block.name: files[f"firmware/blocks/{b.ident}.h"] for b in design.functions}
    return {name: re.findall(BOUND, code) for name, code in codes.items()}


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("lines", ["auto", "bram", "lutram", "mixed"])
def test_the_code_binds_lines_to_what_the_estimate_counts(seed: int, lines: Any) -> None:
    graph = quantized_network(seed)
    if lines == "mixed":
        lines = {block.name: ("bram", "auto", "lutram")[n % 3] for n, block in enumerate(graph.blocks) if n % 4}
    design = Design(graph, HardwareOptions(reuse_factor={}, line_storage=lines))
    told = lines_of(design)
    assert bound(design) == {name: told[name] for name in bound(design)}


def test_size_decides_where_nothing_is_said() -> None:
    for graph, impl in ((SHALLOW, "lutram"), (DEEP, "bram")):
        assert bound(Design(graph, HardwareOptions(reuse_factor={}))) == {name: [impl] for name in NAMES}


def fitted(graph: QuantizedGraph, **given: Any) -> Design:
    held = {"lut": 10**5, "ff": 10**5, "dsp": 100, "bram36": 100, "uram": 0, "lutram": 10**5}
    options = given.pop("options", {})
    return Design(graph, HardwareOptions(**({"target": "fit"} | options), utilization=1.0, resources=held | given))


@pytest.mark.parametrize(
    "options", [{"fifo_storage": "lutram"}, {"fifo_storage": "lutram", "target": None, "target_interval": 10_000}]
)
@pytest.mark.parametrize(
    ("graph", "scarce", "moved"), [(SHALLOW, "lutram", "bram"), (DEEP, "bram36", "lutram")], ids=["LUTs", "block RAMs"]
)
def test_as_many_lines_move_as_it_takes(
    graph: QuantizedGraph, scarce: str, moved: str, options: Any, tmp_path: Path
) -> None:
    needs = getattr(fitted(graph, options=options).estimate, scarce.replace("36", "18"))
    lines = []
    for part in (1.0, 0.9, 0.4):
        has = ceil(part * needs / (2 if scarce == "bram36" else 1))
        design = fitted(graph, options=options, **{scarce: has})
        assert design.estimate.fits
        assert bound(design) == lines_of(design)
        storage = design.settled.line_storage
        lines.append({} if storage == "auto" else storage)
        there = [name for name, (impl,) in lines_of(design).items() if impl == moved]
        assert there == sorted(lines[-1], key=NAMES.index)
    assert 0 == len(lines[0]) < len(lines[1]) < len(lines[2])
    assert set(lines[2].values()) == {moved}
    write_project(design, tmp_path / "net")
    loaded = read_project(tmp_path / "net")
    assert loaded.settled == design.settled
    assert lines_of(loaded) == lines_of(design)
    assert loaded.estimate == design.estimate
    check_design(tmp_path / "net", design)


def test_weights_move_to_luts_as_well(tmp_path: Path) -> None:
    options = {"target": None, "target_interval": 200_000}
    plain = fitted(SHALLOW, options=options).estimate
    assert [m.bram18 for m in plain.memories if m.component == "weights"] == [1, 1, 1]
    design = fitted(SHALLOW, options=options, bram36=1)
    assert design.estimate.fits
    roms = design.settled.rom_storage
    assert isinstance(roms, dict)
    assert set(roms.values()) == {"lutram"}
    assert len(roms) == 1
    files = render_project(design)
    for name, block in design.by_name.items():
        code = files[f"firmware/blocks/{block.ident}.h"]
        assert (f"= {block.ident}_weights type = rom_1p impl = lutram\n" in code) is (name in roms)
        (weights,) = (m for m in design.estimate.blocks[name].memories if m.component == "weights")
        assert weights.storage == ("ROM in LUTs" if name in roms else "block RAM")
    write_project(design, tmp_path / "net")
    assert read_project(tmp_path / "net").estimate == design.estimate
    assert fitted(SHALLOW, options=options, bram36=0).estimate.bram18 == 0
    asked = options | {"rom_storage": "bram"}
    assert not fitted(SHALLOW, options=asked, bram36=0).estimate.fits


def test_lines_stay_where_they_are_asked_for() -> None:
    few = int(0.6 * fitted(SHALLOW).estimate.lutram)
    stays = {"line_storage": {"first": "lutram", "second": "lutram"}}
    design = fitted(SHALLOW, options=stays, lutram=int(0.8 * fitted(SHALLOW).estimate.lutram))
    assert bound(design) == {"first": ["lutram"], "second": ["lutram"], "third": ["bram"]}
    for lines in ("lutram", dict.fromkeys(NAMES, "lutram")):
        with pytest.raises(ResourceError, match="memory LUTs"):
            fitted(SHALLOW, options={"line_storage": lines}, lutram=few)
    # A reuse factor says what the hardware is, whatever part it is for.
    plain = Design(SHALLOW, HardwareOptions(reuse_factor={}, part="xc7s6"))
    assert bound(plain) == {name: ["lutram"] for name in NAMES}


def test_lines_do_not_move_for_nothing() -> None:
    """Neither where the other kind has no room, nor where it does not help."""
    whole = fitted(SHALLOW).estimate
    with pytest.raises(ResourceError, match="memory LUTs"):
        fitted(SHALLOW, lutram=int(0.6 * whole.lutram), bram36=0)
    options = HardwareOptions(target_interval=10_000, resources={"lut": 10, "ff": 10, "dsp": 9, "bram36": 9, "uram": 0})
    assert bound(Design(SHALLOW, options)) == {name: ["lutram"] for name in NAMES}
    assert not Design(SHALLOW, options).estimate.fits


def test_few_places_do_not_move() -> None:
    graph = chain(FEW_PLACES)
    with pytest.raises(ResourceError, match="memory LUTs"):
        fitted(graph, lutram=int(0.6 * fitted(graph).estimate.lutram))


def test_blocks_of_lines_are_those_of_the_network() -> None:
    with pytest.raises(OptionError, match="line_storage: 'fourth' is unknown; valid: first, second, third"):
        Design(SHALLOW, HardwareOptions(line_storage={"fourth": "bram"}))
    with pytest.raises(OptionError, match="rom_storage: 'fourth' is unknown; valid: first, second, third"):
        Design(SHALLOW, HardwareOptions(rom_storage={"first": "bram", "fourth": "bram"}))
    with pytest.raises(OptionError, match="line_storage: 'uram' is unknown; valid: auto, bram, lutram"):
        HardwareOptions(line_storage={"first": "uram"})  # type: ignore[dict-item]
    for named in ({}, {"first": "auto"}):
        design = Design(SHALLOW, HardwareOptions(line_storage=named, reuse_factor={}))
        assert design.estimate == Design(SHALLOW, HardwareOptions(reuse_factor={})).estimate


def joined(width: int) -> QuantizedGraph:
    """Two convolutions beside a connection that waits for both of them."""
    b = NetworkBuilder(np.random.default_rng(0))
    weight, output = Affine(4, 0.01, symmetric=True), Affine(8, 0.07, symmetric=True)
    source = b.input("x", (6, width, 16), Affine(8, 0.05, symmetric=True))
    plan = BlockPlan(weight=weight, output=output)
    first = b.add("first", Conv2D((1, 1), (0, 0, 0, 0)), [source], kernel=b.kernel(1, 1, 16, 16), plan=plan)
    second = b.add("second", Conv2D((1, 1), (1, 1, 1, 1)), [first], kernel=b.kernel(3, 3, 16, 16), plan=plan)
    return quantize_graph(*b.build([b.add("sum", Add(), [first, second], plan=BlockPlan(output=output))]))


FIFO = r"STREAM variable = \w+ depth = (\d+)\n(?:#pragma HLS BIND_STORAGE variable = \w+ type = fifo impl = (\w+))?"


def fifos_of(design: Design) -> tuple[list[tuple[int, str]], list[tuple[int, str]]]:
    """Depth and storage of every stream, as the estimate and as the C++ has it; of those that are not bound, none."""
    counted = [
        (m.depth, m.storage.removeprefix("FIFO in "))
        for b in design.estimate.blocks.values()
        for m in b.memories
        if m.component in ("streams", "copies")
    ]
    code = render_project(design)[f"firmware/{design.options.top}.cpp"]
    return counted, [(int(depth), impl) for depth, impl in re.findall(FIFO, str(code))]


@pytest.mark.parametrize("storage", ["bram", "lutram", {"sum": "bram"}])
def test_the_code_binds_streams_to_what_the_estimate_counts(storage: Any) -> None:
    counted, bound = fifos_of(Design(joined(20), HardwareOptions(reuse_factor={}, fifo_storage=storage)))
    kinds = {"registers": "", "shift registers": "", "LUTRAM": "lutram", "block RAM": "bram"}
    assert sorted((depth, kinds[kind]) for depth, kind in counted) == sorted(bound)
    assert max(bound)[1] == ("lutram" if storage == "lutram" else "bram")
    assert [impl for depth, impl in bound if depth <= 2] == [""] * sum(depth <= 2 for depth, _ in bound)


def test_streams_move_where_lines_are_not_enough(tmp_path: Path) -> None:
    graph = joined(20)
    options = {"options": {"line_storage": "bram"}}
    whole = fitted(graph, **options)
    assert {kind for depth, kind in fifos_of(whole)[0] if depth > 10} == {"LUTRAM"}
    design = fitted(graph, **options, lutram=ceil(0.5 * whole.estimate.lutram))
    moved = design.settled.fifo_storage
    assert isinstance(moved, dict)
    assert set(moved.values()) == {"bram"}
    counted, bound = fifos_of(design)
    assert 0 < sum(kind == "block RAM" for _, kind in counted) == sum(impl == "bram" for _, impl in bound)
    write_project(design, tmp_path / "net")
    assert read_project(tmp_path / "net").estimate == design.estimate
    stays = {"options": {"line_storage": "bram", "fifo_storage": "lutram"}}
    with pytest.raises(ResourceError, match="memory LUTs"):
        fitted(graph, **stays, lutram=ceil(0.5 * whole.estimate.lutram))
