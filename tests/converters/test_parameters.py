"""Parameters that cannot be: the message names the layer that has them, whatever block that layer has joined."""

from __future__ import annotations

import re
from typing import Any

import keras
import numpy as np
import pytest
import qkeras

from hlsq.converters.keras import from_keras
from hlsq.converters.keras.qkeras import from_qkeras
from hlsq.errors import QuantizationError, UnsupportedLayerError

SHAPE = (6, 6, 3)
BITS = "quantized_bits(6,2,alpha=1)"


def float_model(package: Any) -> Any:
    """Layers that join others behind them or before them, one in a nested model, and one that stays alone."""
    layers = package.layers
    inner = package.Sequential(
        [package.Input(SHAPE), layers.Conv2D(4, 3, name="inner_conv"), layers.BatchNormalization(name="inner_norm")]
    )
    return package.Sequential(
        [
            package.Input(SHAPE),
            inner,
            layers.ReLU(),
            layers.SeparableConv2D(4, 2, name="separable"),
            layers.BatchNormalization(name="first"),
            layers.BatchNormalization(name="second"),
            layers.ReLU(),
            layers.BatchNormalization(name="alone"),
            layers.ReLU(),
            layers.DepthwiseConv2D(2, name="depthwise"),
            layers.Flatten(),
            layers.Dense(2, name="dense"),
        ]
    )


def quantized_model() -> Any:
    quantizers = {"kernel_quantizer": BITS, "bias_quantizer": BITS}
    return keras.Sequential(
        [
            keras.Input(SHAPE),
            qkeras.QActivation(BITS, name="image"),
            qkeras.QConv2D(4, 3, name="conv", **quantizers),
            # Its own default quantizer of variances makes every one of them positive.
            qkeras.QBatchNormalization(variance_quantizer=None, name="norm"),
            qkeras.QActivation("quantized_relu(6,2)", name="relu"),
            qkeras.QConv2DBatchnorm(4, 2, name="folded", **quantizers),
            qkeras.QActivation("quantized_relu(6,2)", name="last"),
            keras.layers.Flatten(),
            qkeras.QDense(2, name="dense", **quantizers),
        ]
    )


def variables(model: Any) -> list[tuple[str, str, Any]]:
    """Layer, name and variable of every parameter."""
    found = []
    for layer in model.layers:
        if hasattr(layer, "layers"):
            found += variables(layer)
        else:
            found += [(layer.name, v.name.rpartition("/")[2].partition(":")[0], v) for v in layer.weights]
    return found


def check_every_variable(model: Any, convert: Any, expected: int) -> None:
    floats = [v for v in variables(model) if "float" in str(v[2].dtype)]
    assert len(floats) == expected
    for value in (np.nan, np.inf, -np.inf):
        for layer, name, variable in floats:
            kept = variable.numpy()
            poisoned = kept.copy()
            poisoned.flat[-1] = value
            variable.assign(poisoned)
            message = (
                f"layer '{layer}': 1 of the {kept.size} values of its {name} are NaN or infinite; .*load the model"
            )
            with pytest.raises(QuantizationError, match=message):
                convert(model)
            variable.assign(kept)
    convert(model)


def test_every_variable_that_is_not_finite_is_named(package: Any) -> None:
    check_every_variable(float_model(package), from_keras, 2 + 4 + 3 + 3 * 4 + 2 + 2)


def test_every_variable_of_a_qkeras_model_that_is_not_finite_is_named() -> None:
    check_every_variable(quantized_model(), from_qkeras, 2 + 4 + (2 + 4) + 2)


def check_every_variance(model: Any, convert: Any, expected: int) -> None:
    variances = [v for v in variables(model) if v[1] == "moving_variance"]
    assert len(variances) == expected
    for layer, _, variable in variances:
        variable.assign([1.0, -2.0, 1.0, -0.5])
        message = re.escape(
            f"layer '{layer}': 2 of the 4 values of its moving_variance are too small, the least is -2; with epsilon="
        )
        with pytest.raises(QuantizationError, match=message):
            convert(model)
        variable.assign([1.0, -0.0005, 0.0, 0.5])  # with epsilon they are positive, and Keras takes their roots
        convert(model)


def test_variances_without_a_root_are_named(package: Any) -> None:
    check_every_variance(float_model(package), from_keras, 4)


def test_variances_without_a_root_are_named_in_a_qkeras_model() -> None:
    check_every_variance(quantized_model(), from_qkeras, 2)


def test_no_epsilon(package: Any) -> None:
    norm = package.layers.BatchNormalization(epsilon=0.0, name="norm")
    model = package.Sequential([package.Input((3,)), package.layers.Dense(2, name="dense"), norm])
    norm.moving_variance.assign([1.0, 0.0])
    with pytest.raises(QuantizationError, match=r"layer 'norm': 1 of the 2 values .* the least is 0; with epsilon=0 "):
        from_keras(model)


def test_what_cannot_be_converted_at_all_is_said_first(package: Any) -> None:
    layer = package.layers.LSTM(2, name="x")
    model = package.Sequential([package.Input((3, 2)), layer])
    layer.set_weights([np.full_like(w, np.nan) for w in layer.get_weights()])
    with pytest.raises(UnsupportedLayerError, match="'x'"):
        from_keras(model)
