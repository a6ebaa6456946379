"""A network to explore."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from exploring import Case
from small import small_network

from hlsq.emulate.emulator import Emulator
from hlsq.exploration import Exploration
from hlsq.graph.lowering import quantize_graph


@pytest.fixture(scope="session")
def case() -> Case:
    graph, plan = small_network()
    x = np.random.default_rng(0).normal(size=(100, 6, 6, 2)).astype(np.float32)
    # All classes are found: the last layer's biases take away what its sums have in common.
    quantized = quantize_graph(graph, plan)
    sums = quantized.formats["class"].dequantize(Emulator(quantized).run(x).outputs["class"])
    last = replace(graph.by_name["class"], bias=-sums.mean(axis=0))
    graph = replace(graph, blocks=(*graph.blocks[:-1], last))
    found = Emulator(quantize_graph(graph, plan)).run(x).outputs["class"]
    return Case(graph, x, found.argmax(axis=1))


@pytest.fixture(scope="session")
def found(case: Case) -> Exploration:
    return case.explore()
