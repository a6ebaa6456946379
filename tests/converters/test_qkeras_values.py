"""QKeras models: every block's integers are the model's own quantised activations."""

from collections.abc import Callable

import keras
import numpy as np
import pytest
import qkeras
from keras import layers
from qkeras_compared import PO2, Q8, RELU, Compared, act, conv, samples

import hlsq.quantizers as hq
from hlsq.formats import Affine, FixedPoint, PowerOfTwo


@pytest.fixture(autouse=True)
def seed() -> None:
    keras.utils.set_random_seed(3)


def test_residual_network_of_hlsq_quantizers() -> None:
    x = inputs = keras.Input((9, 8, 2))
    x = act(Q8, "a0")(x)
    x = conv(4, "c1", padding="same", strides=2)(x)
    x = short = act(RELU, "a1")(x)
    x = layers.ZeroPadding2D(1)(x)
    x = qkeras.QDepthwiseConv2D(
        3, depthwise_quantizer=hq.fixed_point(4, 3), bias_quantizer=hq.fixed_point(6, 5), name="dw", depth_multiplier=1
    )(x)
    x = act(hq.power_of_two(4, 6, scale=2**-4), "a2")(x)
    x = conv(4, "c2", 1, kernel_quantizer=hq.fixed_point(6, (5, 4, 5, 6)))(x)
    x = act(hq.affine(8, 0.125, 3), "a3")(x)
    x = layers.Add(name="sum")([x, short])
    x = act(hq.fixed_point(6, 3), "a4")(x)
    x = layers.AveragePooling2D(2, name="mean")(x)
    x = act(hq.fixed_point(8, 5, rounding="half_up"), "a5")(x)
    x = layers.Flatten(name="flatten")(x)
    x = qkeras.QDense(5, kernel_quantizer=PO2, bias_quantizer=hq.fixed_point(8, 5), name="logits")(x)
    x = layers.Activation("softmax")(x)
    compared = Compared(keras.Model(inputs, x), samples(9, 8, 2))
    logits = keras.Model(inputs, compared.model.get_layer("logits").output)
    compared.model = logits
    compared.assert_equal("a1", "a2", "a3", "a4", "a5")
    assert compared.plan.inputs == {compared.graph.inputs[0].name: FixedPoint(8, 4)}
    assert compared.graph.host == {"logits": "softmax"}
    blocks = compared.plan.blocks
    assert blocks["c1"].weight == PowerOfTwo(5, 7, scale=2**-7)
    assert blocks["c1"].bias == FixedPoint(8, 6)
    assert blocks["c1"].output == FixedPoint(5, 3, signed=False)
    assert blocks["c2"].weight == FixedPoint(6, (5, 4, 5, 6))
    assert blocks["c2"].output == Affine(8, 0.125, 3)
    assert blocks["dw"].output == PowerOfTwo(4, 6, scale=2**-4)
    assert blocks["logits"].output is None
    assert [b.name for b in compared.graph.blocks] == ["c1", "dw", "c2", "sum", "mean", "flatten", "logits"]


def test_a_changed_weight_is_noticed() -> None:
    x = inputs = keras.Input((6, 6, 2))
    x = act(RELU, "a1")(conv(3, "c1")(act(Q8, "a0")(x)))
    model = keras.Model(inputs, x)
    compared = Compared(model, samples(6, 6, 2))
    compared.assert_equal("a1")
    kernel = model.get_layer("c1").kernel
    kernel.assign(kernel * -1)
    assert compared.differing("a1").any()


def test_one_dimension() -> None:
    x = inputs = keras.Input((12, 3))
    x = act(Q8, "a0")(x)
    options = {"kernel_quantizer": hq.fixed_point(4, 3), "bias_quantizer": Q8, "bias_initializer": "he_normal"}
    x = qkeras.QConv1D(4, 3, padding="same", name="c1", **options)(x)
    x = act(RELU, "a1")(x)
    x = qkeras.QConv1D(4, 3, strides=2, padding="same", activation=RELU, name="c2", **options)(x)
    x = qkeras.QDense(3, name="d", **options)(x)
    Compared(keras.Model(inputs, x), samples(12, 3)).assert_equal("a1", "c2")


def test_quantizer_behind_max_pooling_comes_before_it() -> None:
    x = inputs = keras.Input((8, 8, 2))
    x = conv(3, "c1")(act(Q8, "a0")(x))
    x = layers.MaxPooling2D(2, name="pool")(x)
    x = act(RELU, "a1")(x)
    x = qkeras.QDense(2, kernel_quantizer=PO2, bias_quantizer=Q8, name="d")(layers.Flatten()(x))
    compared = Compared(keras.Model(inputs, x), samples(8, 8, 2))
    assert compared.plan.blocks["c1"].output == RELU.format
    assert not compared.differing("a1", "pool").any()
    compared.assert_outputs()


@pytest.mark.parametrize("plain", [layers.ReLU, lambda: layers.Activation("relu"), lambda: layers.ReLU(max_value=1.5)])
def test_plain_relu_before_a_quantizer(plain: Callable) -> None:
    x = inputs = keras.Input((6, 6, 2))
    x = plain()(conv(3, "c1")(act(Q8, "a0")(x)))
    x = act(hq.fixed_point(6, 3), "a1")(x)
    x = conv(2, "c2")(x)
    compared = Compared(keras.Model(inputs, x), samples(6, 6, 2))
    assert len(compared.graph.blocks) == 2
    compared.assert_equal("a1")


def test_two_quantizers_on_one_tensor_and_an_unquantised_sum() -> None:
    x = inputs = keras.Input((6, 6, 2))
    x = act(Q8, "a0")(x)
    raw = conv(3, "c1")(x)
    left, right = act(RELU, "left")(raw), act(hq.fixed_point(4, 1), "right")(raw)
    x = layers.Add(name="sum")([conv(3, "c2", 1)(left), conv(3, "c3", 1)(right)])
    x = act(hq.fixed_point(8, 3), "a1")(x)
    x = layers.GlobalAveragePooling2D(name="mean")(x)
    x = qkeras.QDense(4, kernel_quantizer=PO2, bias_quantizer=Q8, name="d")(x)
    compared = Compared(keras.Model(inputs, x), samples(6, 6, 2))
    compared.assert_equal("left", "right", "a1")
    assert set(compared.plan.info["exact_outputs"]) == {"c1", "c2", "c3", "mean"}
    assert isinstance(compared.plan.blocks["c1"].output, FixedPoint)


def test_concatenation_of_two_formats() -> None:
    x = inputs = keras.Input((6, 6, 2))
    x = act(Q8, "a0")(x)
    left = act(RELU, "left")(conv(3, "c1")(x))
    right = act(hq.power_of_two(4, 6, scale=2**-4), "right")(conv(2, "c2")(x))
    x = layers.Concatenate(name="both")([left, right])
    x = conv(3, "c3")(x)
    compared = Compared(keras.Model(inputs, x), samples(6, 6, 2))
    compared.assert_equal("left", "right", "both")
    assert compared.plan.blocks["both"].output == FixedPoint(8, 4)


def test_mean_at_the_end() -> None:
    x = inputs = keras.Input((7, 6, 2))
    x = conv(3, "c1")(act(Q8, "a0")(x))
    x = act(RELU, "a1")(x)
    x = layers.GlobalAveragePooling2D(name="mean")(x)
    compared = Compared(keras.Model(inputs, x), samples(7, 6, 2))
    compared.assert_equal("a1")
    assert compared.plan.blocks["mean"].output is None


def test_several_inputs_and_outputs() -> None:
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    options = {"kernel_quantizer": PO2, "bias_quantizer": Q8, "bias_initializer": "he_normal"}
    left = act(RELU, "left")(qkeras.QDense(5, name="d1", **options)(act(Q8, "qa")(a)))
    right = act(RELU, "right")(qkeras.QDense(5, name="d2", **options)(b))
    out1 = qkeras.QDense(2, name="out1", **options)(layers.Add()([left, right]))
    model = keras.Model([a, b], [out1, right])
    fmt = FixedPoint(8, 3)
    xb = fmt.fake_quantize(samples(4)).astype(np.float32)  # the model itself does not quantise this input
    compared = Compared(model, [samples(4), xb], input_format={"b": fmt})
    compared.assert_equal("left", "right")


def random_quantizer(rng: np.random.Generator, signed: bool) -> hq.FormatQuantizer:
    """A fixed-point or power-of-two quantizer for values around one."""
    if rng.random() < 0.3:
        top = int(rng.integers(1, 7))
        return hq.power_of_two(5, top, scale=2.0 ** (1 - top), signed=signed, zero_below=rng.choice([0.5, 0.7]))
    width = int(rng.integers(2, 8))
    rounding = str(rng.choice(["half_even", "half_up"]))
    return hq.fixed_point(width, width - 2, signed=signed, symmetric=bool(rng.integers(2)), rounding=rounding)


def random_network(rng: np.random.Generator) -> tuple[keras.Model, list[str]]:
    """A network of random layers, and its quantised layers."""
    x = inputs = keras.Input((8, 7, int(rng.integers(1, 4))))
    x = act(random_quantizer(rng, True), "a0")(x)
    quantised = []
    for index in range(int(rng.integers(2, 6))):
        before, name = x, f"q{index}"
        weights = {
            "bias_quantizer": hq.fixed_point(7, int(rng.integers(3, 9))),
            "padding": str(rng.choice(["same", "valid"])) if min(x.shape[1:3]) > 2 else "same",
            "name": f"w{index}",
        }
        kind = rng.choice(["conv", "strided", "depthwise", "max", "mean", "shortcut"])
        if kind == "depthwise":
            x = qkeras.QDepthwiseConv2D(3, depthwise_quantizer=random_quantizer(rng, True), **weights)(x)
        elif kind == "max":
            x = layers.MaxPooling2D(2, 1, padding="same")(x)
        elif kind == "mean":
            x = layers.AveragePooling2D((1, 2), 1)(x) if x.shape[2] > 1 else x
        else:
            filters = x.shape[-1] if kind == "shortcut" else int(rng.integers(1, 6))
            strides = 2 if kind == "strided" else 1
            weights["padding"] = "same" if kind == "shortcut" else weights["padding"]
            x = conv(
                filters, weights.pop("name"), kernel_quantizer=random_quantizer(rng, True), strides=strides, **weights
            )(x)
        if rng.random() < 0.3:
            x = layers.ReLU()(x)
        if kind == "shortcut":
            x = layers.Add()([act(random_quantizer(rng, True), f"s{index}")(x), before])
        x = act(random_quantizer(rng, bool(rng.integers(2))), name)(x)
        quantised.append(name)
    x = layers.Flatten()(x)
    x = qkeras.QDense(3, kernel_quantizer=random_quantizer(rng, True), bias_quantizer=hq.fixed_point(6, 5), name="d")(x)
    return keras.Model(inputs, x), quantised


@pytest.mark.parametrize("seed", range(8))
def test_random_networks(seed: int) -> None:
    model, names = random_network(np.random.default_rng(seed))
    compared = Compared(model, samples(*model.input_shape[1:], scale=1.0))
    formats = compared.quantized.formats
    ours = [formats[name].dequantize(integers) for name, integers in compared.blocks.items()]
    for name in names:
        # Found among all blocks, since a quantizer behind max pooling moves to the block before.
        own = compared.keras(name)
        assert any(np.array_equal(values, own) for values in ours), name
    compared.assert_outputs()


@pytest.mark.parametrize("batch_norm", [layers.BatchNormalization, qkeras.QBatchNormalization])
@pytest.mark.parametrize("alone", [False, True], ids=["behind a convolution", "alone"])
def test_batch_norm(batch_norm: Callable, alone: bool) -> None:
    rng = np.random.default_rng(2)
    x = inputs = keras.Input((6, 6, 3))
    x = act(Q8, "a0")(x)
    x = conv(4, "c")(x)
    if alone:
        x = act(hq.fixed_point(8, 4), "between")(x)
    x = norm = batch_norm(name="bn")(x)
    x = act("quantized_relu(6,2)", "a1")(x)
    model = keras.Model(inputs, x)
    layer = norm._keras_history[0]
    layer.set_weights([rng.uniform(0.5, 2, 4), rng.normal(size=4), rng.normal(size=4), rng.uniform(0.3, 2, 4)])
    compared = Compared(model, samples(6, 6, 3, count=64))
    assert compared.plan.batch_norm == "refine"
    differing = compared.differing("a1")
    assert np.abs(differing).max() <= 1
    assert np.mean(differing != 0) < 0.01
    assert (compared.graph.by_name["c"].scale is None) == alone


def test_float_bias_is_rounded_to_the_accumulator_and_noted() -> None:
    x = inputs = keras.Input((6, 6, 3))
    x = conv(4, "c", bias_quantizer=None)(act(Q8, "a0")(x))
    compared = Compared(keras.Model(inputs, x), samples(6, 6, 3))
    assert compared.plan.info["float_biases"] == ["c"]
    assert compared.plan.blocks["c"].bias is None
    step = float(compared.quantized.formats["c"].step)
    ours = compared.quantized.formats["c"].dequantize(compared.blocks["c"])
    assert np.abs(ours - compared.keras("c")).max() <= 0.51 * step
