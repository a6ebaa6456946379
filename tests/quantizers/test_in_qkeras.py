"""The quantizers inside QKeras: strings, configurations, saved models, training."""

from pathlib import Path

import keras
import numpy as np
import pytest
import qkeras
from qkeras.utils import load_qmodel

from hlsq.errors import FormatError
from hlsq.quantizers import FormatQuantizer, affine, fixed_point, power_of_two
from hlsq.zoo.reference import keras_outputs

QUANTIZERS = [
    fixed_point(8, 4),
    fixed_point(8, (1, -2, 3), symmetric=True, rounding="half_up"),
    affine(8, 0.1, -3),
    affine(4, (0.1, 1e-7, 3.0), signed=False),
    power_of_two(),
    power_of_two(4, 6, scale=(0.5, 0.25), signed=True),
    power_of_two(3, 7, scale=2**-7, signed=False, zero_below=0),
]


@pytest.mark.parametrize("quantizer", QUANTIZERS, ids=str)
def test_string_and_config_give_the_same_quantizer(quantizer: FormatQuantizer) -> None:
    config = quantizer.get_config()
    name = type(quantizer).__name__
    for again in (
        type(quantizer).from_config(config),
        qkeras.get_quantizer(str(quantizer)),
        qkeras.get_quantizer({"class_name": name, "config": config}),
        keras.utils.deserialize_keras_object(keras.utils.serialize_keras_object(quantizer)),
    ):
        assert type(again) is type(quantizer)
        assert again.format == quantizer.format


def test_positional_string() -> None:
    assert qkeras.get_quantizer("fixed_point(8,4)").format == fixed_point(8, 4).format
    assert qkeras.get_quantizer("power_of_two").format == power_of_two().format


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: fixed_point(0, 4), "width"),
        (lambda: fixed_point(8, "1;x"), "'1;x' is no list of numbers"),
        (lambda: fixed_point(8, 4, rounding="up"), "rounding 'up' is unknown; valid: half_even, half_up"),
        (lambda: affine(8, -1.0), "scale"),
        (lambda: power_of_two(3, 9), "max_exponent"),
    ],
)
def test_impossible_parameters(make, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        make()


def network(activation: str | FormatQuantizer, relu: str | FormatQuantizer) -> keras.Model:
    keras.utils.set_random_seed(1)
    x = inputs = keras.Input((8, 8, 1))
    x = qkeras.QActivation(activation, name="a0")(x)
    x = qkeras.QConv2D(
        6, 3, kernel_quantizer=power_of_two(5, 7, scale=2**-7), bias_quantizer=fixed_point(8, 7), name="conv"
    )(x)
    x = qkeras.QActivation(relu, name="a1")(x)
    x = keras.layers.Flatten()(x)
    x = qkeras.QDense(10, kernel_quantizer=affine(4, 0.1), bias_quantizer="fixed_point(8,5)", name="logits")(x)
    return keras.Model(inputs, x)


@pytest.mark.parametrize("form", ["objects", "strings"])
@pytest.mark.parametrize("file", ["net.h5", "net.keras"])
def test_saved_model_comes_back(form: str, file: str, tmp_path: Path, rng: np.random.Generator) -> None:
    quantizers = fixed_point(8, 4), fixed_point(4, 2, signed=False)
    model = network(*(quantizers if form == "objects" else map(str, quantizers)))
    model.save(tmp_path / file)
    again = load_qmodel(str(tmp_path / file), compile=False)
    x = rng.normal(size=(5, 8, 8, 1)).astype(np.float32)
    np.testing.assert_array_equal(keras_outputs(again, x), keras_outputs(model, x))
    assert again.get_layer("a0").activation.__class__ is fixed_point
    assert again.get_layer("conv").kernel_quantizer_internal.format == power_of_two(5, 7, scale=2**-7).format
    assert again.get_layer("logits").kernel_quantizer_internal.format == affine(4, 0.1).format


def test_training_improves_the_loss(rng: np.random.Generator) -> None:
    from sklearn.datasets import load_digits

    digits = load_digits()
    x = (digits.images[:600, :, :, None] / 16).astype(np.float32)
    y = digits.target[:600]
    model = network("fixed_point(8,6)", "power_of_two(4,6,scale=0.0625,signed=False)")
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.01), loss, metrics=["accuracy"])
    history = model.fit(x, y, epochs=6, batch_size=32, verbose=0).history
    assert history["accuracy"][-1] > 0.8 > history["accuracy"][0]
