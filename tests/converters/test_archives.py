"""Models that QKeras 0.9 saved on tf_keras: they load without it, compute the same, and convert."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import hlsq
from hlsq.converters.keras import load_model_file, read_model
from hlsq.emulate.emulator import Emulator
from hlsq.errors import ModelFileError, OptionError, UnsupportedLayerError
from hlsq.graph.lowering.lower import quantize_graph
from hlsq.zoo.reference import keras_outputs

ARCHIVES = Path(__file__).parent / "archives"
FILES = [
    ("residual", "residual.h5", None),
    ("residual", "residual.keras", None),
    ("residual", "residual.json", "residual_named.h5"),
    ("residual", "residual.json", "residual.weights.h5"),
    ("nested", "nested.h5", None),
    ("nested", "nested.keras", None),
    ("line", "line.h5", None),
    ("line", "line.keras", None),
]


def computed(name: str) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Samples by input, and what the model computed of them in QKeras 0.9."""
    with np.load(ARCHIVES / f"{name}_computed.npz") as file:
        values = dict(file)
    return values, values.pop("outputs")


@pytest.mark.parametrize(("name", "file", "weights"), FILES)
def test_it_computes_what_it_computed(name: str, file: str, weights: str | None) -> None:
    inputs, expected = computed(name)
    assert expected.std() > 0.1
    model = load_model_file(ARCHIVES / file, None if weights is None else ARCHIVES / weights)
    assert all(type(layer).__module__.partition(".")[0] in ("keras", "qkeras") for layer in model.layers)
    actual = keras_outputs(model, list(inputs.values()))
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-6)
    first = next(layer for layer in model.layers if layer.weights)
    first.set_weights([-w for w in first.get_weights()])
    changed = keras_outputs(model, list(inputs.values()))
    assert np.abs(changed - expected).max() > 1e-2, "the comparison would not notice other weights"


@pytest.mark.parametrize("name", ["residual", "nested", "line"])
def test_it_converts_to_the_same_values(name: str) -> None:
    inputs, expected = computed(name)
    graph, plan = read_model(ARCHIVES / f"{name}.h5")
    assert plan is not None
    quantized = quantize_graph(graph, plan)
    blocks = Emulator(quantized, threads=1).run(inputs, trace=True).blocks
    last = graph.outputs[0]
    values = quantized.formats[last].dequantize(blocks[last])
    if graph.host:
        values = np.exp(values) / np.exp(values).sum(-1, keepdims=True)
    np.testing.assert_allclose(values, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.csim
@pytest.mark.slow(4)
def test_a_structure_and_its_weights_become_hardware(tmp_path: Path) -> None:
    inputs, _ = computed("residual")
    hw = hlsq.convert(ARCHIVES / "residual.json", weights=ARCHIVES / "residual.weights.h5", output_dir=tmp_path / "net")
    hw.compile()
    assert hw.verify(inputs["image"]).mismatches == 0
    from_whole_file = hlsq.convert(ARCHIVES / "residual.keras", output_dir=tmp_path / "same")
    np.testing.assert_array_equal(from_whole_file.emulate(inputs["image"]), hw.emulate(inputs["image"]))


def edited(tmp_path: Path, edit: Callable[[dict[str, Any]], None]) -> Path:
    """A copy of an archive with another configuration."""
    path = tmp_path / "residual.h5"
    shutil.copy(ARCHIVES / "residual.h5", path)
    with h5py.File(path, "r+") as file:
        config = json.loads(file.attrs["model_config"])
        edit(config)
        file.attrs["model_config"] = json.dumps(config)
    return path


def layer(config: dict[str, Any], name: str) -> dict[str, Any]:
    return next(part for part in config["config"]["layers"] if part["name"] == name)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (
            lambda c: layer(c, "logits")["config"].update(spice=3),
            r"layer 'logits' \(QDense\) has the option spice=3, which is not understood",
        ),
        (
            lambda c: layer(c, "logits")["config"].update(kernel_quantizer="os.system('true')"),
            r"layer 'logits' has kernel_quantizer=\"os.system\('true'\)\", which names no quantizer; valid: affine",
        ),
        (
            lambda c: layer(c, "a0")["config"].update(activation="get_quantizer(1)"),
            r"layer 'a0' has activation='get_quantizer\(1\)', which names no quantizer",
        ),
        (
            lambda c: layer(c, "scope/conv")["config"]["kernel_quantizer"]["config"].update(rounds=2),
            r"kernel_quantizer: quantized_bits has the option 'rounds', which is not understood",
        ),
        (
            lambda c: layer(c, "sum").update(inbound_nodes=[[["depthwise", 0, 0, {}], ["nobody", 0, 0, {}]]]),
            r"layer 'sum' reads a tensor that no layer makes",
        ),
        (
            lambda c: layer(c, "norm").update(inbound_nodes=[[["scope/conv", 0, 0, {"training": True}]]]),
            r"layer 'norm' is called with \{'training': True\}",
        ),
        (
            lambda c: layer(c, "logits")["config"].update(units=4),
            r"layer 'logits' \(QDense\) needs kernel of shape \[3, 4\].*values of shape \[3, 3\]",
        ),
    ],
)
def test_what_is_not_understood_is_named(edit: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=message):
        load_model_file(edited(tmp_path, edit))


def test_a_tensorflow_function_is_refused_before_it_runs(tmp_path: Path) -> None:
    victim = tmp_path / "precious"
    victim.mkdir()

    def edit(config: dict[str, Any]) -> None:
        evil = {"name": "tf.io.gfile.rmtree", "function": "io.gfile.rmtree", "trainable": True, "dtype": "float32"}
        node = [[str(victim), -1, -1, {"path": str(victim)}]]
        config["config"]["layers"].append(
            {"class_name": "TFOpLambda", "config": evil, "name": evil["name"], "inbound_nodes": [node]}
        )

    with pytest.raises(UnsupportedLayerError, match=r"TensorFlow function 'io.gfile.rmtree'"):
        load_model_file(edited(tmp_path, edit))
    assert victim.is_dir()


def test_weights_that_are_missing(tmp_path: Path) -> None:
    path = tmp_path / "residual.h5"
    shutil.copy(ARCHIVES / "residual.h5", path)
    with h5py.File(path, "r+") as file:
        del file["model_weights/folded"]
    with pytest.raises(ModelFileError, match=r"layer 'folded' \(QConv2DBatchnorm\) needs kernel.*no values"):
        load_model_file(path)


def test_a_structure_without_its_weights() -> None:
    with pytest.raises(OptionError, match=r"holds a structure alone; name the file of its weights too"):
        load_model_file(ARCHIVES / "residual.json")
    with pytest.raises(OptionError, match=r"holds its own weights; leave"):
        load_model_file(ARCHIVES / "residual.h5", ARCHIVES / "residual.weights.h5")
    with pytest.raises(ModelFileError, match=r"there is no such file"):
        load_model_file(ARCHIVES / "residual.json", ARCHIVES / "nothing.h5")
    with pytest.raises(ModelFileError, match=r"no readable weights"):
        load_model_file(ARCHIVES / "residual.json", ARCHIVES / "residual_computed.npz")
