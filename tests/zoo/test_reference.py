"""The float reference: what the layers say, not what a compiled model makes of them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hlsq.converters.keras import from_keras
from hlsq.emulate.real import run_float
from hlsq.zoo.backend import keras_library
from hlsq.zoo.reference import keras_outputs

ROOT = Path(__file__).resolve().parents[2]


def model_of(library: Any, slope: float, outputs: int = 1) -> Any:
    keras = keras_library(library)
    layers = keras.layers
    x = inputs = keras.Input((8, 8, 4), name="x")
    summed = layers.Add()([layers.Conv2D(4, 3, padding="same")(x), layers.Conv2D(4, 1)(x)])
    made = [layers.LeakyReLU(slope)(summed), layers.Conv2D(2, 1)(summed)][:outputs]
    model = keras.Model(inputs, made if outputs > 1 else made[0])
    rng = np.random.default_rng(0)
    for variable in model.weights:
        variable.assign(rng.normal(size=tuple(variable.shape)).astype(np.float32))
    return model


@pytest.mark.parametrize("slope", [0.5, 0.25, 0.125])
@pytest.mark.parametrize("library", ["keras", "tf_keras"])
def test_the_slope_of_a_leaky_relu_behind_an_addition(library: Any, slope: float) -> None:
    model = model_of(library, slope)
    x = np.random.default_rng(1).normal(size=(10, 8, 8, 4)).astype(np.float32)
    found = keras_outputs(model, x, batch_size=4)
    graph = from_keras(model)
    ours = run_float(graph, {"x": x})[graph.outputs[0]]
    assert (found < -0.5).mean() > 0.1
    np.testing.assert_allclose(found, ours, rtol=1e-4, atol=1e-4)


def test_several_inputs_and_outputs_and_a_last_batch_that_is_smaller() -> None:
    model = model_of("keras", 0.5, outputs=2)
    x = np.random.default_rng(1).normal(size=(7, 8, 8, 4)).astype(np.float32)
    found = keras_outputs(model, [x], batch_size=3)
    assert [values.shape for values in found] == [(7, 8, 8, 4), (7, 8, 8, 2)]
    for values, expected in zip(found, model(x), strict=True):
        np.testing.assert_allclose(values, expected, rtol=1e-5, atol=1e-5)


def test_nothing_is_compared_with_a_compiled_keras_model() -> None:
    """Only the benchmarks, which measure Keras's own speed, call Keras's ``predict``; nothing lets it evaluate."""
    sources = [p for folder in ("hlsq", "projects", "tests") for p in sorted(ROOT.glob(f"{folder}/**/*.py"))]
    assert len(sources) > 200
    compiled = re.compile(r"\.predict\([^)]*verbose=|\.(evaluate|predict_on_batch|test_on_batch)\(")
    found = [p for p in sources if compiled.search(p.read_text(encoding="utf-8"))]
    assert found == []
