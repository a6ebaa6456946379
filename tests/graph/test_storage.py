"""Quantised graphs on disk."""

import json
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fixed_networks import fixed_quantized
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


Block = dict[str, Any]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d | {"hlsq_graph": 99}, "not a quantised network of hlsq of version 1 (hlsq_graph 99)"),
        (lambda d: d | {"blocks": [{"name": "x"}]}, "blocks[0]: 'op' is missing"),
        (lambda d: d | {"inputs": 3}, "inputs: expected a list, found 3"),
        (lambda d: d | {"extra": 3}, "'extra' is unknown; valid: "),
        (lambda d: d["blocks"][-1].update(shape=[1]), "shape: [1], but inputs and operation give"),
        (lambda d: d["blocks"][0].update(product_shift=100), "blocks[0].product_shift: expected a whole number from 0"),
        (lambda d: d["blocks"][0]["op"].update(strides=[1, True]), "blocks[0].op: strides[1]: expected a whole number"),
        (lambda d: d["blocks"][0]["op"].update(op=[1]), "blocks[0].op.op: expected one of 'add'"),
        (lambda d: d["blocks"][0].update(bias="conv2|bias"), "blocks[0].bias: expected one of '0|bias'"),
        (lambda d: d["blocks"][0].update(interval=[5, 4]), "blocks[0].interval: the lower end 5 lies above"),
        (lambda d: d["blocks"][0].update(weight_format=None), "blocks[0].weight_format: there must be weights"),
        (lambda d: d["blocks"][0].update(weights=None), "blocks[0].weight_format: there must be weights"),
        (
            lambda d: d["blocks"][0]["requant"].update(multiplier=[0]),
            "blocks[0].requant.multiplier[0]: expected a whole",
        ),
        (
            lambda d: d["blocks"][0]["requant"].update(shift=[True]),
            "blocks[0].requant.shift[0]: expected a whole number",
        ),
        (lambda d: d["blocks"][0]["requant"].update(rounding="up"), "requant.rounding: expected one of 'half_even'"),
        (lambda d: d["blocks"][0]["requant"].update(more=1), "blocks[0].requant: 'more' is unknown"),
        (lambda d: d["host"].update(fc="tanh"), "host.fc: the function 'tanh' left to the host is unknown"),
    ],
)
def test_damage_names_file_and_place(tmp_path: Path, change: Callable[[Block], Block | None], message: str) -> None:
    save_graph(fixed_quantized(0), tmp_path)
    path = tmp_path / "graph.json"
    data = json.loads(path.read_text())
    path.write_text(json.dumps(change(data) or data))
    with pytest.raises(GraphError) as caught:
        load_graph(tmp_path)
    assert str(caught.value).startswith(f"{path}: ")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a: a.pop("0|weights"), "the array '0|weights' is missing"),
        (lambda a: a.update(more=np.zeros(3)), "no block has the array 'more'"),
        (lambda a: a.update({"0|weights": a["0|weights"] + 0j}), "0|weights: expected 64-bit integers"),
        (lambda a: a.update({"0|weights": a["0|weights"] > 0}), "expected 64-bit integers, found bool"),
        (lambda a: a.update({"0|weights": a["0|weights"] / 2}), "expected 64-bit integers, found float64"),
        (
            lambda a: a.update({"0|weights": a["0|weights"].astype(">i8")}),
            "expected 64-bit integers, found >i8",
        ),
    ],
)
def test_damaged_integers(tmp_path: Path, change: Callable[[dict[str, Any]], object], message: str) -> None:
    save_graph(fixed_quantized(0), tmp_path)
    path = tmp_path / "graph.npz"
    with np.load(path) as found:
        arrays = dict(found)
    change(arrays)
    np.savez(path, **arrays)
    with pytest.raises(GraphError) as caught:
        load_graph(tmp_path)
    assert str(caught.value).startswith(f"{path}: ")
    assert message in str(caught.value)


def test_missing_files(tmp_path: Path) -> None:
    with pytest.raises(GraphError, match=r"cannot read a quantised network from .*graph\.json: No such file"):
        load_graph(tmp_path)
    save_graph(fixed_quantized(0), tmp_path)
    (tmp_path / "graph.npz").unlink()
    with pytest.raises(GraphError, match=r"graph\.npz cannot be read: No such file"):
        load_graph(tmp_path)
