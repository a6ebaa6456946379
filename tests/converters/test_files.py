"""Saved models of both packages, and files that must not be loaded."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from model_files import change_config

from hlsq.converters.keras import from_file, from_keras, load_model_file
from hlsq.errors import ModelFileError, UnsupportedLayerError
from hlsq.graph import Graph

pytestmark = [
    pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file:UserWarning"),
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]


def every_layer(package: Any) -> Any:
    """A model with a layer of every family, nested models, and what training leaves in a file."""
    layers, k = package.layers, package
    image = k.Input((10, 10, 3), name="image")
    x = layers.ZeroPadding2D(1)(image)
    x = layers.Conv2D(4, 3, kernel_regularizer="l2", kernel_constraint=k.constraints.MaxNorm(2.0), use_bias=False)(x)
    x = layers.Activation("relu6")(layers.BatchNormalization(name="norm")(x))
    x = layers.DepthwiseConv2D(3, padding="same", bias_initializer=k.initializers.RandomNormal(0, 0.1))(x)
    y = layers.SeparableConv2D(4, 3, padding="same", activation="relu")(layers.SpatialDropout2D(0.1)(x))
    x = layers.LeakyReLU(0.25)(layers.Add()([x, y]))
    x = layers.Concatenate()([layers.MaxPooling2D()(x), layers.AveragePooling2D(2)(x)])
    inner = k.Sequential([k.Input(x.shape[1:]), layers.Conv2D(3, 1), layers.GlobalAveragePooling2D()], name="inner")
    inner.compile(k.optimizers.SGD(0.1), k.losses.MeanSquaredError())
    lines = layers.Reshape((10, 30))(image)
    lines = layers.GlobalMaxPooling1D()(layers.Conv1D(4, 3, padding="causal", activation=layers.ReLU(6.0))(lines))
    x = layers.Concatenate()([inner(x), lines, layers.Flatten()(layers.GaussianNoise(0.1)(image))])
    x = layers.Dense(4, activation="relu", activity_regularizer=k.regularizers.L1(0.01))(x)
    outputs = [layers.Dense(3, activation="softmax", name="a")(x), layers.Dense(1, activation="sigmoid", name="b")(x)]
    model = k.Model(image, outputs, name="every_layer")
    model.compile("adam", [lambda true, guess: guess, "mse"], metrics=[["mae"], [k.metrics.MeanSquaredError()]])
    return model


def same(a: Graph, b: Graph) -> bool:
    """Whether two graphs have the same blocks and weights."""
    described = [[(x.name, x.op, x.inputs, x.activation, x.layers) for x in g.blocks] for g in (a, b)]
    if described[0] != described[1] or (a.outputs, dict(a.host)) != (b.outputs, dict(b.host)):
        return False
    kernels = [[x.kernel for x in g.blocks if x.kernel is not None] for g in (a, b)]
    return all(np.array_equal(x, y) for x, y in zip(*kernels, strict=True))


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_round_trip(suffix: str, package: Any, converted: Any, tmp_path: Path) -> None:
    model = every_layer(package)
    graph = converted(model)
    path = tmp_path / f"model{suffix}"
    model.save(path)
    assert type(load_model_file(path)).__module__.startswith(f"{package.__name__}.")
    for loaded in (from_file(path), from_keras(path), from_keras(str(path))):
        assert same(loaded, graph)
    assert from_file(path, name="other").name == "other"
    other = from_keras(every_layer(package))
    assert not same(loaded, other), "the comparison notices other weights"


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_sequential_round_trip(suffix: str, package: Any, converted: Any, tmp_path: Path) -> None:
    layers = package.layers
    model = package.Sequential(
        [package.Input((8, 3)), layers.Conv1D(4, 3), layers.BatchNormalization(), layers.ReLU(), layers.Flatten()]
    )
    graph = converted(model)
    model.save(tmp_path / f"model{suffix}")
    assert same(from_file(tmp_path / f"model{suffix}"), graph)


def test_plus_operator_in_a_file(package: Any, tmp_path: Path) -> None:
    a, b = package.Input((4,)), package.Input((4,))
    package.Model([a, b], a + b).save(tmp_path / "model.keras")
    assert [x.op.kind for x in from_file(tmp_path / "model.keras").blocks] == ["add"]


@pytest.fixture
def saved(package: Any, tmp_path: Path) -> Callable[..., Path]:
    """Saves a model of the given layers; ``edit`` changes its configuration in the file."""

    def save(suffix: str, *layers: Any, edit: Callable[[dict[str, Any]], None] | None = None) -> Path:
        path = tmp_path / f"model{suffix}"
        package.Sequential([package.Input((4,)), *(layers or [package.layers.Dense(2, name="d")])]).save(path)
        if edit is not None:
            change_config(path, edit)
        return path

    return save


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_lambda_layers_never_run(suffix: str, package: Any, saved: Any, tmp_path: Path) -> None:
    witness = str(tmp_path / "ran")
    layer = package.layers.Lambda(lambda x: (os.mkdir(witness), x)[1], name="evil")
    nested = package.Sequential([package.Input((4,)), package.layers.Dense(4)], name="nested")
    nested_path = saved(suffix, nested, layer)
    os.rmdir(witness)  # it ran while the model was built here
    with pytest.raises(ModelFileError, match=r"'evil'.*Lambda.*run code"):
        load_model_file(nested_path)
    assert not os.path.exists(witness)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize("where", ["layer", "activation", "initializer"])
def test_hidden_objects_never_run(suffix: str, where: str, saved: Any, tmp_path: Path, monkeypatch: Any) -> None:
    (tmp_path / "intruder.py").write_text("import os\nos.mkdir(os.environ['WITNESS'])\n")
    monkeypatch.setenv("WITNESS", str(tmp_path / "ran"))
    monkeypatch.syspath_prepend(str(tmp_path))
    intruder = {"module": "intruder", "class_name": "Dense", "config": {"name": "evil"}, "registered_name": "Dense"}

    def edit(config: dict[str, Any]) -> None:
        layer = config["config"]["layers"][-1]
        if where == "layer":
            layer |= {"module": "intruder", "registered_name": "Dense"}
        else:
            layer["config"]["activation" if where == "activation" else "bias_initializer"] = intruder

    with pytest.raises(ModelFileError, match="custom object 'Dense' from 'intruder'"):
        load_model_file(saved(suffix, edit=edit))
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "thing",
    [
        {"class_name": "__lambda__", "config": {"value": "x"}},
        {"class_name": "function", "config": "get_file", "module": "keras.utils", "registered_name": "get_file"},
        {"class_name": "function", "config": "system", "module": "builtins", "registered_name": "function"},
        {"class_name": "Mine", "config": {}, "module": None, "registered_name": "package>Mine"},
        {"class_name": "package>Mine", "config": {}},
        {"class_name": "TFSMLayer", "config": {"filepath": "x"}, "module": "keras.layers"},
        {"class_name": "get_file", "config": {}, "module": "keras.utils"},
    ],
    ids=str,
)
@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_objects_that_are_not_keras_s_own(suffix: str, thing: dict[str, Any], saved: Any) -> None:
    def edit(config: dict[str, Any]) -> None:
        config["config"]["layers"][-1]["config"]["activation"] = thing

    with pytest.raises(ModelFileError, match=r"run code|custom object"):
        load_model_file(saved(suffix, edit=edit))


def test_custom_layer_is_refused(package: Any, tmp_path: Path) -> None:
    class Mine(package.layers.Layer):
        def call(self, inputs: Any) -> Any:
            return inputs

    path = tmp_path / "model.keras"
    package.Sequential([package.Input((4,)), Mine(name="m")]).save(path)
    with pytest.raises(ModelFileError, match=r"layer 'm'.*custom.*'Mine'.*custom_objects"):
        load_model_file(path)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_layer_that_is_not_converted_is_named_before_loading(suffix: str, package: Any, saved: Any) -> None:
    path = saved(suffix, package.layers.Reshape((2, 2)), package.layers.LSTM(3, name="memory"))
    with pytest.raises(UnsupportedLayerError, match=r"layer 'memory' \(LSTM\).*supported: .*Dense"):
        load_model_file(path)


def test_tensorflow_function_is_refused(tmp_path: Path) -> None:
    import tensorflow as tf
    import tf_keras

    x = tf_keras.Input((4,))
    for suffix in (".keras", ".h5"):
        path = tmp_path / f"model{suffix}"
        tf_keras.Model(x, tf.nn.tanh(x)).save(path)
        with pytest.raises(UnsupportedLayerError, match=r"TensorFlow function 'math.tanh'"):
            load_model_file(path)


def test_file_of_an_older_keras(tmp_path: Path) -> None:
    import tf_keras

    path = tmp_path / "model.keras"
    model = tf_keras.Sequential([tf_keras.Input((4,)), tf_keras.layers.Dense(2, name="d")])
    model = tf_keras.Model(model.input, model.output)
    model.save(path)

    def edit(config: dict[str, Any]) -> None:
        config["module"] = "keras.src.engine.functional"  # as TensorFlow 2.13 to 2.15 wrote it

    change_config(path, edit)
    assert [b.name for b in from_file(path).blocks] == ["d"]


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_damaged_file(suffix: str, saved: Any) -> None:
    path = saved(suffix)
    data = path.read_bytes()
    for damaged in (b"", b"not a model", data[: len(data) // 2], data[:100] + bytes(200) + data[300:]):
        path.write_bytes(damaged)
        with pytest.raises(ModelFileError, match=str(path)):
            load_model_file(path)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_configuration_that_makes_no_sense(suffix: str, saved: Any) -> None:
    def drop_units(config: dict[str, Any]) -> None:
        del config["config"]["layers"][-1]["config"]["units"]

    def empty(config: dict[str, Any]) -> None:
        config.clear()

    for edit in (drop_units, empty):
        with pytest.raises(ModelFileError, match=r"cannot load it|no model"):
            load_model_file(saved(suffix, edit=edit))


def test_weights_alone(package: Any, tmp_path: Path) -> None:
    model = package.Sequential([package.Input((4,)), package.layers.Dense(2)])
    path = tmp_path / "model.weights.h5"
    model.save_weights(path)
    with pytest.raises(ModelFileError, match="weights alone"):
        load_model_file(path)


def test_wrong_paths(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="no such file"):
        from_keras(tmp_path / "missing.keras")
    with pytest.raises(ModelFileError, match="is a folder"):
        load_model_file(tmp_path)
    (tmp_path / "model.onnx").write_bytes(b"x")
    with pytest.raises(ModelFileError, match=r"suffix '.onnx'.*valid: .keras, .h5"):
        load_model_file(tmp_path / "model.onnx")
