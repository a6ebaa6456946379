"""What a plan says of its own exactness, and batch norms that are widened until the model's values come out."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import qkeras
from keras import layers

import hlsq
import hlsq.quantizers as hq
from hlsq.converters.keras.qkeras import from_qkeras
from hlsq.converters.keras.qkeras_exact import _count, settle
from hlsq.emulate.emulator import Emulator
from hlsq.errors import UnsupportedLayerError
from hlsq.formats import Affine, FixedPoint
from hlsq.graph.lowering.lower import quantize_graph
from hlsq.plan import Plan
from hlsq.zoo.reference import keras_outputs

pytestmark = pytest.mark.slow(1)
KERNEL = {"kernel_quantizer": hq.power_of_two(5, 7, scale=2**-7), "bias_quantizer": hq.fixed_point(8, 6)}
GAMMA = np.array([1.3, -0.7, 0.0, 1e-3, -1e-5, 2.1, 1e-12, 0.5], np.float32)


def network(*stack: Any, shape: tuple[int, ...] = (12, 12, 3), bits: str = "fixed_point(8,4)") -> keras.Model:
    return keras.Sequential([keras.Input(shape, name="image"), qkeras.QActivation(bits, name="in"), *stack])


def conv(filters: int = 8, **options: Any) -> qkeras.QConv2D:
    return qkeras.QConv2D(filters, 3, padding="same", bias_initializer="he_normal", name="c", **{**KERNEL, **options})


def shaken(model: keras.Model, gamma: np.ndarray | None = None) -> keras.Model:
    """The model with statistics as after a training."""
    rng = np.random.default_rng(1)
    for layer in model.layers:
        if hasattr(layer, "moving_variance"):
            channels = layer.moving_variance.shape
            layer.gamma.assign(rng.uniform(0.5, 2, channels) if gamma is None else gamma)
            layer.beta.assign(rng.normal(size=channels))
            layer.moving_mean.assign(rng.normal(size=channels))
            layer.moving_variance.assign(rng.uniform(0.3, 2, channels))
    return model


def compared(model: keras.Model, count: int = 100) -> tuple[np.ndarray, np.ndarray, Plan]:
    """The model's values, those of its integers, and the plan."""
    x = np.random.default_rng(0).normal(0, 1.5, (count, *model.input_shape[1:])).astype(np.float32)
    graph, plan = from_qkeras(model)
    quantized = quantize_graph(graph, plan)
    block = graph.outputs[0]
    integers = Emulator(quantized).run(x, trace=True).blocks[block]
    return keras_outputs(model, x), quantized.formats[block].dequantize(integers), plan


@pytest.fixture(autouse=True)
def seed() -> None:
    keras.utils.set_random_seed(2)


@pytest.mark.parametrize("norm", [layers.BatchNormalization, qkeras.QBatchNormalization])
@pytest.mark.parametrize("gamma", [None, GAMMA], ids=["ordinary", "falling, pruned and dying channels"])
def test_every_value_is_the_models(norm: Any, gamma: np.ndarray | None) -> None:
    model = shaken(network(conv(), norm(name="bn"), qkeras.QActivation("quantized_bits(8,2,alpha=1)", name="a")), gamma)
    own, ours, plan = compared(model)
    assert own.size > 100_000
    if gamma is None:
        np.testing.assert_array_equal(ours, own)
        assert "inexact" not in plan.info
    # Keras computes in float32, whose rounding may carry one accumulator in many across a tie.
    assert np.mean(ours != own) < 1e-4
    assert plan.info.get("inexact", {}).get("c", 0) <= 2


def test_sixteen_bits_are_not_enough_for_it() -> None:
    model = shaken(network(conv(), layers.BatchNormalization(name="bn"), qkeras.QActivation("quantized_relu(8,2)")))
    graph, plan = from_qkeras(model)
    assert plan.info["batch_norm_bits"]["c"] > 16
    narrow = settle(graph, plan.with_block("c", scale=None))
    assert narrow.info["batch_norm_bits"] == plan.info["batch_norm_bits"]
    x = np.random.default_rng(0).normal(0, 1.5, (300, 12, 12, 3)).astype(np.float32)
    own = keras_outputs(model, x)
    q = quantize_graph(graph, plan.with_block("c", scale=None))
    assert (q.formats["c"].dequantize(Emulator(q).run(x, trace=True).blocks["c"]) != own).any()


@pytest.mark.parametrize("norm", [layers.BatchNormalization, qkeras.QBatchNormalization])
def test_a_batch_norm_on_its_own(norm: Any) -> None:
    stack = [norm(name="bn"), qkeras.QActivation("quantized_bits(12,2,alpha=1)", name="a")]
    model = shaken(network(*stack, shape=(500, 1, 4), bits="fixed_point(16,12)"))
    own, ours, plan = compared(model)
    differing = (ours != own).mean()
    assert plan.info["batch_norm_bits"]["bn"] > 16
    assert differing < 1e-4  # where float32, in which the model computes, rounds to the other side of a tie


def test_a_convolution_of_one_tap_keeps_the_format_of_its_quantizer() -> None:
    kernel = "quantized_bits(4,0,1,alpha='auto')"
    depthwise = qkeras.QDepthwiseConv2D(1, depthwise_quantizer=kernel, use_bias=False, name="d")
    model = network(depthwise, qkeras.QActivation("quantized_bits(12,2,alpha=1)", name="a"), bits="fixed_point(14,10)")
    _, plan = from_qkeras(model)
    assert plan.info["inexact"]["d"] > 0
    assert isinstance(plan.blocks["d"].weight, Affine)
    assert plan.blocks["d"].weight.width == 4


def test_an_inverse_quantizer() -> None:
    norm = qkeras.QBatchNormalization(
        gamma_quantizer=None, variance_quantizer=None, inverse_quantizer="quantized_bits(4,2,alpha=1)", name="bn"
    )
    model = shaken(network(conv(), norm, qkeras.QActivation("quantized_bits(8,2,alpha=1)", name="a")))
    own, ours, _ = compared(model)
    np.testing.assert_array_equal(ours, own)


@pytest.mark.parametrize("norm", [layers.BatchNormalization, qkeras.QBatchNormalization])
def test_a_quantised_average_keeps_its_factor_before_a_batch_norm(norm: Any) -> None:
    pool = qkeras.QAveragePooling2D(2, average_quantizer="quantized_bits(3,0,1,alpha=1)", name="p")
    model = shaken(network(pool, norm(name="bn"), qkeras.QActivation("quantized_bits(8,2,alpha=1)", name="a")))
    own, ours, plan = compared(model)
    assert plan.blocks["p"].scale == FixedPoint(3, 2)
    np.testing.assert_array_equal(ours, own)


@pytest.mark.parametrize("plain", [layers.LeakyReLU(1 / 16), layers.ReLU(max_value=0.75)])
def test_what_two_quantizers_read_is_kept_exactly(plain: Any) -> None:
    image = keras.Input((6, 6, 3), name="image")
    x = plain(conv(4)(qkeras.QActivation("fixed_point(8,4)", name="in")(image)))
    ends = [qkeras.QActivation(f"quantized_bits({bits},2,alpha=1)", name=f"a{bits}")(x) for bits in (6, 12)]
    model = keras.Model(image, ends)
    samples = np.random.default_rng(0).normal(0, 1.5, (50, 6, 6, 3)).astype(np.float32)
    graph, plan = from_qkeras(model)
    quantized = quantize_graph(graph, plan)
    blocks = Emulator(quantized).run(samples, trace=True).blocks
    for name, own in zip(graph.outputs, keras_outputs(model, samples), strict=True):
        np.testing.assert_array_equal(quantized.formats[name].dequantize(blocks[name]), own)


def test_a_bound_between_the_steps_of_an_unquantised_tensor_is_refused() -> None:
    image = keras.Input((6, 6, 3), name="image")
    x = layers.ReLU(max_value=0.7, name="r")(conv(4)(qkeras.QActivation("fixed_point(8,4)", name="in")(image)))
    ends = [qkeras.QActivation(f"quantized_bits({bits},2,alpha=1)", name=f"a{bits}")(x) for bits in (6, 12)]
    with pytest.raises(UnsupportedLayerError, match=r"layer 'r' \(ReLU\).*bound of relu\(max=0.7\) is no multiple"):
        from_qkeras(keras.Model(image, ends))


def test_a_last_batch_norm_keeps_its_values_to_float32() -> None:
    model = shaken(network(conv(), layers.BatchNormalization(name="bn")), GAMMA)
    own, ours, plan = compared(model, 20)
    largest = np.abs(own).max(axis=(0, 1, 2))
    assert (np.abs(ours - own).max(axis=(0, 1, 2)) <= 2.0**-22 * largest).all()
    assert plan.info["batch_norm_bits"]["c"] > 16


def test_a_last_addition_of_unrelated_steps_is_noted() -> None:
    image = keras.Input((8,), name="image")
    first = qkeras.QActivation("quantized_bits(8,2,alpha=1)", name="a")(image)
    second = qkeras.QActivation(qkeras.quantizers.quantized_linear(6, 3, alpha=0.3), name="b")(image)
    _, plan = from_qkeras(keras.Model(image, layers.Add(name="sum")([first, second])), input_format=FixedPoint(12, 8))
    assert plan.info["inexact"] == {"sum": 1}


@pytest.mark.parametrize(("alpha", "noted"), [(0.3, True), (0.5, False)])
def test_biases_off_the_grid_of_unquantised_sums_are_noted(alpha: float, noted: bool) -> None:
    def dense(name: str) -> qkeras.QDense:
        kernel = qkeras.quantized_bits(4, 0, 1, alpha=alpha)
        bias = {"bias_quantizer": "quantized_bits(8,2,1,alpha=1)", "bias_initializer": "he_normal"}
        return qkeras.QDense(6, kernel_quantizer=kernel, name=name, **bias)

    image = keras.Input((8,), name="image")
    x = qkeras.QActivation("quantized_bits(8,2,alpha=1)", name="in")(image)
    x = layers.Add(name="sum")([dense("d1")(x), dense("d2")(x)])
    x = dense("d3")(qkeras.QActivation("quantized_relu(8,3)", name="a")(x))
    _, plan = from_qkeras(keras.Model(image, x))
    assert plan.info["exact_outputs"] == ["d1", "d2"]
    assert ({"d1", "d2", "d3"} <= set(plan.info.get("inexact", {}))) == noted
    assert bool(plan.info.get("inexact")) == noted


@pytest.mark.parametrize("sign", [1, -1], ids=["rising", "falling"])
def test_the_count_finds_every_kind_of_difference(sign: int) -> None:
    fmt = FixedPoint(6, 0)

    def model(t: np.ndarray) -> np.ndarray:
        return fmt.quantize(sign * t / 8)

    assert _count(model, model, (-500, 500), 1, fmt) == 0
    for wrong in (-500, 500, 4 * sign, 12):  # the ends, where nothing changes, and sums beside a change

        def other(t: np.ndarray, wrong: int = wrong) -> np.ndarray:
            return model(t) + (t == wrong)

        assert _count(model, other, (-500, 500), 1, fmt) == 1, wrong


@pytest.mark.csim
def test_wide_factors_reach_the_hardware(tmp_path: Any) -> None:
    stack = [conv(), layers.BatchNormalization(name="bn"), qkeras.QActivation("quantized_bits(8,2,alpha=1)")]
    model = shaken(network(*stack, shape=(6, 6, 3)), GAMMA)
    hw = hlsq.convert(model, output_dir=tmp_path / "net")
    hw.compile()
    x = np.random.default_rng(0).normal(0, 1.5, (20, 6, 6, 3)).astype(np.float32)
    assert hw.verify(x).mismatches == 0
    np.testing.assert_array_equal(hw.predict(x), keras_outputs(model, x))
