"""QKeras's layers beyond the plain ones: separable, with a batch norm inside, pooling, adaptive activations."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import qkeras
from keras import layers

import hlsq
import hlsq.quantizers as hq
from hlsq.converters.keras import load_model_file
from hlsq.converters.keras.qkeras import from_qkeras
from hlsq.emulate.emulator import Emulator
from hlsq.errors import UnsupportedLayerError
from hlsq.formats import Affine, FixedPoint, Format, PowerOfTwo
from hlsq.graph.lowering.lower import quantize_graph
from hlsq.zoo.reference import keras_outputs

BIAS = {"bias_quantizer": "quantized_bits(8,2,1)", "bias_initializer": "he_normal"}
BITS = "quantized_bits(4,0,1,alpha=1)"


@pytest.fixture(autouse=True)
def seed() -> None:
    keras.utils.set_random_seed(5)


def network(*stack: Any, shape: tuple[int, ...] = (8, 8, 3), output: str | None = "quantized_relu(6,2)") -> keras.Model:
    """Layers between a quantised input and a quantised output."""
    first = qkeras.QActivation("quantized_bits(8,2,1,alpha=1)", name="in")
    last = [] if output is None else [qkeras.QActivation(output, name="out")]
    return keras.Sequential([keras.Input(shape, name="image"), first, *stack, *last])


def shake(model: keras.Model) -> None:
    """Statistics and scales of batch norms as after a training."""
    rng = np.random.default_rng(3)
    for layer in model.layers:
        norm = getattr(layer, "batchnorm", layer)
        for name, low, high in (
            ("gamma", 0.5, 2),
            ("beta", -1, 1),
            ("moving_mean", -1, 1),
            ("moving_variance", 0.3, 2),
        ):
            variable = getattr(norm, name, None)
            if variable is not None:
                variable.assign(rng.uniform(low, high, variable.shape).astype(np.float32))


def samples(model: keras.Model, count: int = 32) -> np.ndarray:
    return np.random.default_rng(0).normal(0, 1.5, (count, *model.input_shape[1:])).astype(np.float32)


def computed(model: keras.Model, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What the model and its integers compute."""
    graph, plan = from_qkeras(model)
    assert "inexact" not in plan.info, plan.info
    quantized = quantize_graph(graph, plan)
    block = graph.outputs[0]
    integers = Emulator(quantized, threads=1).run(x, trace=True).blocks[block]
    return keras_outputs(model, x), quantized.formats[block].dequantize(integers)


DEPTHWISE = "depthwise with batch norm"
DENSE = "dense with batch norm"
STACKS: dict[str, Callable[[], keras.Model]] = {
    "separable": lambda: network(
        qkeras.QSeparableConv2D(5, 3, depthwise_quantizer=BITS, pointwise_quantizer=BITS, name="s", **BIAS)
    ),
    "separable, powers of two, strided": lambda: network(
        qkeras.QSeparableConv2D(
            5,
            3,
            strides=2,
            padding="same",
            depth_multiplier=2,
            depthwise_quantizer="quantized_po2(4,1)",
            pointwise_quantizer=hq.power_of_two(5, 7, scale=2**-7),
            activation="quantized_relu(5,2)",
            name="s",
            **BIAS,
        ),
        output=None,
    ),
    "separable in one dimension": lambda: network(
        qkeras.QSeparableConv1D(4, 3, depthwise_quantizer=BITS, pointwise_quantizer=BITS, name="s", **BIAS),
        shape=(12, 3),
    ),
    "convolution with batch norm": lambda: network(
        qkeras.QConv2DBatchnorm(6, 3, kernel_quantizer="quantized_bits(6,1,1,alpha=1)", name="f", **BIAS)
    ),
    "convolution with batch norm, no bias": lambda: network(
        qkeras.QConv2DBatchnorm(
            6,
            3,
            use_bias=False,
            kernel_quantizer="quantized_po2(4,2)",
            bias_quantizer="quantized_bits(9,3,1)",
            folding_mode="batch_stats_folding",
            activation="quantized_relu(4,2)",
            name="f",
        ),
        output=None,
    ),
    DEPTHWISE: lambda: network(
        qkeras.QDepthwiseConv2DBatchnorm(
            3, depth_multiplier=2, padding="same", depthwise_quantizer="quantized_bits(6,1,1,alpha=1)", name="f", **BIAS
        )
    ),
    DENSE: lambda: network(
        qkeras.QDenseBatchnorm(7, kernel_quantizer="quantized_bits(6,1,1,alpha=1)", name="f", **BIAS), shape=(9,)
    ),
    "average": lambda: network(qkeras.QAveragePooling2D((2, 4), strides=1, name="p")),
    "average with a quantised reciprocal": lambda: network(
        qkeras.QAveragePooling2D(
            3, average_quantizer="quantized_bits(6,0,1)", activation="quantized_bits(6,2,alpha=1)", name="p"
        ),
        output=None,
    ),
    "global average with a quantised reciprocal": lambda: network(
        qkeras.QGlobalAveragePooling2D(average_quantizer="quantized_bits(10,0,1,alpha=1)", name="p"),
        shape=(7, 6, 3),
        output="quantized_bits(8,2,alpha=1)",
    ),
    "global average with a power of two": lambda: network(
        qkeras.QGlobalAveragePooling2D(average_quantizer="quantized_po2(5)", name="p"),
        shape=(7, 6, 3),
        output="quantized_bits(8,2,alpha=1)",
    ),
    "global average": lambda: network(qkeras.QGlobalAveragePooling2D(name="p"), shape=(8, 4, 3)),
}


@pytest.mark.parametrize("name", STACKS)
def test_values_are_the_models_own(name: str) -> None:
    model = STACKS[name]()
    shake(model)
    own, ours = computed(model, samples(model))
    assert np.unique(own).size > 3
    np.testing.assert_array_equal(ours, own)


@pytest.mark.csim
@pytest.mark.slow(4)
@pytest.mark.parametrize("name", ["separable, powers of two, strided", "average with a quantised reciprocal"])
def test_hardware_computes_them(name: str, tmp_path: Path) -> None:
    model = STACKS[name]()
    shake(model)
    hw = hlsq.convert(model, output_dir=tmp_path / "net")
    hw.compile()
    x = samples(model, 6)
    assert hw.verify(x).mismatches == 0
    np.testing.assert_array_equal(hw.predict(x), keras_outputs(model, x))


# What QKeras 1.2.1 itself cannot load again: a QDenseBatchnorm at all, a QDepthwiseConv2DBatchnorm from a .keras file.
NOT_LOADED = [(DEPTHWISE, "keras"), (DENSE, "keras"), (DENSE, "h5")]
SAVED = [(name, suffix) for name in STACKS for suffix in ("keras", "h5") if (name, suffix) not in NOT_LOADED]


@pytest.mark.slow(1)
@pytest.mark.parametrize(("name", "suffix"), SAVED)
def test_they_come_back_from_a_file(name: str, suffix: str, tmp_path: Path) -> None:
    model = STACKS[name]()
    shake(model)
    model.save(tmp_path / f"net.{suffix}")
    again = load_model_file(tmp_path / f"net.{suffix}")
    x = samples(model)
    np.testing.assert_array_equal(computed(again, x)[1], computed(model, x)[1])


def test_a_changed_statistic_is_noticed() -> None:
    model = STACKS["convolution with batch norm"]()
    shake(model)
    x = samples(model)
    before = computed(model, x)[1]
    model.get_layer("f").batchnorm.moving_mean.assign_add(np.ones(6, np.float32))
    own, ours = computed(model, x)
    np.testing.assert_array_equal(ours, own)
    assert (ours != before).any()


def adaptive(**options: Any) -> keras.Model:
    """A network whose activation found its range in a few steps of training."""
    given = {"total_bits": 6, "ema_decay": 0.5, "ema_freeze_delay": 1000, "name": "t", **options}
    model = network(
        qkeras.QConv2D(4, 3, kernel_quantizer=BITS, name="c", **BIAS),
        qkeras.QAdaptiveActivation(given.pop("activation", "quantized_relu"), **given),
        output=None,
    )
    for _ in range(4):
        model(samples(model) * 3, training=True)
    return model


def per_channel() -> keras.Model:
    model = adaptive(per_channel=True)
    model.get_layer("t").quantizer.integer.assign([0, 1, 2, 3])
    return model


@pytest.mark.parametrize("activation", ["quantized_relu", "quantized_bits"])
def test_adaptive_activation(activation: str) -> None:
    model = adaptive(activation=activation)
    assert int(np.asarray(model.get_layer("t").quantizer.integer)[0]) > 1, "the range must have been found"
    x = samples(model)
    own, ours = computed(model, x)
    np.testing.assert_array_equal(ours, own)  # from a file QKeras 1.2.1 itself cannot load this layer


LINEAR: list[tuple[str, Format]] = [
    ("quantized_linear(4,1)", FixedPoint(4, 2, symmetric=True)),
    ("quantized_linear(4,1,0)", FixedPoint(4, 2)),
    ("quantized_linear(4,1,0,False)", FixedPoint(4, 3, signed=False)),
    ("quantized_linear(1,1)", FixedPoint(1, 0)),
]


@pytest.mark.parametrize(("text", "fmt"), LINEAR)
def test_linear_activation(text: str, fmt: Format) -> None:
    model = network(qkeras.QConv2D(4, 3, kernel_quantizer=BITS, name="c", **BIAS), output=text)
    own, ours = computed(model, samples(model))
    np.testing.assert_array_equal(ours, own)
    assert from_qkeras(model)[1].blocks["c"].output == fmt


@pytest.mark.parametrize("alpha", [0.5, 0.3])
def test_linear_activation_with_a_factor(alpha: float) -> None:
    quantizer = qkeras.quantizers.quantized_linear(4, 1, alpha=alpha)
    model = network(
        qkeras.QConv2D(4, 3, kernel_quantizer=BITS, name="c", **BIAS), qkeras.QActivation(quantizer), output=None
    )
    _, plan = from_qkeras(model)
    expected = (
        FixedPoint(4, 3, symmetric=True) if alpha == 0.5 else Affine(4, float(np.float32(0.3)) / 4, symmetric=True)
    )
    assert plan.blocks["c"].output == expected
    own, ours = computed(model, samples(model))
    np.testing.assert_allclose(ours, own, rtol=1e-6, atol=1e-6)


def test_the_mean_of_nine_values_may_round_another_way_and_that_is_noted() -> None:
    model = network(qkeras.QAveragePooling2D(3, name="p"), output="quantized_bits(6,2,alpha=1)")
    graph, plan = from_qkeras(model)
    assert plan.info["inexact"]["p"] > 0
    x = samples(model, 200)
    quantized = quantize_graph(graph, plan)
    integers = Emulator(quantized, threads=1).run(x, trace=True).blocks["p"]
    differing = integers - keras_outputs(model, x) * 8
    assert np.abs(differing).max() <= 1


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("quantized_linear(4,0)", FixedPoint),
        ("quantized_linear(4,0,0,False)", FixedPoint),
        ("quantized_linear(1,0)", FixedPoint),
        ("quantized_linear(4,0,alpha='auto_po2')", FixedPoint),
        ("quantized_linear(4,0,alpha='auto')", Affine),
        ("quantized_linear(1,0,alpha='auto')", PowerOfTwo),
    ],
)
def test_linear_weights(text: str, kind: type[Format]) -> None:
    model = network(qkeras.QConv2D(4, 3, kernel_quantizer=text, name="c", **BIAS))
    graph, plan = from_qkeras(model)
    assert isinstance(plan.blocks["c"].weight, kind)
    layer = model.get_layer("c")
    np.testing.assert_allclose(
        graph.by_name["c"].kernel, np.asarray(layer.kernel_quantizer_internal(layer.kernel)), rtol=1e-6, atol=1e-8
    )
    if kind is FixedPoint:
        own, ours = computed(model, samples(model))
        np.testing.assert_array_equal(ours, own)


TABLES = [
    *("quantized_tanh(4)", "quantized_sigmoid(4)", "quantized_ulaw(6)", "quantized_hswish(6,1)", "bernoulli()"),
    *("stochastic_binary()", "stochastic_ternary()"),
]


@pytest.mark.parametrize("text", TABLES)
def test_quantizers_that_do_not_convert_are_named(text: str) -> None:
    name = text.partition("(")[0]
    inside = network(qkeras.QConv2D(4, 3, kernel_quantizer=BITS, activation=text, name="c"), output=None)
    behind = network(qkeras.QConv2D(4, 3, kernel_quantizer=BITS, name="c"), qkeras.QActivation(text, name="t"))
    kernel = network(qkeras.QConv2D(4, 3, kernel_quantizer=text, name="c"))
    for model, layer in ((inside, "c"), (behind, "t"), (kernel, "c")):
        with pytest.raises(UnsupportedLayerError, match=rf"layer '{layer}' .*{name}.*; supported: .*quantized_linear"):
            from_qkeras(model)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: network(
                qkeras.QAveragePooling2D(3, padding="same", average_quantizer="quantized_bits(6,0,1)", name="p")
            ),
            r"layer 'p' \(QAveragePooling2D\): an average_quantizer with padding='same', where windows at the edge",
        ),
        (
            lambda: network(qkeras.QSeparableConv2D(5, 3, depthwise_quantizer=BITS, name="s")),
            r"layer 's' \(QSeparableConv2D\): pointwise_quantizer=None leaves its weights unquantised",
        ),
        (per_channel, r"layer 't' .*has 4 different numbers of integer bits, one per channel"),
        (
            lambda: network(layers.Conv2D(3, 3, name="c")),
            r"layer 'c' \(Conv2D\): its weights have no quantizer",
        ),
    ],
)
def test_refused(make: Callable[[], keras.Model], message: str) -> None:
    with pytest.raises(UnsupportedLayerError, match=message):
        from_qkeras(make())
