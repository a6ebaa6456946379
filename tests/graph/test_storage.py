"""Quantised graphs on disk."""

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from networks import quantized_network, random_inputs

from hlsq.emulate.emulator import Emulator
from hlsq.errors import GraphError
from hlsq.graph.storage import load_graph, save_graph


def same(a: Any, b: Any) -> bool:
    """Equality through nested dataclasses and arrays."""
    if hasattr(a, "__dataclass_fields__"):
        return type(a) is type(b) and all(same(getattr(a, f.name), getattr(b, f.name)) for f in fields(a))
    if isinstance(a, np.ndarray):
        return np.array_equal(a, b) and a.dtype == b.dtype
    if isinstance(a, tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return bool(a == b)


@pytest.mark.parametrize("seed", range(20))
def test_a_graph_comes_back_as_it_was(seed: int, tmp_path: Path) -> None:
    graph = quantized_network(seed)
    save_graph(graph, tmp_path)
    loaded = load_graph(tmp_path)
    assert same(graph, loaded)
    inputs = random_inputs(graph, 3)
    for name, values in Emulator(graph).run(inputs).outputs.items():
        assert np.array_equal(Emulator(loaded).run(inputs).outputs[name], values)


def test_damage_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GraphError, match="cannot read a quantised network"):
        load_graph(tmp_path)
    save_graph(quantized_network(0), tmp_path)
    path = tmp_path / "graph.json"
    data = json.loads(path.read_text())
    for change in ({"hlsq_graph": 99}, {"blocks": [{"name": "x"}]}, {"inputs": 3}):
        path.write_text(json.dumps({**data, **change}))
        with pytest.raises(GraphError):
            load_graph(tmp_path)
    path.write_text("{")
    with pytest.raises(GraphError, match="cannot read"):
        load_graph(tmp_path)
