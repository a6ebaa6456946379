"""What joins which block, and what must not; every network also computes what Keras computes."""

from __future__ import annotations

from typing import Any

import pytest

from hlsq.graph import Activation, Graph

RELU = Activation(relu=True)
SHAPE = (8, 8, 3)


def kinds(graph: Graph) -> list[str]:
    """Kinds of the blocks in order."""
    return [block.op.kind for block in graph.blocks]


@pytest.fixture
def stack(package: Any, converted: Any) -> Any:
    """Graph of a Sequential model of the given layers."""

    def build(*layers: Any, shape: tuple[int, ...] = SHAPE) -> Graph:
        return converted(package.Sequential([package.Input(shape), *layers]))

    return build


@pytest.fixture
def layers(package: Any) -> Any:
    """Keras's layers."""
    return package.layers


def test_convolution_batch_norm_and_relu_are_one_block(stack: Any, layers: Any) -> None:
    graph = stack(
        layers.Conv2D(4, 3, use_bias=False, name="c"), layers.BatchNormalization(name="b"), layers.ReLU(name="r")
    )
    (block,) = graph.blocks
    assert (block.name, block.layers, block.activation) == ("c", ("c", "b", "r"), RELU)
    assert block.bias is None
    assert block.scale.multiplier.shape == (4,)


@pytest.mark.parametrize("name", ["DepthwiseConv2D", "SeparableConv2D", "Dense", "Conv1D"])
def test_batch_norm_joins_every_linear_layer(name: str, stack: Any, layers: Any) -> None:
    args = {"DepthwiseConv2D": (3,), "SeparableConv2D": (4, 3), "Dense": (5,), "Conv1D": (4, 3)}[name]
    graph = stack(
        getattr(layers, name)(*args, name="c"),
        layers.BatchNormalization(),
        layers.ReLU(),
        shape={"Conv1D": (8, 3), "Dense": (6,)}.get(name, SHAPE),
    )
    assert graph.blocks[-1].name == "c"
    assert graph.blocks[-1].scale is not None
    assert graph.blocks[-1].activation == RELU
    assert len(graph.blocks) == 1 + (name == "SeparableConv2D")


def test_stacked_batch_norms_compose(stack: Any, layers: Any) -> None:
    norms = [layers.BatchNormalization(name=f"b{i}") for i in range(3)]
    graph = stack(layers.Conv2D(4, 3, name="c"), *norms)
    assert graph.blocks[0].layers == ("c", "b0", "b1", "b2")
    assert len(graph.blocks) == 1
    alone = stack(*[layers.BatchNormalization() for _ in range(2)])
    assert kinds(alone) == ["depthwise_conv2d"]


def test_folded_batch_norm_computes_the_same(package: Any, converted: Any, outputs_differ: Any) -> None:
    layers = package.layers
    model = package.Sequential(
        [package.Input(SHAPE), layers.Conv2D(4, 3, use_bias=False), layers.BatchNormalization(), layers.ReLU()]
    )
    folded = converted(model).fold_batch_norm()
    assert folded.blocks[0].scale is None
    assert not outputs_differ(model, folded)


def test_batch_norm_after_an_activation_stands_alone(stack: Any, layers: Any) -> None:
    graph = stack(layers.Conv2D(4, 3, activation="relu"), layers.BatchNormalization(name="b"), layers.ReLU())
    assert kinds(graph) == ["conv2d", "depthwise_conv2d"]
    assert graph.blocks[1].name == "b"
    assert graph.blocks[1].kernel.shape == (1, 1, 4)
    assert graph.blocks[1].activation == RELU


def test_batch_norm_on_padding_keeps_its_shift_at_the_border(stack: Any, layers: Any) -> None:
    graph = stack(layers.ZeroPadding2D(1), layers.BatchNormalization(), layers.Conv2D(4, 3))
    assert kinds(graph) == ["depthwise_conv2d", "conv2d"]
    assert graph.blocks[0].op.padding == (1, 1, 1, 1)
    assert graph.blocks[1].op.padding == (0, 0, 0, 0)


def test_batch_norm_before_padding_leaves_the_border_zero(stack: Any, layers: Any) -> None:
    graph = stack(layers.BatchNormalization(), layers.ZeroPadding2D(1), layers.Conv2D(4, 3))
    assert kinds(graph) == ["depthwise_conv2d", "conv2d"]
    assert graph.blocks[0].op.padding == (0, 0, 0, 0)
    assert graph.blocks[1].op.padding == (1, 1, 1, 1)


def test_batch_norm_after_padding_does_not_pass_it(stack: Any, layers: Any) -> None:
    graph = stack(layers.Conv2D(4, 3), layers.ZeroPadding2D(1), layers.BatchNormalization(), layers.Conv2D(2, 3))
    assert kinds(graph) == ["conv2d", "depthwise_conv2d", "conv2d"]
    assert graph.blocks[0].scale is None


def test_batch_norm_after_flatten_has_a_scale_per_value(stack: Any, layers: Any) -> None:
    graph = stack(layers.Conv2D(2, 3), layers.Flatten(), layers.BatchNormalization(), layers.Dense(3))
    assert kinds(graph) == ["conv2d", "reshape", "depthwise_conv2d", "dense"]
    assert graph.blocks[2].kernel.shape == (1, 1, 72)


def test_batch_norm_of_a_map_that_others_read_stands_alone(package: Any, converted: Any, layers: Any) -> None:
    x = package.Input(SHAPE)
    y = layers.Conv2D(3, 3, padding="same")(x)
    graph = converted(package.Model(x, layers.Add()([y, layers.BatchNormalization()(y)])))
    assert kinds(graph) == ["conv2d", "depthwise_conv2d", "add"]
    assert graph.blocks[0].scale is None


def test_batch_norm_of_an_output_stands_alone(package: Any, converted: Any, layers: Any) -> None:
    x = package.Input(SHAPE)
    y = layers.Conv2D(3, 3)(x)
    graph = converted(package.Model(x, [y, layers.BatchNormalization()(y)]))
    assert kinds(graph) == ["conv2d", "depthwise_conv2d"]


def test_batch_norm_and_relu_join_an_addition(package: Any, converted: Any, layers: Any) -> None:
    x = package.Input(SHAPE)
    y = layers.Conv2D(3, 3, padding="same")(x)
    z = layers.ReLU()(layers.BatchNormalization()(layers.Add(name="sum")([x, y])))
    block = converted(package.Model(x, z)).blocks[-1]
    assert (block.name, block.activation) == ("sum", RELU)
    assert block.scale is not None


def test_relu_joins_average_pooling(stack: Any, layers: Any) -> None:
    graph = stack(layers.AveragePooling2D(3, padding="same"), layers.BatchNormalization(), layers.ReLU())
    assert kinds(graph) == ["average_pool2d"]
    assert graph.blocks[0].activation == RELU


@pytest.mark.parametrize("name", ["Concatenate", "Flatten", "MaxPooling2D", "ZeroPadding2D"])
def test_relu_of_what_accumulates_nothing_is_a_block(name: str, package: Any, converted: Any, layers: Any) -> None:
    x = package.Input(SHAPE)
    y = layers.Concatenate()([x, x]) if name == "Concatenate" else getattr(layers, name)()(x)
    graph = converted(package.Model(x, layers.ReLU()(y)))
    assert kinds(graph)[-1] == "identity"
    assert graph.blocks[-1].activation == RELU
    assert graph.blocks[0].activation.is_linear


def test_activation_passes_what_keeps_order_and_zero(stack: Any, layers: Any) -> None:
    graph = stack(
        layers.Conv2D(4, 3), layers.MaxPooling2D(2), layers.ZeroPadding2D(1), layers.Flatten(), layers.LeakyReLU(0.5)
    )
    assert kinds(graph) == ["conv2d", "max_pool2d", "zero_pad2d", "reshape"]
    assert graph.blocks[0].activation == Activation(negative_shift=1)


def test_activation_does_not_pass_a_map_that_others_read(package: Any, converted: Any, layers: Any) -> None:
    x = package.Input(SHAPE)
    y = layers.MaxPooling2D()(layers.Conv2D(3, 3)(x))
    graph = converted(package.Model(x, layers.Concatenate()([y, layers.ReLU()(y)])))
    assert kinds(graph) == ["conv2d", "max_pool2d", "identity", "concatenate"]


def test_second_activation_is_a_block(stack: Any, layers: Any) -> None:
    graph = stack(layers.Conv2D(4, 3, activation="relu"), layers.LeakyReLU(0.5))
    assert kinds(graph) == ["conv2d", "identity"]


def test_relu_of_an_output_is_a_block(package: Any, converted: Any, layers: Any) -> None:
    x = package.Input((5,))
    y = layers.Dense(4, name="d")(x)
    graph = converted(package.Model(x, [y, layers.ReLU(name="r")(y)]))
    assert graph.outputs == ("d", "r")
    assert kinds(graph) == ["dense", "identity"]


def test_relu_of_an_input_is_a_block(stack: Any, layers: Any) -> None:
    assert kinds(stack(layers.ReLU(), layers.Conv2D(2, 3))) == ["identity", "conv2d"]


@pytest.mark.parametrize("name", ["Conv2D", "DepthwiseConv2D"])
@pytest.mark.parametrize("options", [{}, {"strides": 2, "padding": "same"}])
def test_padding_joins_a_convolution(name: str, options: dict[str, Any], stack: Any, layers: Any) -> None:
    args = (4, 3) if name == "Conv2D" else (3,)
    graph = stack(layers.ZeroPadding2D(((1, 0), (2, 1)), name="p"), getattr(layers, name)(*args, **options, name="c"))
    assert [b.layers for b in graph.blocks] == [("p", "c")]


def test_padding_twice_and_in_one_dimension(stack: Any, layers: Any) -> None:
    graph = stack(layers.ZeroPadding1D(1), layers.ZeroPadding1D((2, 0)), layers.Conv1D(4, 3), shape=(6, 2))
    assert [b.op.padding for b in graph.blocks] == [(0, 0, 3, 1)]


def test_padding_joins_two_convolutions_but_not_pooling(package: Any, converted: Any, layers: Any) -> None:
    x = package.Input(SHAPE)
    y = layers.ZeroPadding2D(1)(x)
    both = layers.Concatenate()([layers.Conv2D(2, 3)(y), layers.Conv2D(3, 3)(y)])
    assert kinds(converted(package.Model(x, both))) == ["conv2d", "conv2d", "concatenate"]
    mixed = layers.Concatenate()([layers.Conv2D(2, 3)(y), layers.MaxPooling2D(3, strides=1)(y)])
    graph = converted(package.Model(x, mixed))
    assert sorted(kinds(graph)) == ["concatenate", "conv2d", "max_pool2d", "zero_pad2d"]


def test_padding_before_pooling_takes_part_in_it(stack: Any, layers: Any) -> None:
    assert kinds(stack(layers.ZeroPadding2D(1), layers.MaxPooling2D(3, strides=2))) == ["zero_pad2d", "max_pool2d"]
    assert kinds(stack(layers.ZeroPadding2D(1), layers.AveragePooling2D(2))) == ["zero_pad2d", "average_pool2d"]


def test_padding_that_is_an_output_stays(package: Any, converted: Any, layers: Any) -> None:
    x = package.Input(SHAPE)
    y = layers.ZeroPadding2D(1)(x)
    assert kinds(converted(package.Model(x, [y, layers.Conv2D(2, 3)(y)]))) == ["zero_pad2d", "conv2d"]


@pytest.mark.parametrize("function", ["softmax", "sigmoid"])
def test_last_activation_is_left_to_the_host(function: str, stack: Any, layers: Any) -> None:
    option = stack(layers.Dense(4, activation=function, name="d"), shape=(5,))
    layer = stack(layers.Dense(4, name="d"), layers.Activation(function, name="a"), shape=(5,))
    assert dict(option.host) == dict(layer.host) == {"d": function}
    assert layer.outputs == ("d",)
    assert [b.layers for b in layer.blocks] == [("d", "a")]


def test_logits_beside_their_softmax(package: Any, converted: Any, layers: Any) -> None:
    x = package.Input((5,))
    logits = layers.Dense(4, name="d")(x)
    graph = converted(package.Model(x, [logits, layers.Softmax(name="s")(logits)]))
    assert graph.outputs == ("d", "s")
    assert dict(graph.host) == {"s": "softmax"}


def test_dropout_vanishes_between_layers_that_join(stack: Any, layers: Any) -> None:
    graph = stack(
        layers.Conv2D(4, 3), layers.Dropout(0.5), layers.BatchNormalization(), layers.Dropout(0.1), layers.ReLU()
    )
    assert kinds(graph) == ["conv2d"]
