"""C simulation against the emulator: the same random networks, every integer of every block, all build variants.

Every other network is compiled as users do, the rest with the flags of the test session.
"""

from pathlib import Path

import numpy as np
import pytest
from networks import quantized_network, random_inputs

from hlsq.backends.vitis.design import Design
from hlsq.backends.vitis.options import HardwareOptions
from hlsq.backends.vitis.project import write_project
from hlsq.backends.vitis.simulation import Simulation, compile_library
from hlsq.cost import products_of, valid_reuse_factors
from hlsq.emulate.emulator import Emulator

REUSE: list[int | None] = [None, 1, 2, 10**9]
"""The closest to the default, fully parallel where that is possible, nearly so, and one PE."""


def _simulate(folder: Path, design: Design, seed: int, ap_types: bool) -> None:
    write_project(design, folder)
    simulation = Simulation.load(design, compile_library(folder, ap_types=ap_types))
    emulator = Emulator(design.graph)
    inputs = random_inputs(design.graph, 5, seed)
    expected = emulator.run(inputs, trace=True)
    outputs, traced = simulation.run(emulator.quantize_inputs(inputs), trace=True)
    for name, values in expected.blocks.items():
        assert np.array_equal(traced[name], values), name
    for name, values in expected.outputs.items():
        assert np.array_equal(outputs[name], values), name


@pytest.fixture
def flags(request: pytest.FixtureRequest, seed: int) -> None:
    if seed % 2 == 0:
        request.getfixturevalue("shipped_flags")


@pytest.mark.csim
@pytest.mark.slow(4)
@pytest.mark.usefixtures("flags")
@pytest.mark.parametrize("seed", range(16))
def test_streamed(seed: int, tmp_path: Path) -> None:
    graph = quantized_network(seed)
    found = {b.name: products_of(b, graph) for b in graph.blocks}
    fastest = {name: valid_reuse_factors(products)[0] for name, products in found.items() if products is not None}
    reuse = fastest if seed % 4 == 1 else REUSE[seed % 4]
    if seed % 4 == 2:
        reuse = None
    options = HardwareOptions(reuse_factor=reuse, word_bits=(8, 16, 32, 64)[seed % 4])
    _simulate(tmp_path / "net", Design(graph, options), seed, ap_types=seed % 3 == 0)


@pytest.mark.csim
@pytest.mark.usefixtures("flags")
@pytest.mark.parametrize("seed", range(100, 110))
@pytest.mark.slow(3)
def test_parallel(seed: int, tmp_path: Path) -> None:
    graph = quantized_network(seed)
    options = HardwareOptions(io_type="io_parallel", reuse_factor=REUSE[3 * (seed % 2)])
    _simulate(tmp_path / "net", Design(graph, options), seed, ap_types=seed % 3 == 0)
