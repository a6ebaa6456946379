"""QKeras's own quantizers of weights, biases and activations: values and formats are theirs."""

from dataclasses import replace

import keras
import numpy as np
import pytest
import qkeras
from qkeras_compared import Q8, Compared, act, conv, samples

import hlsq.quantizers as hq
from hlsq.emulate.real import run_block
from hlsq.formats import Affine, FixedPoint, Format, PowerOfTwo
from hlsq.graph import Activation


@pytest.fixture(autouse=True)
def seed() -> None:
    keras.utils.set_random_seed(3)


WEIGHTS: list[tuple[str, type[Format]]] = [
    ("quantized_bits(4,0,1,alpha=1)", FixedPoint),
    ("quantized_bits(4,0,1)", FixedPoint),  # QKeras makes alpha="auto_po2" of it in a kernel
    ("quantized_bits(6,1,0,alpha=1)", FixedPoint),
    ("quantized_bits(6,1,0,alpha=0.25)", FixedPoint),
    ("quantized_bits(5,0,1,alpha='auto')", Affine),
    ("quantized_bits(1,0,1,alpha=1)", FixedPoint),
    ("quantized_bits(4,0,0,keep_negative=False,alpha=1)", FixedPoint),
    ("quantized_po2(4)", PowerOfTwo),
    ("quantized_po2(3,1)", PowerOfTwo),
    ("quantized_po2(8)", PowerOfTwo),
    ("quantized_relu_po2(4,1)", PowerOfTwo),
    ("binary(alpha=1)", FixedPoint),
    ("binary()", FixedPoint),
    ("binary(alpha='auto')", PowerOfTwo),
    ("ternary()", PowerOfTwo),
    ("ternary(alpha='auto')", PowerOfTwo),
    ("ternary(alpha=0.5,threshold=0.1)", PowerOfTwo),
]


@pytest.mark.slow(1)
@pytest.mark.parametrize("layer", ["conv", "dense", "depthwise"])
@pytest.mark.parametrize(("quantizer", "kind"), WEIGHTS)
def test_weight_quantizers_of_qkeras(quantizer: str, kind: type[Format], layer: str) -> None:
    shape = (5,) if layer == "dense" else (6, 6, 3)
    x = inputs = keras.Input(shape)
    x = act(Q8, "a0")(x)
    bias = {"bias_quantizer": "quantized_bits(6,1,0,alpha=1)", "bias_initializer": "he_normal", "name": "w"}
    if layer == "conv":
        x = qkeras.QConv2D(4, 3, kernel_quantizer=quantizer, **bias)(x)
    elif layer == "dense":
        x = qkeras.QDense(6, kernel_quantizer=quantizer, **bias)(x)
    else:
        x = qkeras.QDepthwiseConv2D(3, depthwise_quantizer=quantizer, depth_multiplier=2, **bias)(x)
    x = act("quantized_bits(6,3,alpha=1)", "a1")(x)
    model = keras.Model(inputs, x)
    compared = Compared(model, samples(*shape, count=64))
    assert isinstance(compared.plan.blocks["w"].weight, kind)
    block = compared.graph.by_name["w"]
    exact = np.abs(compared.plan.blocks["w"].weight.fake_quantize(block.kernel) - block.kernel).max()
    assert exact <= 1e-9 * np.abs(block.kernel).max()
    w = model.get_layer("w")
    own = np.asarray(
        (w.depthwise_quantizer_internal if layer == "depthwise" else w.kernel_quantizer_internal)(w.weights[0])
    )
    np.testing.assert_allclose(block.kernel.reshape(own.shape), own, rtol=1e-5, atol=1e-7)
    differing = compared.differing("a1")
    if "auto'" in quantizer:  # a scale that is no power of two: one unit in the last place
        assert np.abs(differing).max() <= 1
        assert np.mean(differing != 0) < 0.1
    else:
        assert not differing.any()


@pytest.mark.parametrize(
    "quantizer", ["quantized_po2(8)", "quantized_po2(4,1)", "quantized_bits(8,1,1,alpha=1)", "binary(alpha=0.25)"]
)
def test_bias_quantizers_of_qkeras(quantizer: str) -> None:
    x = inputs = keras.Input((6, 6, 3))
    x = conv(4, "c", bias_quantizer=quantizer)(act(Q8, "a0")(x))
    x = act("quantized_relu(6,3)", "a1")(x)
    Compared(keras.Model(inputs, x), samples(6, 6, 3)).assert_equal("a1")


ACTIVATIONS: list[tuple[str, Format]] = [
    ("quantized_bits(4,1,alpha=1)", FixedPoint(4, 2)),
    ("quantized_bits(4,1,1)", FixedPoint(4, 2, symmetric=True)),
    ("quantized_bits(4,1,0,keep_negative=False)", FixedPoint(4, 3, signed=False)),
    ("quantized_bits(1,0,1)", FixedPoint(1, 0)),
    ("quantized_relu(4)", FixedPoint(4, 4, signed=False)),
    ("quantized_relu(4,2)", FixedPoint(4, 2, signed=False)),
    ("quantized_relu(1,1)", FixedPoint(1, 0, signed=False)),
    ("quantized_relu(6,1,0,0.25)", FixedPoint(6, 4)),
    ("quantized_relu(6,0,0,0.5)", FixedPoint(6, 5)),
    ("quantized_relu(5,3,relu_upper_bound=6.0)", FixedPoint(5, 2, signed=False)),
    ("quantized_po2(4)", PowerOfTwo(4, 7, scale=2**-4, zero_below=0)),
    ("quantized_po2(4,1)", PowerOfTwo(5, 8, scale=2**-8, zero_below=0)),
    ("quantized_po2(7,1)", PowerOfTwo(6, 23, scale=2**-23, zero_below=float(np.float32(1e-7)) * 2**23)),
    ("quantized_relu_po2(3)", PowerOfTwo(3, 7, scale=2**-4, signed=False, zero_below=0)),
    ("quantized_relu_po2(4,4)", PowerOfTwo(4, 10, scale=2**-8, signed=False, zero_below=0)),
    ("binary()", FixedPoint(1, 0)),
    ("binary(alpha=0.5)", FixedPoint(1, 1)),
    ("binary(alpha=0.75)", PowerOfTwo(1, 0, scale=0.75, zero_below=0)),
    ("ternary()", PowerOfTwo(2, 0, zero_below=float(np.float32(0.33)))),
    ("ternary(alpha=0.5,threshold=0.25)", PowerOfTwo(2, 0, scale=0.5, zero_below=0.5)),
]


@pytest.mark.parametrize(("quantizer", "fmt"), ACTIVATIONS)
def test_activation_quantizers_of_qkeras(quantizer: str, fmt: Format) -> None:
    x = inputs = keras.Input((6, 6, 3))
    x = conv(4, "c1", kernel_quantizer=hq.fixed_point(6, 4))(act(Q8, "a0")(x))
    x = act(quantizer, "a1")(x)
    if "relu_upper_bound" in quantizer:
        x._keras_history[0].activation.is_quantized_clip = False
    x = conv(3, "c2", padding="same")(x)  # zeros around it, whether or not the format has one
    x = act("quantized_bits(10,4,alpha=1)", "a2")(x)
    compared = Compared(keras.Model(inputs, x), samples(6, 6, 3))
    assert compared.plan.blocks["c1"].output == fmt
    assert not compared.differing("a1").any()
    # QKeras's own values miss the grid by a rounding error, which can turn a tie in the next layer, and only a tie.
    differing = compared.differing("a2")
    assert np.abs(differing).max() <= 1
    linear = replace(compared.graph.by_name["c2"], activation=Activation())
    exact = run_block(linear, [fmt.dequantize(compared.blocks["c1"]).astype(np.float32)])
    steps = exact / float(compared.quantized.formats["c2"].step)
    assert np.abs(steps - np.floor(steps) - 0.5)[differing != 0].max(initial=0) < 1e-4


@pytest.mark.parametrize("quantizer", [q for q, _ in ACTIVATIONS])
def test_first_activation_is_the_input_format(quantizer: str) -> None:
    x = inputs = keras.Input((6, 6, 3), name="image")
    x = act(quantizer, "a0")(x)
    x = conv(3, "c")(x)
    x = act("quantized_bits(10,5,alpha=1)", "a1")(x)
    model = keras.Model(inputs, x)
    if ("0.25)" in quantizer and "relu" in quantizer) or "relu(6,0" in quantizer:
        compared = Compared(
            model, FixedPoint(12, 8).fake_quantize(samples(6, 6, 3)).astype(np.float32), input_format=FixedPoint(12, 8)
        )
        assert not compared.differing("a0").any()
        return
    compared = Compared(model, samples(6, 6, 3))
    assert [b.name for b in compared.graph.blocks] == ["c"]
    assert not compared.differing("a0", "image").any()
