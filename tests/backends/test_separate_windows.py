"""Convolutions whose windows a process of its own makes: the same integers, and PEs that do not wait for strides."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from networks import quantized_network, random_inputs
from random_designs import delays, faults

import hlsq
from hlsq.backends.vitis.design import Design
from hlsq.backends.vitis.options import HardwareOptions
from hlsq.backends.vitis.project import write_project
from hlsq.cost.separation import separable
from hlsq.emulate.emulator import Emulator
from hlsq.errors import OptionError
from hlsq.formats import Affine, FixedPoint, PowerOfTwo
from hlsq.graph import Block, Graph, GraphInput, QuantizedGraph
from hlsq.graph.lowering import quantize_graph
from hlsq.graph.ops import Conv2D, Windows
from hlsq.graph.ops.base import Op
from hlsq.hardware import HardwareModel
from hlsq.plan import BlockPlan, Plan

MOST_BITS = 4096


def strided(op: Op, shape: tuple[int, ...] = (17, 16, 3), kernel: tuple[int, int] = (3, 3)) -> QuantizedGraph:
    """A strided convolution whose input has a zero point, and one of single positions."""
    rng = np.random.default_rng(5)
    first = rng.integers(-3, 4, (*kernel, shape[-1], 8)).astype(float)
    second = rng.integers(-3, 4, (1, 1, 8, 16)).astype(float)
    form, code = Affine(8, 0.5, 13, signed=False), FixedPoint(4, 0)
    blocks = (
        Block("conv1", op, ("x",), kernel=first),
        Block("conv2", Conv2D(), ("conv1",), kernel=second),
    )
    graph = Graph("strided", (GraphInput("x", shape),), blocks, ("conv2",))
    plans = {"conv1": BlockPlan(weight=code, output=FixedPoint(8, -2)), "conv2": BlockPlan(weight=PowerOfTwo(5))}
    return quantize_graph(graph, Plan("strided", "fold", {"x": form}, plans))


STRIDED = strided(Conv2D((2, 2), (0, 1, 0, 1)))
PACE = 17 * 17 + 20
"""Cycles in which the map passes."""


def apart(graph: QuantizedGraph, **options: Any) -> Design:
    names = separable(graph, MOST_BITS)
    assert names
    return Design(graph, HardwareOptions(separate_windows=names, **options))


@pytest.mark.csim
@pytest.mark.parametrize("flags", ["-O1", "-O1 -DHLSQ_REGISTERS"])
@pytest.mark.parametrize(
    "graph",
    [
        STRIDED,
        strided(Conv2D((1, 2), (2, 3, 1, 2), (2, 3)), kernel=(2, 3)),
        strided(Conv2D((1, 3), (0, 0, 2, 2), (1, 2)), (23, 2), (1, 3)),
        *(pytest.param(quantized_network(seed), marks=pytest.mark.slow(4)) for seed in (4, 11, 16, 36)),
    ],
)
def test_integers_and_iterations_are_those_that_were_promised(
    graph: QuantizedGraph, flags: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HLSQ_CXXFLAGS", flags)
    design = apart(graph, reuse_factor={})
    assert len(design.blocks) == len(graph.blocks) + len(design.separated)
    hw = HardwareModel(design, write_project(design, tmp_path / "net"))
    inputs = random_inputs(graph, 3)
    hw.verify(inputs)
    assert hw.count_iterations(inputs) == {b.block.name: 3 * b.iterations for b in design.blocks}
    assert set(hw.predict(inputs, trace=True)) == set(hw.emulate(inputs, trace=True)) == set(graph.shapes)


@pytest.mark.parametrize("seed", [0, 6, 9, 11, 25, 39])
def test_the_network_with_separate_windows_gives_the_same_integers(seed: int) -> None:
    graph = quantized_network(seed)
    inputs = random_inputs(graph, 3)
    before, after = (Emulator(g).run(inputs, trace=True).blocks for g in (graph, apart(graph, reuse_factor={}).graph))
    assert set(before) < set(after)
    for name, values in before.items():
        assert np.array_equal(values, after[name]), name


@pytest.mark.parametrize("graph", [STRIDED, quantized_network(11)])
def test_the_estimate_counts_what_the_cpp_has(graph: QuantizedGraph) -> None:
    assert faults(apart(graph, reuse_factor={})) == []


def test_strides_no_longer_need_more_pes() -> None:
    """While windows come, 64 of them in 289 cycles, each may take four steps."""
    together, chosen = (
        Design(STRIDED, HardwareOptions(target_interval=PACE, separate_windows=said)) for said in ([], "auto")
    )
    assert chosen.separated == ("conv1",)
    steps = (chosen.splits["conv1"].reuse_factor, together.splits["conv1"].reuse_factor)
    assert steps == (4, 1)
    assert chosen.splits["conv1"].pes * 4 == together.splits["conv1"].pes == 27 * 8
    assert chosen.estimate.useful > 1.5 * together.estimate.useful
    assert chosen.pace is not None
    assert chosen.pace.interval == chosen.estimate.interval <= PACE
    windows = chosen.by_name["conv1_windows"]
    assert isinstance(windows.block.op, Windows)
    assert windows.iterations > 3 * chosen.by_name["conv1"].iterations / 4
    (stream,) = (s for s in chosen.streams if s.tensor == "conv1_windows")
    assert stream.depth > 4, "half of a row of windows comes while the PEs are at the first ones"
    (memory,) = (m for m in chosen.estimate.blocks["conv1"].memories if m.component == "streams")
    assert (memory.depth, memory.width) == (stream.depth, 27 * 8)


@pytest.mark.parametrize("seed", range(8))
def test_samples_follow_each_other_as_fast_as_the_slowest_process(seed: int) -> None:
    design = Design(STRIDED, HardwareOptions(target_interval=PACE + 16 * seed, separate_windows=["conv1"]))
    assert list(delays(design, seed)) == []


@pytest.mark.parametrize(
    "options",
    [
        {"target_interval": PACE, "io_type": "io_parallel"},
        {"reuse_factor": {}},
        {"reuse_factor": {"conv1": 1}, "target_interval": PACE},
        {"target_interval": 100 * PACE},
        {"part": "unknown", "part_check": False},
    ],
)
def test_windows_stay_where_there_is_nothing_to_gain_or_to_choose(options: dict[str, Any]) -> None:
    assert Design(STRIDED, HardwareOptions(**options)).separated == ()


def test_only_windows_that_a_stream_can_carry_and_padding_that_it_has_are_separate() -> None:
    assert separable(STRIDED, 27 * 8) == ("conv1",)
    assert separable(STRIDED, 27 * 8 - 1) == ()
    assert separable(strided(Conv2D()), MOST_BITS) == ("conv1",)
    assert separable(strided(Conv2D((2, 2)), kernel=(1, 1)), MOST_BITS) == ()


def test_a_project_keeps_the_choice(tmp_path: Path) -> None:
    design = Design(STRIDED, HardwareOptions(target_interval=PACE))
    hw = HardwareModel(design, write_project(design, tmp_path / "net"))
    loaded = hlsq.load_project(tmp_path / "net")
    assert loaded.dataflow.separated == ("conv1",)
    assert loaded.dataflow.settled == design.settled
    assert loaded.estimate() == hw.estimate()
    assert loaded.graph.by_name.keys() == STRIDED.by_name.keys()
    assert "conv1_windows" in str(loaded.report())


def test_a_project_of_before_has_none(tmp_path: Path) -> None:
    """What it was made with did not know of separate windows, so its marker says nothing."""
    design = Design(STRIDED, HardwareOptions(target_interval=PACE, separate_windows=[]))
    made = HardwareOptions(**{**vars(design.settled), "separate_windows": "auto"})
    assert Design(STRIDED, made, made=True).separated == ()


@pytest.mark.parametrize("said", ["none", ["conv1", 3], 5, {"conv1": True}])
def test_names_are_a_list(said: Any) -> None:
    with pytest.raises(OptionError, match=r"separate_windows .* must be 'auto' or a list of names"):
        HardwareOptions(separate_windows=said)


@pytest.mark.parametrize("name", ["conv2", "conv3"])
def test_names_are_those_of_convolutions_that_can(name: str) -> None:
    with pytest.raises(OptionError, match=f"separate_windows: '{name}' is unknown; valid: conv1"):
        Design(STRIDED, HardwareOptions(separate_windows=[name]))


def test_blocks_have_names_of_their_own() -> None:
    graph = strided(Conv2D((2, 2)))
    second = graph.blocks[1]
    renamed = QuantizedGraph(
        graph.name, graph.inputs, (graph.blocks[0], second.__class__(**{**vars(second), "name": "conv1_windows"})),
        ("conv1_windows",),
    )  # fmt: skip
    assert [block.block.name for block in apart(renamed, reuse_factor={}).blocks] == [
        "conv1_windows_", "conv1", "conv1_windows",
    ]  # fmt: skip
