"""The estimate of a folded design tells of the memories that its C++ declares, and of its program's cycles."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from networks import random_network
from small import small_network

import hlsq
from hlsq.backends.vitis.folded.design import FoldedDesign
from hlsq.backends.vitis.folded.render import render_folded
from hlsq.backends.vitis.options import HardwareOptions
from hlsq.cost.estimate import Estimate
from hlsq.graph.lowering import quantize_graph

ARRAY = re.compile(r"static const (?:hlsq::[us]int<(\d+)>|unsigned char) content((?:\[\d+\])+)")


def declared(image: str) -> dict[str, tuple[int, list[int]]]:
    """Bits of an element and the shape of every memory of constants, by the function that reads it."""
    found = {}
    for text in image.split("\ninline ")[1:]:
        if (array := ARRAY.search(text)) is not None:
            name = text.split("(")[0].split()[-1]
            shape = [int(n) for n in re.findall(r"\d+", array[2])]
            found[name] = int(array[1] or 8), shape
    return found


@pytest.mark.parametrize("seed", range(5))
def test_memories_of_constants_are_those_of_the_code(seed: int) -> None:
    graph, plan = random_network(seed)
    design = FoldedDesign(quantize_graph(graph, plan), HardwareOptions(architecture="folded", pes=24))
    image = declared(str(render_folded(design)["firmware/image.h"]))
    found: Estimate = design.estimate
    bits, (slices, rows, codes) = image["engine0_weights"]
    weights = found.blocks["engine0 weights"].memories
    assert [(m.copies, m.depth, m.width) for m in weights] == [(slices, rows, codes * bits)]
    parameters = found.blocks["engine0 post-processing"].memories
    assert {m.component: (m.depth, m.width) for m in parameters} == {
        name.removeprefix("engine0_"): (shape[0], shape[1] * width)
        for name, (width, shape) in image.items()
        if name.startswith("engine0_") and name != "engine0_weights"
    }
    (program,) = (m for m in found.blocks["controller"].memories if m.component == "program")
    _, (count, size) = image["program"]
    assert program.depth == count
    assert size - 1 <= program.width / 8 <= size


def test_it_is_that_of_the_program(tmp_path: Path) -> None:
    graph, plan = small_network()
    hw = hlsq.convert(graph, plan, output_dir=tmp_path / "net", architecture="folded", pes=32)
    found, program = hw.estimate(), hw.program
    assert found.interval == found.latency == program.cycles
    assert found.pes == program.pes
    assert found.useful == pytest.approx(sum(i.macs for i in program.instructions) / (program.cycles * program.pes))
    maps = [m for m in found.blocks["feature maps"].memories if m.component == "feature maps"]
    assert sum(m.copies * m.depth * m.width for m in maps) == program.map.bits
    assert found.fits is True
    assert found.bram18 >= sum(m.copies for m in maps)
    loaded = hlsq.load_project(tmp_path / "net")
    assert loaded.estimate() == found


def test_products_in_dsp_slices_are_those_of_the_option() -> None:
    graph = quantize_graph(*small_network())
    found = {
        where: FoldedDesign(
            graph,
            HardwareOptions(architecture="folded", pes=16, multipliers=where),  # type: ignore[arg-type]
        ).estimate
        for where in ("dsp", "fabric")
    }
    assert found["fabric"].dsp == 0 < found["dsp"].dsp
    assert found["fabric"].lut > found["dsp"].lut


LOADED = re.compile(r"HLSQ_MEMORY hlsq::[us]int<(\d+)> (\w+)_content((?:\[\d+\])+)")


@pytest.mark.parametrize("seed", range(3))
def test_memories_of_an_overlay_are_those_of_the_code(seed: int) -> None:
    graph, plan = random_network(seed)
    options = HardwareOptions(architecture="folded", pes=24, program="axi")
    design = FoldedDesign(quantize_graph(graph, plan), options)
    text = str(render_folded(design)["firmware/image.h"])
    sizes = {name: (int(bits), [*map(int, re.findall(r"\d+", shape))]) for bits, name, shape in LOADED.findall(text)}
    for number, engine in enumerate(design.program.engines):
        memories = {
            f"engine{number}_{m.component}": (m.copies, m.depth, m.width)
            for block in ("post-processing", "weights")
            for m in design.estimate.blocks[f"{engine.name} {block}"].memories
        }
        assert memories == {
            name: (slices * columns, depth, packed * bits)
            for name, (bits, (slices, depth, columns, packed)) in ((n, s) for n, s in sizes.items() if n != "factors")
            if name.startswith(f"engine{number}_")
        }
        assert all("ROM" not in m.storage for m in design.estimate.memories)
    (loading,) = (m for m in design.estimate.blocks["controller"].memories if m.component == "loading")
    top = str(render_folded(design)[f"firmware/{design.options.top}.cpp"])
    assert f"variable = words depth = {loading.depth}\n" in top
    assert f"hls::stream<hlsq::uint<{loading.width}>> words" in top
    assert design.estimate.components["AXI ports"].bram18 > 0
