"""Every layer family with its options computes what Keras computes, in both packages."""

from __future__ import annotations

from typing import Any

import pytest

from hlsq.graph import Activation

MAP, LINE, VECTOR = (9, 8, 3), (11, 3), (7,)

# name: input shape, layer class and its arguments, kinds of the blocks
CASES: dict[str, tuple[tuple[int, ...], str, tuple[Any, ...], dict[str, Any], list[str]]] = {}


def case(shape: tuple[int, ...], layer: str, kinds: list[str], *args: Any, **options: Any) -> None:
    parts = [layer, str(len(shape)), *map(str, args), *(f"{k}={v}" for k, v in options.items())]
    name = "-".join(parts).replace(" ", "")
    assert name not in CASES
    CASES[name] = (shape, layer, args, options, kinds)


for options in (
    {},
    {"padding": "same"},
    {"strides": 2},
    {"strides": 2, "padding": "same"},
    {"strides": 3, "padding": "same", "use_bias": False},
    {"dilation_rate": 2},
    {"dilation_rate": 2, "padding": "same"},
    {"activation": "relu"},
    {"activation": "linear", "use_bias": False},
    {"groups": 3},
):
    filters = 6 if "groups" in options else 4
    kind = ["depthwise_conv2d"] if "groups" in options else ["conv2d"]
    case(MAP, "Conv2D", kind, filters, 3, **options)
    case(LINE, "Conv1D", kind, filters, 4, **options)
case(MAP, "Conv2D", ["conv2d"], 5, 1)
case(MAP, "Conv2D", ["conv2d"], 5, (2, 5), strides=(1, 2), padding="same")
case(MAP, "Conv2D", ["conv2d"], 5, (9, 8))
case(MAP, "Conv2D", ["conv2d"], 5, (3, 2), dilation_rate=(1, 3))
for options in ({"padding": "causal"}, {"padding": "causal", "dilation_rate": 2}, {"padding": "causal", "strides": 2}):
    case(LINE, "Conv1D", ["conv2d"], 4, 3, **options)
for options in (
    {},
    {"padding": "same", "strides": 2},
    {"depth_multiplier": 3},
    {"use_bias": False, "dilation_rate": 2},
    {"activation": "relu", "depth_multiplier": 2, "padding": "same"},
):
    case(MAP, "DepthwiseConv2D", ["depthwise_conv2d"], 3, **options)
    case(LINE, "DepthwiseConv1D", ["depthwise_conv2d"], 3, **options)
    case(MAP, "SeparableConv2D", ["depthwise_conv2d", "conv2d"], 5, 3, **options)
    case(LINE, "SeparableConv1D", ["depthwise_conv2d", "conv2d"], 5, 3, **options)
for options in ({}, {"use_bias": False}, {"activation": "relu"}, {"activation": "softmax"}, {"activation": "sigmoid"}):
    case(VECTOR, "Dense", ["dense"], 5, **options)
case(LINE, "Dense", ["conv2d"], 5)
case(MAP, "Dense", ["conv2d"], 5, activation="relu")
case(MAP, "Dense", ["conv2d"], 5, activation="softmax")
for options in ({}, {"scale": False}, {"center": False}, {"scale": False, "center": False}, {"epsilon": 0.1}):
    case(MAP, "BatchNormalization", ["depthwise_conv2d"], **options)
case(MAP, "BatchNormalization", ["depthwise_conv2d"], axis=3)
case(LINE, "BatchNormalization", ["depthwise_conv2d"])
case(VECTOR, "BatchNormalization", ["depthwise_conv2d"])
for name in ("MaxPooling", "AveragePooling"):
    kind = ["max_pool2d" if name == "MaxPooling" else "average_pool2d"]
    for options in (
        {"pool_size": 2},
        {"pool_size": 2, "padding": "same"},
        {"pool_size": 3, "strides": 1, "padding": "same"},
        {"pool_size": 3, "strides": 2},
    ):
        case(MAP, f"{name}2D", kind, **options)
        case(LINE, f"{name}1D", kind, **options)
    case(MAP, f"{name}2D", kind, pool_size=(4, 3), strides=(3, 2), padding="same")
    for options in ({}, {"keepdims": True}):
        case(MAP, f"Global{name}2D", kind, **options)
        case(LINE, f"Global{name}1D", kind, **options)
case(MAP, "ZeroPadding2D", ["zero_pad2d"], 2)
case(MAP, "ZeroPadding2D", ["zero_pad2d"], ((1, 0), (2, 3)))
case(LINE, "ZeroPadding1D", ["zero_pad2d"], (2, 1))
case(LINE, "ZeroPadding1D", [], 0)
case(MAP, "Flatten", ["reshape"])
case(LINE, "Flatten", ["reshape"])
case(VECTOR, "Flatten", [])
case(MAP, "Reshape", ["reshape"], (8, -1))
case(VECTOR, "Reshape", ["reshape"], (1, 7, 1))
case(VECTOR, "Reshape", [], (7,))
for options in ({}, {"max_value": 0.5}, {"negative_slope": 0.25}, {"negative_slope": 0.125, "max_value": 1.5}):
    case(MAP, "ReLU", ["identity"], **options)
case(VECTOR, "ReLU", ["identity"])
case(MAP, "Activation", ["identity"], "relu")
case(MAP, "Activation", [], "linear")
case(VECTOR, "Activation", ["identity"], "softmax")
case(VECTOR, "Activation", ["identity"], "sigmoid")
case(VECTOR, "Softmax", ["identity"])
case(MAP, "Softmax", ["identity"], axis=3)
for name in ("Dropout", "SpatialDropout2D", "GaussianNoise", "GaussianDropout", "AlphaDropout"):
    case(MAP, name, [], 0.5)
case(LINE, "SpatialDropout1D", [], 0.5)
case(MAP, "ActivityRegularization", [], l2=0.1)
case(MAP, "Identity", [])


@pytest.mark.parametrize("name", CASES)
def test_computes_what_keras_computes(name: str, package: Any, converted: Any) -> None:
    shape, layer, args, options, kinds = CASES[name]
    model = package.Sequential([package.Input(shape), getattr(package.layers, layer)(*args, **options)])
    graph = converted(model)
    assert [block.op.kind for block in graph.blocks] == kinds
    assert graph.shapes[graph.outputs[0]] == tuple(model.output_shape[1:])


def test_causal_separable_convolution(converted: Any) -> None:
    import tf_keras

    layer = tf_keras.layers.SeparableConv1D(4, 3, padding="causal", dilation_rate=2)
    converted(tf_keras.Sequential([tf_keras.Input(LINE), layer]))


@pytest.mark.parametrize("slope", [0.5, 0.25, 2.0**-16])
def test_leaky_relu(slope: float, package: Any, converted: Any) -> None:
    graph = converted(package.Sequential([package.Input(MAP), package.layers.LeakyReLU(slope)]))
    assert 2.0 ** -graph.blocks[0].activation.negative_shift == slope


def test_leaky_relu_of_slope_one_is_nothing_and_of_slope_zero_a_relu(package: Any, converted: Any) -> None:
    assert converted(package.Sequential([package.Input(MAP), package.layers.LeakyReLU(1.0)])).blocks == ()
    graph = converted(package.Sequential([package.Input(MAP), package.layers.LeakyReLU(0.0)]))
    assert graph.blocks[0].activation == Activation(relu=True)


def test_relu6_by_every_way(package: Any, converted: Any) -> None:
    layers = package.layers
    function = package.activations.get("relu6")
    for layer in (layers.Dense(5, activation="relu6"), layers.Dense(5, activation=function), layers.Dense(5)):
        after = [layers.ReLU(6.0)] if layer.activation is package.activations.linear else []
        graph = converted(package.Sequential([package.Input(VECTOR), layer, *after]))
        assert [b.activation for b in graph.blocks] == [Activation(relu=True, max_value=6.0)]


def test_activation_option_given_as_a_layer(package: Any, converted: Any) -> None:
    layers = package.layers
    for given, expected in (
        (layers.ReLU(negative_slope=0.5), Activation(negative_shift=1)),
        (layers.LeakyReLU(0.25), Activation(negative_shift=2)),
        (layers.Activation("relu"), Activation(relu=True)),
    ):
        graph = converted(package.Sequential([package.Input(MAP), layers.Conv2D(4, 3, activation=given)]))
        assert [b.activation for b in graph.blocks] == [expected]


@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("layer", ["Add", "Concatenate"])
def test_merging_layers(layer: str, count: int, package: Any, converted: Any) -> None:
    inputs = [package.Input(MAP) for _ in range(count)]
    graph = converted(package.Model(inputs, getattr(package.layers, layer)()(inputs)))
    assert [b.op.kind for b in graph.blocks] == [layer.lower()]
    assert len(graph.blocks[0].inputs) == count


@pytest.mark.parametrize("layer", ["Add", "Concatenate"])
def test_one_tensor_twice(layer: str, package: Any, converted: Any) -> None:
    x = package.Input(LINE)
    graph = converted(package.Model(x, getattr(package.layers, layer)()([x, x])))
    assert graph.blocks[0].inputs == (graph.inputs[0].name,) * 2


def test_concatenation_by_positive_axis_and_of_vectors(package: Any, converted: Any) -> None:
    a, b = package.Input((4,)), package.Input((2,))
    converted(package.Model([a, b], package.layers.Concatenate(axis=1)([a, b])))


def test_plus_operator(package: Any, converted: Any) -> None:
    a, b = package.Input(MAP), package.Input(MAP)
    assert [x.op.kind for x in converted(package.Model([a, b], a + b)).blocks] == ["add"]
