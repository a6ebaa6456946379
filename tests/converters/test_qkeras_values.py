"""QKeras models: every block's integers are the model's own quantised activations."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import keras
import numpy as np
import pytest
import qkeras
from keras import layers

import hlsq.quantizers as hq
from hlsq.converters.keras.qkeras import from_qkeras
from hlsq.emulate.emulator import Emulator
from hlsq.emulate.real import run_block
from hlsq.formats import Affine, FixedPoint, Format, PowerOfTwo
from hlsq.graph import Activation
from hlsq.graph.lowering.lower import quantize_graph
from hlsq.zoo.reference import keras_outputs

Q8 = hq.fixed_point(8, 4)
RELU = hq.fixed_point(5, 3, signed=False)
PO2 = hq.power_of_two(5, 7, scale=2**-7)


class Compared:
    """A converted model beside the original, on the same samples."""

    def __init__(self, model: keras.Model, x: Any, **options: Any) -> None:
        self.model = model
        self.graph, self.plan = from_qkeras(model, **options)
        self.quantized = quantize_graph(self.graph, self.plan)
        names = [i.name for i in self.graph.inputs]
        self.x = dict(zip(names, x, strict=True)) if isinstance(x, list) else {names[0]: x}
        self.blocks = Emulator(self.quantized, threads=1).run(self.x, trace=True).blocks

    def keras(self, layer: str) -> np.ndarray:
        """The model's own values."""
        part = keras.Model(self.model.inputs, self.model.get_layer(layer).output)
        return keras_outputs(part, list(self.x.values()))

    def block_of(self, layer: str) -> str:
        """The block that makes the values of ``layer``."""
        return next(b.name for b in reversed(self.graph.blocks) if layer in b.layers)

    def differing(self, layer: str, block: str | None = None) -> np.ndarray:
        """Steps between the block's integers and the model's values, which must lie on the format's grid."""
        block = self.block_of(layer) if block is None else block
        fmt = self.quantized.formats[block]
        steps = self.keras(layer).astype(np.float64) / float(fmt.step)
        expected = np.rint(steps) + fmt.offset
        assert np.abs(steps - np.rint(steps)).max() < 1e-3
        assert np.unique(expected).size > 1, "the test data leave this layer constant"
        return self.blocks[block] - expected

    def assert_equal(self, *names: str) -> None:
        """No block differs; the logits agree up to float32 rounding."""
        for name in names:
            assert not self.differing(name).any(), name
        self.assert_outputs()

    def assert_outputs(self) -> None:
        outputs = keras_outputs(self.model, list(self.x.values()))
        for name, values in zip(self.graph.outputs, outputs if isinstance(outputs, list) else [outputs], strict=True):
            ours = self.quantized.formats[name].dequantize(self.blocks[name])
            np.testing.assert_allclose(ours, values, rtol=1e-5, atol=1e-5 * np.abs(values).max())


def conv(filters: int, name: str, size: int = 3, **options: Any) -> qkeras.QConv2D:
    given = {"kernel_quantizer": PO2, "bias_quantizer": hq.fixed_point(8, 6), "bias_initializer": "he_normal"}
    return qkeras.QConv2D(filters, size, name=name, **{**given, **options})


def act(quantizer: Any, name: str) -> qkeras.QActivation:
    return qkeras.QActivation(quantizer, name=name)


@pytest.fixture(autouse=True)
def seed() -> None:
    keras.utils.set_random_seed(3)


def samples(*shape: int, scale: float = 1.5, count: int = 16) -> np.ndarray:
    return (np.random.default_rng(0).normal(size=(count, *shape)) * scale).astype(np.float32)


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
