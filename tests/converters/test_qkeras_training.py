"""A QKeras model is trained, saved, loaded, converted, and still computes the same."""

import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import qkeras
from keras import layers
from sklearn.datasets import load_digits

import hlsq.quantizers as hq
from hlsq.converters.keras import load_model_file
from hlsq.converters.keras.qkeras import from_qkeras
from hlsq.emulate.emulator import Emulator
from hlsq.formats import FixedPoint, PowerOfTwo
from hlsq.graph.lowering.lower import quantize_graph
from hlsq.zoo.reference import keras_outputs

Digits = tuple[np.ndarray, np.ndarray]


@pytest.fixture(scope="module")
def digits() -> Digits:
    data = load_digits()
    return (data.images[..., None] / 16).astype(np.float32), data.target


@pytest.fixture(scope="module")
def trained(digits: Digits) -> keras.Model:
    """A residual network of power-of-two weights after four epochs on the first 1,437 digits."""
    keras.utils.set_random_seed(0)
    weights = {"kernel_quantizer": hq.power_of_two(5, 7, scale=2**-7), "bias_quantizer": "fixed_point(8,6)"}
    x = inputs = keras.Input((8, 8, 1), name="digit")
    x = qkeras.QActivation("fixed_point(5,4,signed=False)", name="a0")(x)
    x = qkeras.QConv2D(8, 3, padding="same", name="c1", **weights)(x)
    x = short = qkeras.QActivation(hq.fixed_point(6, 4, signed=False), name="a1")(x)
    x = qkeras.QConv2D(8, 3, padding="same", name="c2", **weights)(x)
    x = qkeras.QActivation(hq.fixed_point(8, 5), name="a2")(x)
    x = layers.Add(name="sum")([x, short])
    x = qkeras.QActivation("fixed_point(6,4,signed=False)", name="a3")(x)
    x = layers.MaxPooling2D(2)(x)
    x = layers.Flatten()(x)
    x = qkeras.QDense(10, name="logits", **weights)(x)
    model = keras.Model(inputs, x)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.01), loss, metrics=["accuracy"])
    history = model.fit(digits[0][:1437], digits[1][:1437], epochs=4, batch_size=64, verbose=0).history
    assert history["accuracy"][-1] > 0.9
    return model


@pytest.mark.slow(7)
def test_every_integer_is_the_models_own(trained: keras.Model, digits: Digits) -> None:
    x = digits[0][1437:]
    graph, plan = from_qkeras(trained)
    assert plan.inputs == {"digit": FixedPoint(5, 4, signed=False)}
    assert {plan.blocks[name].weight for name in ("c1", "c2", "logits")} == {PowerOfTwo(5, 7, scale=2**-7)}
    assert {plan.blocks[name].bias for name in ("c1", "c2", "logits")} == {FixedPoint(8, 6)}
    quantized = quantize_graph(graph, plan)
    blocks = Emulator(quantized).run(x, trace=True).blocks
    inner = keras.Model(trained.input, [trained.get_layer(f"a{i}").output for i in range(4)])
    own = keras_outputs(inner, x)
    for name, values in zip(("digit", "c1", "c2", "sum"), own, strict=True):
        np.testing.assert_array_equal(quantized.formats[name].dequantize(blocks[name]), values, err_msg=name)
    logits = quantized.formats["logits"].dequantize(blocks["logits"])
    expected = keras_outputs(trained, x)
    np.testing.assert_allclose(logits, expected, rtol=1e-5, atol=1e-5)
    assert (logits.argmax(1) == expected.argmax(1)).all()
    assert np.mean(logits.argmax(1) == digits[1][1437:]) > 0.85


@pytest.mark.parametrize("file", ["net.h5", "net.keras"])
def test_saved_and_loaded_it_converts_to_the_same(trained: keras.Model, file: str, tmp_path: Path) -> None:
    trained.save(tmp_path / file)
    graph, plan = from_qkeras(trained)
    for again, formats in (
        from_qkeras(tmp_path / file),
        from_qkeras(load_model_file(tmp_path / file)),
    ):
        assert formats == plan
        for a, b in zip(again.blocks, graph.blocks, strict=True):
            assert (a.name, a.op, a.inputs, a.activation) == (b.name, b.op, b.inputs, b.activation)
            np.testing.assert_array_equal(a.kernel, b.kernel)
            np.testing.assert_array_equal(a.bias, b.bias)


@pytest.mark.parametrize("file", ["net.h5", "net.keras"])
def test_a_function_as_activation_comes_back(file: str, tmp_path: Path) -> None:
    stack = [keras.Input((4,)), qkeras.QActivation("fixed_point(8,4)", name="in")]
    stack += [qkeras.QDense(3, kernel_quantizer="ternary()", name="d"), qkeras.QActivation("softmax", name="s")]
    keras.Sequential(stack).save(tmp_path / file)
    graph, _ = from_qkeras(tmp_path / file)
    assert graph.host == {"d": "softmax"}


@pytest.mark.slow(6)
def test_keras_3_models_convert_without_qkeras() -> None:
    code = (
        "import sys, keras\n"
        "from hlsq.converters.keras import from_keras\n"
        "from hlsq.converters.keras.qkeras import is_qkeras\n"
        "model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(2, 3), keras.layers.ReLU()])\n"
        "assert not is_qkeras(model)\n"
        "graph = from_keras(model)\n"
        "print(len(graph.blocks), sorted({'qkeras', 'tf_keras', 'hlsq.quantizers'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.strip().endswith("1 []"), done.stdout + done.stderr
