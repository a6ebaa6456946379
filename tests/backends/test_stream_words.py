"""Packets wider than a stream go in several words: exact, as fast as promised, and nowhere wider than the limit."""

import os
import re
import subprocess
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from networks import NetworkBuilder, quantized_network, random_inputs
from random_designs import faults

from hlsq.backends.vitis.design import Design
from hlsq.backends.vitis.facts import design_facts
from hlsq.backends.vitis.limits import TOOL_LIMITS, Limit, ToolLimits
from hlsq.backends.vitis.options import HardwareOptions, IOType
from hlsq.backends.vitis.project import write_project
from hlsq.formats import Affine, FixedPoint
from hlsq.graph import QuantizedGraph
from hlsq.graph.lowering import quantize_graph
from hlsq.graph.ops import Dense
from hlsq.hardware import HardwareModel
from hlsq.plan import BlockPlan

pytestmark = pytest.mark.csim


def with_words_of(bits: int) -> ToolLimits:
    return ToolLimits(word_bits=Limit(bits, "bits", "this test"))


def check(hw: HardwareModel, seed: int) -> None:
    """Every integer, every count of iterations, and what a synthesis tool would see."""
    assert faults(hw.design) == []
    inputs = random_inputs(hw.graph, 3, seed)
    hw.verify(inputs)
    assert hw.count_iterations(inputs) == {b.block.name: 3 * b.iterations for b in hw.design.blocks}


@pytest.mark.parametrize("io_type", ["io_stream", "io_parallel"])
@pytest.mark.parametrize(
    ("seed", "bits"),
    [(6, 16), *(pytest.param(*case, marks=pytest.mark.slow(4)) for case in [(1, 24), (2, 8), (9, 24), (13, 8)])],
)
def test_random_networks_of_narrow_words(
    seed: int, bits: int, io_type: IOType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(
        "HLSQ_CXXFLAGS", f"{os.environ.get('HLSQ_CXXFLAGS', '')} -DHLSQ_REGISTERS -DHLSQ_MOST_REGISTERS=5"
    )
    design = Design(quantized_network(seed), HardwareOptions(io_type=io_type), with_words_of(bits))
    assert any(t.words > 1 for t in design.tensors.values())
    check(HardwareModel(design, write_project(design, tmp_path / "net")), seed)


def perceptron(*sizes: int) -> QuantizedGraph:
    """Dense layers, the first with weights of one bit, whose idle PEs have no weight of zero."""
    b = NetworkBuilder(np.random.default_rng(3))
    last = b.input("x", sizes[:1], Affine(8, 1 / 64, 3, signed=False))
    for n, (taps, outputs) in enumerate(pairwise(sizes)):
        weight = FixedPoint(1, 3) if n == 0 else Affine(8, 0.02, symmetric=True)
        output = None if n == len(sizes) - 2 else Affine(8, 1.5, 7)  # of the last, every unit of its sums shows
        plan = BlockPlan(weight=weight, output=output)
        last = b.add(f"fc{n}", Dense(), [last], kernel=b.rng.normal(size=(taps, outputs)), plan=plan)
    return quantize_graph(*b.build([last]))


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> HardwareModel:
    """784 inputs, 601 outputs (a prime, so that no words of one size hold them), 10 outputs."""
    graph = perceptron(784, 601, 10)
    design = Design(graph, HardwareOptions())
    vectors = random_inputs(graph, 2, 0)
    hw = HardwareModel(design, write_project(design, tmp_path_factory.mktemp("words") / "net"))
    hw.write_vectors(vectors)
    return hw


@pytest.mark.slow(3)
def test_a_perceptron_of_hundreds_of_units(wide: HardwareModel) -> None:
    words = {name: (t.words, t.word) for name, t in wide.design.tensors.items()}
    assert words == {"x": (2, 392), "fc0": (2, 301), "fc1": (1, 10)}
    check(wide, 1)


def test_no_stream_is_wider_than_the_limit(wide: HardwareModel) -> None:
    most = TOOL_LIMITS.word_bits.most
    text = (wide.output_dir / "firmware/defines.h").read_text()
    types = {n: (int(w), int(s)) for w, s, n in re.findall(r"packet<hlsq::.int<(\d+)>, (\d+)> (\w+);", text)}
    assert all(width * size <= most for width, size in types.values())
    sources = "".join(p.read_text() for p in (wide.output_dir / "firmware").glob("**/*_*.[hc]*"))
    assert set(re.findall(r"hls::stream<(\w+_q_t)>", sources)) == set(types)
    assert max(s.packet_bits for s in design_facts(wide.design).streams) <= most


def test_depths_are_in_words(wide: HardwareModel) -> None:
    assert [s.depth for s in wide.design.streams] == [4, 4, 2]


@pytest.mark.slow(2)
def test_the_test_bench_sends_and_takes_words(
    wide: HardwareModel, run_test_bench: Callable[..., tuple[int, str]]
) -> None:
    assert run_test_bench(wide.output_dir, "-O1") == (0, "2 samples, 0 differences\n")
    expected = next(wide.output_dir.glob("tb_data/fc1*.dat"))
    values = expected.read_text().split()
    values[13] = str(int(values[13]) - 1)
    expected.write_text(f"{' '.join(values[:10])}\n{' '.join(values[10:])}\n")
    done = subprocess.run(["./tb"], cwd=wide.output_dir, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "sample 1, fc1_q_out[3]" in done.stderr


@pytest.mark.parametrize("io_type", ["io_stream", "io_parallel"])
def test_ports_of_several_words(
    io_type: IOType, tmp_path: Path, run_test_bench: Callable[..., tuple[int, str]]
) -> None:
    graph = perceptron(7, 5)
    design = Design(graph, HardwareOptions(io_type=io_type), with_words_of(24))
    hw = HardwareModel(design, write_project(design, tmp_path / "net"))
    hw.write_vectors(random_inputs(graph, 3, 0))
    assert {name: t.words for name, t in design.tensors.items()} == {"x": 3, "fc0": 5}
    assert run_test_bench(hw.output_dir, "-O1") == (0, "3 samples, 0 differences\n")
    check(hw, 0)


def test_the_limit_is_that_of_the_tool() -> None:
    assert Design(perceptron(512, 4), HardwareOptions()).tensors["x"].words == 1
    assert Design(perceptron(513, 4), HardwareOptions()).tensors["x"].words == 2
