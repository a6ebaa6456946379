"""More than a thousand damaged plans and graphs: one error that names file and place, or the right integers."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest
from damage import attempt, changed_archive, changed_bytes, changed_json
from fixed_networks import fixed_network
from networks import random_inputs, random_network
from plain import run_plain

from hlsq.emulate.emulator import Emulator
from hlsq.errors import GraphError, PlanError, QuantizationError
from hlsq.graph import Graph, QuantizedGraph
from hlsq.graph.check import check_graph
from hlsq.graph.lowering import quantize_graph
from hlsq.graph.storage import load_graph, save_graph
from hlsq.plan import Plan

NETWORKS = 12
GROUPS = 8
PLANS, GRAPHS = 60, 90
"""In each of the groups."""


def network(seed: int) -> tuple[Graph, Plan]:
    return random_network(seed, 4) if seed % 2 else fixed_network(seed)


@pytest.fixture(scope="module")
def networks() -> list[tuple[Graph, Plan]]:
    return [network(seed) for seed in range(NETWORKS)]


def agrees(graph: QuantizedGraph) -> None:
    """The emulation gives the integers of plain arithmetic, and finite real values."""
    inputs = random_inputs(graph, 1)
    emulator = Emulator(graph, threads=1)
    traced = emulator.run(inputs, trace=True).blocks
    plain = run_plain(graph, {name: x[0] for name, x in emulator.quantize_inputs(inputs).items()})
    for name, values in plain.items():
        assert np.array_equal(traced[name][0], values.astype(np.int64)), name
    for name in graph.outputs:
        real = graph.formats[name].dequantize(traced[name]).astype(np.float32)
        assert np.isfinite(real).all()


@pytest.mark.parametrize("group", range(GROUPS))
@pytest.mark.slow(4)
def test_plans(networks: list[tuple[Graph, Plan]], tmp_path: Path, group: int) -> None:
    path, right = tmp_path / "plan.json", 0
    for number in range(PLANS):
        rng = np.random.default_rng([1, group, number])
        graph, plan = networks[number % NETWORKS]
        text = plan.to_json()
        damaged = changed_json(rng, text).encode() if rng.random() < 0.8 else changed_bytes(rng, text.encode())
        path.write_bytes(damaged)
        where = f"seed [1, {group}, {number}], {path}:\n{damaged[:20000]!r}"
        loaded = attempt(lambda: Plan.load(path), (PlanError,), [path], where)
        if loaded is None:
            continue
        names = [repr(name) for name in graph.shapes]
        quantized = attempt(partial(quantize_graph, graph, loaded), (PlanError, QuantizationError), names, where)
        if quantized is not None:
            attempt(partial(check_graph, quantized), (), (), where)
            attempt(partial(agrees, quantized), (), (), where)
            right += 1
    assert right < PLANS / 2


@pytest.mark.parametrize("group", range(GROUPS))
@pytest.mark.slow(4)
def test_graphs(networks: list[tuple[Graph, Plan]], tmp_path: Path, group: int) -> None:
    structure, integers = tmp_path / "graph.json", tmp_path / "graph.npz"
    right = 0
    for number in range(GRAPHS):
        rng = np.random.default_rng([2, group, number])
        if number % 15 == 0:
            save_graph(quantize_graph(*networks[(number // 15 + group) % NETWORKS]), tmp_path)
            good = structure.read_bytes(), integers.read_bytes()
        structure.write_bytes(good[0])
        integers.write_bytes(good[1])
        choice = rng.random()
        if choice < 0.6:
            structure.write_text(changed_json(rng, good[0].decode()))
        elif choice < 0.7:
            structure.write_bytes(changed_bytes(rng, good[0]))
        else:
            integers.write_bytes(changed_archive(rng, good[1]))
        where = f"seed [2, {group}, {number}], {structure}:\n{structure.read_bytes()[:30000]!r}"
        loaded = attempt(lambda: load_graph(tmp_path), (GraphError,), [structure, integers], where)
        if loaded is not None:
            attempt(partial(agrees, loaded), (), (), where)
            right += 1
    assert right < GRAPHS / 2
