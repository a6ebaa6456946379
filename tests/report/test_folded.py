"""The report of a folded accelerator: engines, program, memory map, cost, in text, JSON and page."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from networks import NetworkBuilder, quantized_network
from small import small_network

import hlsq
from hlsq.backends.vitis.folded.design import FoldedDesign
from hlsq.backends.vitis.options import HardwareOptions
from hlsq.cli.summary import hardware_rows
from hlsq.formats import Affine
from hlsq.graph.ops import MaxPool2D
from hlsq.hardware import HardwareModel
from hlsq.report import Report
from hlsq.report.text import WIDTH, render_text

SAMPLES = np.random.default_rng(0).normal(size=(70, 6, 6, 2)).astype(np.float32)

ENGINES = {
    "engine0": {"taps": 4, "outputs": 2, "positions": 4},
    "engine1": {"taps": 1, "outputs": 2, "positions": 1, "blocks": ["class"]},
}
PES = {"multiply": 2, "shift": 32}


@pytest.fixture(scope="module")
def hw(tmp_path_factory: pytest.TempPathFactory) -> HardwareModel:
    folder = tmp_path_factory.mktemp("folded") / "net"
    graph, plan = small_network()
    return hlsq.convert(graph, plan, output_dir=folder, calibration=SAMPLES, architecture="folded", engines=ENGINES)


@pytest.fixture(scope="module")
def report(hw: HardwareModel) -> Report:
    return hw.report()


def table(text: str, title: str) -> list[list[str]]:
    """Cells of the rows of the table of that title."""
    lines = text.split(f"\n{title}\n")[1].split("\n\n")[0].splitlines()
    return [re.split(r" {2,}", line) for line in lines[2:] if re.match(r"\S+.*  ", line)]


def test_the_program_is_listed_line_by_line(hw: HardwareModel, report: Report) -> None:
    text = render_text(report)
    listed = table(text, "Program")
    assert [row[0] for row in listed] == ["image", "conv/first", "conv/second + sum", "pool", "class", "class"]
    assert [row[2] for row in listed] == ["load", "mac/2", "mac", "sum", "mac", "emit"]
    assert [int(row[5].replace(",", "")) for row in listed] == [item.cycles for item in hw.program.instructions]
    engines = hw.program.engines
    for row, item in zip(listed, hw.program.instructions, strict=True):
        if item.macs:
            use, unit = row[8].split()
            own = engines[item.fields["engine"]]
            assert row[1] == own.name
            assert (float(use), unit) == (pytest.approx(100 * item.macs / (item.cycles * own.pes), abs=0.5), "%")
    assert "[====" in render_text(report, bars=True).split("\nProgram\n")[1].split("\n\n")[0]
    told = table(text, "Engines")
    assert [row[0] for row in told] == ["engine0", "engine1"]
    for row, engine in zip(told, engines, strict=True):
        array = engine.array
        shape = map(str, (array.taps, array.outputs, array.positions))
        assert row[:6] == [engine.name, str(engine.pes), engine.kind, *shape]
    assert max(map(len, text.splitlines())) <= WIDTH


def test_what_a_folded_accelerator_has_not_is_not_told(report: Report) -> None:
    text = str(report)
    for words in ("line buffers", "reuse", "Operators", "Streams into joins", "registers of windows"):
        assert words not in text
    assert report.pes == PES
    assert "folded" in text
    assert table(text, "Blocks")[1][-1] == "5,184"


def test_maps_lie_where_the_program_puts_them(hw: HardwareModel, report: Report) -> None:
    assert report.program is not None
    places = {place.tensor: place for place in report.program.places}
    assert set(places) == {"image", "conv/first", "sum", "pool"}
    word, banks = hw.program.map.word, hw.program.map.banks
    lanes = {"image": -(-2 // word) * word, "conv/first": -(-4 // word) * word}
    for name, count in lanes.items():
        assert places[name].bits == 36 * count * hw.program.map.lane.width
        assert places[name].words == -(-36 // banks) * (count // word)
    assert report.program.map_bits == hw.program.map.bits
    for place in places.values():
        assert place.first + place.words <= hw.program.map.depth[place.memory]


@pytest.mark.parametrize("seed", range(6))
def test_roms_of_blocks_are_the_rows_of_the_image(seed: int) -> None:
    design = FoldedDesign(quantized_network(seed), HardwareOptions(architecture="folded", pes=40))
    report = HardwareModel(design, Path("nowhere")).report()
    held = [image.weights.shape for image in design.program.images]
    sizes = [e.slice_bits * s * c for e, (s, _, c) in zip(design.program.engines, held, strict=True)]
    bits = sum(block.memory.rom_bits or 0 for block in report.blocks)
    # The last row may be partly idle; passes that only bring channels into order have rows of their own.
    assert bits <= sum(size * rows for size, (_, rows, _) in zip(sizes, held, strict=True))
    assert report.program is not None
    if not any(item.mode.startswith("mac") and not item.macs for item in report.program.instructions):
        assert bits > sum(size * (rows - 1) for size, (_, rows, _) in zip(sizes, held, strict=True))
    assert all((block.memory.rom_bits or 0) >= block.memory.weight_bits for block in report.blocks)
    assert max(map(len, str(report).splitlines())) <= WIDTH


def test_json_and_page_hold_the_same(hw: HardwareModel, report: Report) -> None:
    data: dict[str, Any] = json.loads(report.to_json())
    program = data["program"]
    assert program["cycles"] == data["estimate"]["interval"] == sum(i["cycles"] for i in program["instructions"])
    assert program["fields"] == {f.name: f.width for f in hw.program.fields if f.width}
    assert sum(program["fields"].values()) == program["instruction_bits"] == hw.program.bits
    assert data["totals"]["pes"] == PES
    assert data["estimate"]["blocks"]["feature maps"]["bram18"] > 0
    page = report.to_html()
    for words in ("Cycles of every instruction", "conv/second + sum", "Memory of feature maps", "Use of the part"):
        assert words in page
    assert "PEs per block" not in page
    assert "PEs per block" in dataflow().to_html()


def dataflow() -> Report:
    from hlsq.backends.vitis.design import Design

    return HardwareModel(Design(quantized_network(1), HardwareOptions()), Path("nowhere")).report()


def test_a_loaded_project_tells_the_same(hw: HardwareModel, report: Report) -> None:
    loaded = hlsq.load_project(hw.output_dir)
    assert loaded.report() == report
    assert hardware_rows(loaded) == hardware_rows(hw)


def test_the_summary_tells_size_cost_and_speed(hw: HardwareModel) -> None:
    told = dict(hardware_rows(hw))
    assert list(told) == ["asked", "engines", "program", "estimated", "fits", "speed", "pace"]
    assert told["asked"] == "engines as they are given"
    assert told["engines"].startswith("engine0: 32 shift PEs, 4 x 2 x 4; engine1: 2 multiply PEs, ")
    assert told["program"].startswith("6 instructions of ")
    assert f"one every {hw.program.cycles:,} cycles" in told["speed"]
    fit = FoldedDesign(hw.graph, HardwareOptions(architecture="folded"))
    told = dict(hardware_rows(HardwareModel(fit, Path("nowhere"))))
    assert told["asked"] == "target fit: as fast as fits in 80 % of the part"


def test_a_network_without_weights_has_a_page(tmp_path: Path) -> None:
    b = NetworkBuilder(np.random.default_rng(0))
    b.input("x", (4, 4, 2), Affine(8, 0.03))
    b.add("pool", MaxPool2D((2, 2), (2, 2)), ["x"])
    hw = hlsq.convert(*b.build(["pool"]), output_dir=tmp_path / "net", architecture="folded", pes=4)
    page = hw.report().to_html()
    assert "Cycles of every instruction" in page
    assert "Weight memory per block" not in page
