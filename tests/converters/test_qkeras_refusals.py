"""What a QKeras model must not contain, said with the layer's name and the remedy."""

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
from hlsq.converters.keras.qkeras import from_qkeras, is_qkeras
from hlsq.errors import KerasVersionError, ModelFileError, QuantizationError, UnsupportedLayerError

Q8 = hq.fixed_point(8, 4)


def dense(units: int = 3, **options: Any) -> qkeras.QDense:
    return qkeras.QDense(units, **{"kernel_quantizer": hq.power_of_two(scale=2**-7), "name": "d", **options})


def network(*stack: Any, shape: tuple[int, ...] = (6,)) -> keras.Model:
    return keras.Sequential([keras.Input(shape, name="image"), *stack])


def act(quantizer: Any, name: str = "a") -> qkeras.QActivation:
    return qkeras.QActivation(quantizer, name=name)


def relu_of(**changed: Any) -> Any:
    quantizer = qkeras.quantized_relu(4, 1)
    vars(quantizer).update(changed)
    return quantizer


def two_input_formats() -> keras.Model:
    x = keras.Input((6,), name="image")
    branches = [dense(name=f"d{i}")(act(hq.fixed_point(8, i), f"a{i}")(x)) for i in range(2)]
    return keras.Model(x, branches)


def sum_of_batch_norms() -> keras.Model:
    x = keras.Input((6,), name="image")
    first = act(Q8)(x)
    norms = [layers.BatchNormalization(name=f"b{i}") for i in range(2)]
    made = [norm(dense(name=f"d{i}")(first)) for i, norm in enumerate(norms)]
    for norm in norms:
        norm.set_weights([np.ones(3), np.zeros(3), np.zeros(3), np.array([1.0, 2.0, 300.0])])
    return keras.Model(x, act(Q8, "end")(layers.Add()(made)))


REFUSED: list[tuple[str, Callable[[], keras.Model], str]] = [
    (
        "an activation that was joined to a QKeras layer",
        lambda: network(act(Q8), dense(), layers.ReLU(name="r"), dense(name="e")),
        r"layer 'r' \(ReLU\): its output is not quantised, but layer 'e' reads it; supported: a QActivation",
    ),
    (
        "a float layer that padding was joined to",
        lambda: network(act(Q8), layers.ZeroPadding2D(name="p"), layers.Conv2D(2, 3, name="c"), shape=(6, 6, 1)),
        r"layer 'c' \(Conv2D\): its weights have no quantizer.*supported: QConv2D",
    ),
    (
        "float kernel of a QKeras layer",
        lambda: network(act(Q8), dense(kernel_quantizer=None)),
        r"layer 'd' \(QDense\): kernel_quantizer=None leaves its weights unquantised; supported: .*scheme",
    ),
    (
        "float layer",
        lambda: network(act(Q8), layers.Dense(3, name="f")),
        r"layer 'f' \(Dense\): its weights have no quantizer.*QDense with a kernel_quantizer",
    ),
    (
        "unquantised input",
        lambda: network(dense()),
        r"'image' \(InputLayer\): the input is not quantised before layer 'd' reads it; .*QActivation.*input_format=",
    ),
    (
        "unquantised tensor",
        lambda: network(act(Q8), dense(), layers.ReLU(name="r"), dense(name="d2")),
        r"layer 'r' .*its output is not quantised, but layer 'd2' reads it; supported: a QActivation",
    ),
    (
        "unquantised batch norm",
        lambda: network(act(Q8), dense(), layers.BatchNormalization(name="b"), dense(name="d2")),
        r"layer 'b' .*its output is not quantised, but layer 'd2' reads it",
    ),
    (
        "sum of batch norms",
        sum_of_batch_norms,
        r"layer 'b0' .*not quantised and has another scale in every channel; supported: a QActivation behind it",
    ),
    ("tanh", lambda: network(act(Q8), dense(), act("quantized_tanh(4)", "t")), r"layer 't' .*quantized_tanh\(4"),
    ("sigmoid", lambda: network(act(Q8), dense(activation=qkeras.quantized_sigmoid(4))), "quantized_sigmoid"),
    ("use_sigmoid", lambda: network(act(Q8), dense(), act("quantized_relu(4,0,1)", "t")), "use_sigmoid"),
    ("automatic scale", lambda: network(act(Q8), dense(), act("quantized_bits(4,0,1,alpha='auto')", "t")), "alpha"),
    ("scaled activation", lambda: network(act(Q8), dense(), act("quantized_bits(4,0,1,alpha=0.5)", "t")), "alpha"),
    ("binary 0 and 1", lambda: network(act(Q8), dense(), act("binary(use_01=True)", "t")), "use_01"),
    ("automatic ternary", lambda: network(act(Q8), dense(), act("ternary(alpha='auto')", "t")), "'t'.*alpha is 'auto'"),
    (
        "quadratic",
        lambda: network(act(Q8), dense(), act("quantized_po2(4,quadratic_approximation=True)", "t")),
        "quadra",
    ),
    ("po2 slope", lambda: network(act(Q8), dense(), act("quantized_relu_po2(4,negative_slope=0.5)", "t")), "slope"),
    (
        "steep slope",
        lambda: network(act(Q8), dense(), act("quantized_relu(4,negative_slope=2.0)", "t")),
        "negative_slope=2",
    ),
    ("slope below a step", lambda: network(act(Q8), dense(), act("quantized_relu(3,0,0,0.125)", "t")), "steeper slope"),
    (
        "upper bound between steps",
        lambda: network(act(Q8), dense(), act(relu_of(relu_upper_bound=1.3, is_quantized_clip=False), "t")),
        r"relu_upper_bound=1.3, no multiple of its step 0.125",
    ),
    ("noise", lambda: network(act(Q8), dense(), act(relu_of(qnoise_factor=0.5), "t")), "qnoise_factor=0.5"),
    (
        "noise in weights",
        lambda: network(act(Q8), dense(kernel_quantizer=qkeras.quantized_bits(4, alpha=1, qnoise_factor=0.5))),
        "qnoise_factor",
    ),
    (
        "stochastic weights",
        lambda: network(act(Q8), dense(kernel_quantizer="stochastic_ternary()")),
        "kernel_quantizer=",
    ),
    ("zero point", lambda: network(act(Q8), dense(kernel_quantizer=hq.affine(8, 0.1, 3))), "zero point 3"),
    ("bias", lambda: network(act(Q8), dense(bias_quantizer="quantized_tanh(4)")), "bias_quantizer=quantized_tanh"),
    ("channels", lambda: network(act(Q8), dense(), act(hq.fixed_point(4, (1, 2, 3)), "t")), "one scale per channel"),
    (
        "two input formats",
        two_input_formats,
        r"input 'image' is quantised by several different activations.*input_format=",
    ),
]


@pytest.mark.parametrize(("make", "message"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED])
def test_refused(make: Callable[[], keras.Model], message: str) -> None:
    with pytest.raises(UnsupportedLayerError, match=message):
        from_qkeras(make())


@pytest.mark.parametrize("quantizer", ["quantized_bits(4,0,1,alpha=1)", hq.power_of_two(), "ternary()"])
def test_weights_that_are_not_finite(quantizer: Any) -> None:
    model = network(act(Q8), dense(kernel_quantizer=quantizer))
    model.layers[-1].kernel.assign(np.full((6, 3), np.nan))
    with pytest.raises(QuantizationError, match="layer 'd': 18 of the 18 values of its kernel are NaN or infinite"):
        from_qkeras(model)


def test_host_functions_and_linear_activations() -> None:
    for last in (act("softmax", "s"), layers.Softmax(name="s")):
        graph, _ = from_qkeras(network(act(Q8), dense(), act("linear", "l"), last))
        assert graph.host == {"d": "softmax"}
        assert [b.name for b in graph.blocks] == ["d"]


def test_is_qkeras() -> None:
    model = network(act(Q8), dense())
    assert is_qkeras(model)
    assert is_qkeras(network(model))
    assert not is_qkeras(network(layers.Dense(2)))
    assert not is_qkeras("net.h5")


def test_a_model_object_of_the_old_package_says_what_to_install() -> None:
    import tf_keras

    # Not QKeras 0.9 itself, which cannot be installed beside QKeras for Keras 3: a class where it has its own.
    old = type("QDense", (tf_keras.layers.Dense,), {"__module__": "qkeras.qlayers"})
    inner = tf_keras.Sequential([tf_keras.Input((4,)), old(3, name="d")], name="inner")
    for model in (inner, tf_keras.Sequential([tf_keras.Input((4,)), inner])):
        for convert in (from_qkeras, hlsq.quantize):
            with pytest.raises(
                KerasVersionError, match=r"layer 'd' \(QDense\) comes from QKeras 0.9.*pip install.*qkeras-v3"
            ):
                convert(model)


def test_a_file_with_code_is_refused(tmp_path: Path) -> None:
    model = network(act("fixed_point(8,4)"), layers.Lambda(lambda x: x + 1, name="evil"), dense())
    for file in ("net.h5", "net.keras"):
        model.save(tmp_path / file)
        with pytest.raises(ModelFileError, match=r"'evil' of class Lambda would run code"):
            load_model_file(tmp_path / file)


def test_files_that_hold_no_model(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="there is no such file"):
        load_model_file(tmp_path / "net.h5")
    (tmp_path / "net.keras").write_bytes(b"nothing")
    with pytest.raises(ModelFileError, match="no readable"):
        load_model_file(tmp_path / "net.keras")
