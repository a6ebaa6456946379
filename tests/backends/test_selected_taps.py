"""Taps that PEs select, from registers that hold still and from memories: every way gives the emulation's integers."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from networks import NetworkBuilder, random_inputs
from random_designs import faults

from hlsq.backends.vitis.blocks import code_for
from hlsq.backends.vitis.blocks.mac import Conv2DCode
from hlsq.backends.vitis.design import Design
from hlsq.backends.vitis.options import HardwareOptions
from hlsq.backends.vitis.project import write_project
from hlsq.cost.registers import window_memory
from hlsq.formats import Affine
from hlsq.graph import QuantizedGraph
from hlsq.graph.lowering import quantize_graph
from hlsq.graph.ops import AveragePool2D, Conv2D, Dense, DepthwiseConv2D, Reshape
from hlsq.hardware import HardwareModel
from hlsq.plan import BlockPlan

pytestmark = pytest.mark.csim
SAME = (1, 1, 1, 1)
SELECTED = {
    "groups": (24, 12, 1, 12),
    "channels": (4, 4, 9, 1),
    "pairs": (2, 2, 18, 1),
    "single": (72, 36, 1, 1),
    "wide": (1, 1, 36, 1),
    "apart": (24, 4, 9, 1),
    "remembered": (36, 6, 2, 6),
    "strided": (54, 6, 2, 6),
    "idle": (14, 7, 4, 7),
    "uneven": (5, 5, 6, 5),
    "loose": (48, 8, 3, 8),
    "left": (11, 11, 4, 11),
    "split": (6, 6, 9, 6),
    "shared": (16, 8, 3, 8),
    "average": (2, 2, 8, 1),
    "fc": (150, 2, 2, 1),
}
"""Reuse factor, how many steps and lanes the taps of each block have in registers then, and words of a memory, if its
window is in one. Two outputs of "groups" share a channel, which three steps see for either; of "single" too, where one
PE sees all. PEs of "idle" have no tap in the last step, those of "uneven" no channel. Steps from "loose" on have taps
beside whole columns: two beside one of three taps, and as many beside two of them; of each channel; of two outputs."""


@pytest.fixture(scope="module")
def graph() -> QuantizedGraph:
    b = NetworkBuilder(np.random.default_rng(4))
    b.input("x", (6, 6, 4), Affine(8, 0.05, zero_point=-9))
    plan = BlockPlan(weight=Affine(6, 0.06, symmetric=True), output=Affine(8, 0.1, zero_point=3))
    for name in ("groups", "channels", "pairs", "single"):
        outputs = 8 if name in ("groups", "single") else 4
        b.add(name, DepthwiseConv2D((1, 1), SAME, (1, 1)), ["x"], kernel=b.kernel(3, 3, outputs), plan=plan)
    b.add("wide", Conv2D((1, 1), SAME, (1, 1)), ["x"], kernel=b.kernel(3, 3, 4, 6), plan=plan)
    b.add("apart", Conv2D((2, 1), (2, 2, 2, 2), (2, 2)), ["x"], kernel=b.kernel(3, 3, 4, 6), plan=plan)
    b.add("remembered", Conv2D((1, 1), (2, 2, 4, 1), (2, 3)), ["x"], kernel=b.kernel(3, 3, 4, 6), plan=plan)
    b.add("strided", Conv2D((2, 2), (0, 1, 0, 1)), ["x"], kernel=b.kernel(3, 3, 4, 9), plan=plan)
    b.add("idle", Conv2D((1, 1), SAME), ["strided"], kernel=b.kernel(3, 3, 9, 2), plan=plan)
    b.add("uneven", DepthwiseConv2D((1, 3), SAME), ["strided"], kernel=b.kernel(3, 3, 9), plan=plan)
    b.add("loose", Conv2D((1, 1), (2, 2, 4, 1), (2, 3)), ["x"], kernel=b.kernel(3, 3, 4, 6), plan=plan)
    b.add("left", Conv2D((1, 1), SAME), ["strided"], kernel=b.kernel(3, 3, 9, 2), plan=plan)
    b.add("split", DepthwiseConv2D((2, 1), SAME), ["strided"], kernel=b.kernel(3, 3, 9), plan=plan)
    b.add("shared", DepthwiseConv2D((2, 2), (2, 1, 2, 1), (1, 2)), ["x"], kernel=b.kernel(3, 3, 8), plan=plan)
    b.add("average", AveragePool2D((2, 2), (1, 2)), ["x"], plan=BlockPlan(output=Affine(8, 0.04)))
    b.add("flat", Reshape((60,)), ["average"])
    b.add("fc", Dense(), ["flat"], kernel=b.kernel(60, 5), plan=BlockPlan(weight=plan.weight))
    return quantize_graph(*b.build([name for name in SELECTED if name not in ("average", "strided")]))


@pytest.fixture(scope="module")
def design(graph: QuantizedGraph) -> Design:
    return Design(graph, HardwareOptions(reuse_factor={name: reuse for name, (reuse, *_) in SELECTED.items()}))


def test_the_blocks_select_as_the_table_says(design: Design) -> None:
    found = {name: design.operators[name].tap_select for name in SELECTED}
    kept = {name: design.splits[name].window_words for name in SELECTED}
    assert {name: (select.steps, select.lanes, kept[name]) for name, select in found.items()} == {
        name: (steps, lanes, words) for name, (_, steps, lanes, words) in SELECTED.items()
    }
    assert faults(design) == []


def test_the_memories_of_windows_are_those_that_are_paid_for(design: Design) -> None:
    for hardware in design.functions:
        code, block = code_for(design, hardware), hardware.block
        window = code.window if isinstance(code, Conv2DCode) else None
        made = None if window is None else (window.places, window.words * window.word * code.tap.width)
        assert made == window_memory(design.graph, block, design.splits.get(block.name))


@pytest.mark.slow(2)
@pytest.mark.parametrize("flags", ["", "-DHLSQ_REGISTERS", "-DHLSQ_REGISTERS -DHLSQ_MOST_REGISTERS=5"])
def test_integers(flags: str, design: Design, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HLSQ_CXXFLAGS", f"{os.environ.get('HLSQ_CXXFLAGS', '')} {flags}")
    HardwareModel(design, write_project(design, tmp_path / "net")).verify(random_inputs(design.graph, 3, 1))
