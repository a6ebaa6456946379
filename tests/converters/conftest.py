"""Both Keras packages in one process, and the comparison of a model with its graph."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from hlsq.converters.keras import from_keras
from hlsq.emulate.host import apply_host
from hlsq.emulate.real import run_float
from hlsq.graph import Graph

SAMPLES = 3


@pytest.fixture(params=["keras", "tf_keras"], scope="session")
def package(request: pytest.FixtureRequest) -> Any:
    """Keras 3, then tf_keras."""
    return importlib.import_module(request.param)


def randomise(model: Any, seed: int = 0) -> None:
    """Random weights, batch norm statistics included."""
    rng = np.random.default_rng(seed)
    for variable in model.weights:
        shape = tuple(variable.shape)
        if "variance" in variable.name:
            values = rng.uniform(0.3, 2, shape)
        elif "gamma" in variable.name:
            values = rng.uniform(0.5, 1.5, shape) * rng.choice([-1, 1], shape)
        else:
            values = rng.normal(0, 0.5, shape)
        variable.assign(values.astype(np.float32))


def inputs_of(graph: Graph, seed: int = 1) -> dict[str, np.ndarray]:
    """Random samples for every input."""
    rng = np.random.default_rng(seed)
    return {i.name: rng.normal(0, 1, (SAMPLES, *i.shape)).astype(np.float32) for i in graph.inputs}


def model_outputs(model: Any, inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
    """What Keras computes."""
    values = list(inputs.values())
    results = model(values[0] if len(values) == 1 else values, training=False)
    return [np.asarray(r) for r in (results if isinstance(results, list | tuple) else [results])]


def graph_outputs(graph: Graph, inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
    """What the graph computes, the host's functions applied."""
    values = run_float(graph, inputs)
    return [apply_host(o, graph.host.get(o), values[o]) for o in graph.outputs]


def differ(model: Any, graph: Graph, tolerance: float = 1e-4, may_be_zero: bool = False) -> bool:
    """Whether any output of ``graph`` is not that of ``model``; ``may_be_zero`` allows outputs that are all zero."""
    inputs = inputs_of(graph)
    for expected, actual in zip(model_outputs(model, inputs), graph_outputs(graph, inputs), strict=True):
        assert actual.shape == expected.shape
        largest = np.abs(expected).max()
        assert largest > 1e-3 or may_be_zero, "the comparison would be empty"
        if np.abs(actual - expected).max() > tolerance * max(largest, 1e-3):
            return True
    return False


@pytest.fixture
def outputs_differ() -> Callable[[Any, Graph], bool]:
    """Whether a graph computes something else than its model."""
    return differ


@pytest.fixture
def converted() -> Callable[..., Graph]:
    """Gives a model random weights, converts it, and compares the two."""

    def convert(model: Any, may_be_zero: bool = False) -> Graph:
        randomise(model)
        graph = from_keras(model)
        assert not differ(model, graph, may_be_zero=may_be_zero)
        for block in graph.blocks:
            assert block.kernel is None or block.kernel.dtype == np.float64
        return graph

    return convert
