"""What is refused, and that the message names the layer, its class, the option at fault and the remedy."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from hlsq.converters.keras import from_keras
from hlsq.errors import OptionError, UnsupportedLayerError

MAP, LINE, VECTOR = (8, 8, 4), (8, 4), (6,)

# what to build from the layers, input shape, and what the message must hold besides the layer's name
CASES: dict[str, tuple[Callable[[Any], Any], tuple[int, ...], tuple[str, ...]]] = {
    "groups": (lambda k: k.layers.Conv2D(4, 3, groups=2, name="x"), MAP, ("Conv2D", "groups=2", "groups=4")),
    "batch norm axis": (lambda k: k.layers.BatchNormalization(axis=1, name="x"), MAP, ("axis=1", "axis=-1 or axis=3")),
    "slope": (lambda k: k.layers.LeakyReLU(0.3, name="x"), MAP, ("LeakyReLU", "negative slope 0.3", "2^-1", "0.25")),
    "slope above one": (lambda k: k.layers.LeakyReLU(2.0, name="x"), MAP, ("negative slope 2", "2^-1")),
    "slope too small": (lambda k: k.layers.LeakyReLU(2.0**-17, name="x"), MAP, ("negative slope", "2^-16")),
    "relu slope": (lambda k: k.layers.ReLU(negative_slope=0.1, name="x"), MAP, ("ReLU", "negative slope 0.1")),
    "threshold": (lambda k: k.layers.ReLU(threshold=0.5, name="x"), MAP, ("threshold=0.5", "threshold=0")),
    "max_value": (lambda k: k.layers.ReLU(max_value=0.0, name="x"), MAP, ("max_value=0", "positive")),
    "tanh": (
        lambda k: k.layers.Conv2D(4, 3, activation="tanh", name="x"),
        MAP,
        ("'tanh'", "relu6", "softmax or sigmoid"),
    ),
    "swish": (lambda k: k.layers.Activation("swish", name="x"), MAP, ("Activation", "supported: linear, relu")),
    "leaky_relu": (lambda k: k.layers.Dense(4, activation="leaky_relu", name="x"), VECTOR, ("0.2", "2^-k")),
    "own activation": (lambda k: k.layers.Dense(4, activation=lambda v: v, name="x"), VECTOR, ("not one of Keras's",)),
    "partial": (
        lambda k: k.layers.Dense(4, activation=functools.partial(k.activations.relu, max_value=2.0), name="x"),
        VECTOR,
        ("not one of Keras's", "ReLU"),
    ),
    "activation layer": (lambda k: k.layers.Dense(4, activation=k.layers.ELU(), name="x"), VECTOR, ("ELU",)),
    "softmax axis": (lambda k: k.layers.Softmax(axis=1, name="x"), MAP, ("axis 1", "last axis")),
    "first softmax axis": (lambda k: k.layers.Softmax(axis=-2, name="x"), MAP, ("axis -2", "last axis")),
    "reshape": (lambda k: k.layers.Reshape((2, 2, 2, 32), name="x"), MAP, ("[2, 2, 2, 32]", "three axes")),
    "LSTM": (lambda k: k.layers.LSTM(4, name="x"), LINE, ("LSTM", "Conv2D", "Dense")),
    "Conv2DTranspose": (lambda k: k.layers.Conv2DTranspose(4, 3, name="x"), MAP, ("Conv2DTranspose", "Conv2D")),
    "PReLU": (lambda k: k.layers.PReLU(name="x"), MAP, ("PReLU", "LeakyReLU")),
    "UpSampling2D": (lambda k: k.layers.UpSampling2D(name="x"), MAP, ("UpSampling2D",)),
    "Permute": (lambda k: k.layers.Permute((2, 1, 3), name="x"), MAP, ("Permute",)),
    "Lambda": (lambda k: k.layers.Lambda(lambda v: v, name="x"), MAP, ("Lambda",)),
    "TimeDistributed": (lambda k: k.layers.TimeDistributed(k.layers.Dense(2), name="x"), LINE, ("TimeDistributed",)),
    "Conv3D": (lambda k: k.layers.Conv3D(2, 1, name="x"), (4, 4, 4, 2), ("Conv3D",)),
    "dense of four axes": (lambda k: k.layers.Dense(2, name="x"), (2, 2, 2, 2), ("[2, 2, 2, 2]", "[height, width")),
}


def refused(model: Any, *parts: str, layer: str = "x") -> None:
    with pytest.raises(UnsupportedLayerError, match=re.escape(f"layer {layer!r} (")) as caught:
        from_keras(model)
    for part in ("; supported: ", *parts):
        assert part in str(caught.value)
    assert caught.value.layer == layer


@pytest.mark.parametrize("name", CASES)
def test_option_or_layer_is_refused(name: str, package: Any) -> None:
    build, shape, parts = CASES[name]
    refused(package.Sequential([package.Input(shape), build(package)]), *parts)


@pytest.mark.parametrize(
    "name", ["Conv2D", "DepthwiseConv2D", "MaxPooling2D", "GlobalAveragePooling2D", "ZeroPadding2D"]
)
def test_channels_first(name: str, package: Any) -> None:
    args = {"Conv2D": (4, 3), "DepthwiseConv2D": (3,), "MaxPooling2D": (2,)}.get(name, ())
    layer = getattr(package.layers, name)(*args, data_format="channels_first", name="x")
    refused(package.Sequential([package.Input(MAP), layer]), "data_format='channels_first'", "channels_last")


def test_flatten_of_channels_first(package: Any) -> None:
    layer = package.layers.Flatten(data_format="channels_first", name="x")
    refused(package.Sequential([package.Input(MAP), layer]), "channels_first")


@pytest.mark.parametrize("name", ["Subtract", "Multiply", "Average", "Maximum"])
def test_other_merging_layers(name: str, package: Any) -> None:
    a, b = package.Input(VECTOR), package.Input(VECTOR)
    refused(package.Model([a, b], getattr(package.layers, name)(name="x")([a, b])), name)


def test_concatenation_along_another_axis(package: Any) -> None:
    a, b = package.Input(MAP), package.Input(MAP)
    refused(package.Model([a, b], package.layers.Concatenate(axis=1, name="x")([a, b])), "axis=1", "axis=-1 or axis=3")


def test_addition_that_broadcasts(package: Any) -> None:
    a, b = package.Input((4, 4, 2)), package.Input((1, 1, 2))
    refused(package.Model([a, b], package.layers.Add(name="x")([a, b])), "[4, 4, 2] and [1, 1, 2]", "broadcast")


@pytest.mark.parametrize("function", ["softmax", "sigmoid"])
def test_host_function_inside_the_network(function: str, package: Any) -> None:
    layers = package.layers
    for middle in (layers.Dense(4, activation=function, name="x"), layers.Activation(function, name="x")):
        model = package.Sequential([package.Input((4,)), middle, layers.Dense(2)])
        refused(model, f"{function} in the middle of the network", "last layer")
    x = package.Input((4,))
    y = layers.Dense(4, activation=function, name="x")(x)
    refused(package.Model(x, [y, layers.Dense(2)(y)]), "in the middle of the network")


def test_two_host_functions_in_a_row(package: Any) -> None:
    layers = package.layers
    model = package.Sequential([package.Input((4,)), layers.Dense(4, activation="softmax", name="x"), layers.Softmax()])
    refused(model, "in the middle")


@pytest.mark.parametrize("shape", [(None, None, 3), (None, 3), (8, None, 3)])
def test_axes_of_unknown_size(shape: tuple[int | None, ...], package: Any) -> None:
    x = package.Input(shape, name="x")
    layer = package.layers.Conv1D(2, 3) if len(shape) == 2 else package.layers.Conv2D(2, 3)
    refused(package.Model(x, layer(x)), "None", "Input(shape=(32, 32, 3))")


def test_called_for_training(package: Any) -> None:
    layers = package.layers
    x = package.Input(MAP)
    for layer in (layers.BatchNormalization(name="x"), layers.Dropout(0.5, name="x")):
        refused(package.Model(x, layer(x, training=True)), "training=True")
    inner = package.Sequential([package.Input(MAP), layers.Dropout(0.5)], name="x")
    refused(package.Model(x, inner(x, training=True)), "training=True")
    from_keras(package.Model(x, layers.Dropout(0.5)(x, training=False)))


def test_model_that_is_not_built(package: Any) -> None:
    model = package.Sequential([package.layers.Dense(2)], name="x")
    refused(model, "not built", "no weights", "Input(shape=(32, 32, 3))")


def test_subclassed_model(package: Any) -> None:
    class Own(package.Model):
        def __init__(self) -> None:
            super().__init__(name="x")
            self.dense = package.layers.Dense(2)

        def call(self, inputs: Any) -> Any:
            return self.dense(inputs)

    model = Own()
    model(np.zeros((1, 3), np.float32))
    refused(model, "Own", "call() of its own", "functional")


def test_functional_model_with_a_call_of_its_own(package: Any) -> None:
    class Own(package.Model):
        def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
            return -super().call(inputs)

    x = package.Input((3,))
    refused(Own(inputs=x, outputs=package.layers.Dense(2)(x), name="x"), "call() of its own")


def test_subclass_of_a_layer_that_computes_something_else(package: Any) -> None:
    class Twice(package.layers.Dense):
        def call(self, inputs: Any) -> Any:
            return 2 * super().call(inputs)

    refused(package.Sequential([package.Input((3,)), Twice(2, name="x")]), "Twice", "in place of Dense")


def test_layer_of_ones_own_with_a_name_of_keras(package: Any) -> None:
    class Dense(package.layers.Layer):
        def call(self, inputs: Any) -> Any:
            return inputs

    refused(package.Sequential([package.Input((3,)), Dense(name="x")]), "Dense", "no such layer")


def test_operations_that_are_no_layers() -> None:
    import keras
    import tensorflow as tf
    import tf_keras

    x = keras.Input((3,))
    for y, name in ((keras.ops.relu(x), "Relu"), (x * 2.0, "Multiply"), (x + 1.0, "adds a constant")):
        with pytest.raises(UnsupportedLayerError, match=name):
            from_keras(keras.Model(x, y))
    x = tf_keras.Input((3,))
    for y, name in ((tf.nn.relu(x), "nn.relu"), (x * 2.0, "mul"), (x + 1.0, "adds a constant")):
        with pytest.raises(UnsupportedLayerError, match=name):
            from_keras(tf_keras.Model(x, y))


@pytest.mark.filterwarnings("ignore")
def test_weights_quantised_by_keras() -> None:
    import keras

    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4, name="x")])
    model.quantize("int8")
    refused(model, "int8", "float")


def test_float_graph_of_quantised_layers() -> None:
    import keras
    import qkeras

    layer = qkeras.QDense(
        2, kernel_quantizer="quantized_bits(4,0,alpha=1)", bias_quantizer="quantized_bits(4)", name="q"
    )
    with pytest.raises(OptionError, match=r"layer 'q' has quantizers.*hlsq\.convert"):
        from_keras(keras.Sequential([keras.Input((3,)), layer]))


@pytest.mark.parametrize("value", [None, 3, object()])
def test_no_model_at_all(value: Any) -> None:
    with pytest.raises(OptionError, match="expected a Keras 3 or tf_keras model"):
        from_keras(value)


def test_layer_in_place_of_a_model(package: Any) -> None:
    with pytest.raises(OptionError, match="Dense"):
        from_keras(package.layers.Dense(2))
