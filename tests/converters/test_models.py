"""Whole networks: branches, several inputs and outputs, nested and shared layers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from hlsq.converters.keras import from_keras
from hlsq.errors import GraphError
from hlsq.graph.lowering import quantize_graph
from hlsq.schemes import run_scheme


def residual_network(package: Any) -> Any:
    """Two residual blocks, one with a strided shortcut, as in ResNet."""
    layers = package.layers

    def unit(x: Any, filters: int, stride: int) -> Any:
        y = layers.Conv2D(filters, 3, strides=stride, padding="same", use_bias=False)(x)
        y = layers.Activation("relu")(layers.BatchNormalization()(y))
        y = layers.BatchNormalization()(layers.Conv2D(filters, 3, padding="same")(y))
        if stride != 1:
            x = layers.BatchNormalization()(layers.Conv2D(filters, 1, strides=stride)(x))
        return layers.ReLU()(layers.Add()([y, x]))

    image = package.Input((12, 12, 3), name="image")
    x = layers.Conv2D(4, 3, padding="same", activation="relu")(image)
    x = unit(unit(x, 4, 1), 6, 2)
    x = layers.GlobalAveragePooling2D()(x)
    return package.Model(image, layers.Dense(5, activation="softmax")(layers.Dropout(0.3)(x)), name="residual")


def test_residual_network(package: Any, converted: Any) -> None:
    graph = converted(residual_network(package))
    assert graph.name == "residual"
    assert [b.op.kind for b in graph.blocks].count("conv2d") == 6
    assert len(graph.blocks) == 10  # every batch norm and activation has joined a block
    assert [i.name for i in graph.inputs] == ["image"]
    assert graph.by_name[graph.outputs[0]].op.kind == "dense"


def test_a_perturbed_weight_is_noticed(package: Any, converted: Any, outputs_differ: Any) -> None:
    model = residual_network(package)
    graph = converted(model)
    first = graph.blocks[0]
    kernel = first.kernel.copy()
    kernel[1, 1, 0, 0] += 0.05
    wrong = replace(graph, blocks=(replace(first, kernel=kernel), *graph.blocks[1:]))
    assert outputs_differ(model, wrong)


def test_several_inputs_outputs_and_branches(package: Any, converted: Any) -> None:
    layers = package.layers
    image, vector = package.Input((8, 8, 2), name="image"), package.Input((6,), name="vector")
    branches = [
        layers.Conv2D(3, 3, padding="same", activation="relu")(image),
        layers.MaxPooling2D(3, strides=1, padding="same")(image),
        layers.SeparableConv2D(2, 3, padding="same")(image),
    ]
    maps = layers.ReLU()(layers.Concatenate()(branches))
    features = layers.Flatten()(layers.AveragePooling2D(4)(maps))
    joined = layers.Concatenate()([features, layers.Dense(5, activation="relu")(vector)])
    outputs = [layers.Dense(3, activation="softmax", name="a")(joined), layers.Dense(1, name="b")(joined), maps]
    graph = converted(package.Model([image, vector], outputs))
    assert [i.name for i in graph.inputs] == ["image", "vector"]
    assert graph.outputs[:2] == ("a", "b")
    assert dict(graph.host) == {"a": "softmax"}
    assert len(graph.outputs) == 3


def test_inputs_keep_the_order_of_the_model(package: Any, converted: Any) -> None:
    a, b = package.Input((4,), name="a"), package.Input((4,), name="b")
    model = package.Model([b, a], package.layers.Add()([a, package.layers.ReLU()(b)]))
    assert [i.name for i in converted(model).inputs] == ["b", "a"]


def test_shared_layer_gives_two_blocks(package: Any, converted: Any) -> None:
    layers = package.layers
    a, b = package.Input((8, 8, 2)), package.Input((8, 8, 2))
    conv, norm = layers.Conv2D(3, 3, name="c"), layers.BatchNormalization(name="n")
    model = package.Model([a, b], layers.Add(name="c_3")([norm(conv(a)), norm(conv(b)), conv(a)]))
    graph = converted(model)
    assert [(x.name, x.op.kind) for x in graph.blocks[:-1]] == [("c", "conv2d"), ("c_2", "conv2d"), ("c_3", "conv2d")]
    assert graph.blocks[-1].name == "c_3_2"
    np.testing.assert_array_equal(graph.blocks[0].kernel, graph.blocks[1].kernel)


def test_nested_models(package: Any, converted: Any) -> None:
    layers = package.layers
    x = package.Input((8, 8, 2))
    y = layers.Conv2D(3, 3, name="conv")(x)
    inner = package.Model(x, [layers.ReLU()(y), layers.MaxPooling2D()(y)], name="inner")
    deep = package.Sequential([package.Input((8, 8, 2)), layers.DepthwiseConv2D(3, padding="same")], name="deep")
    head = package.Sequential([layers.Flatten(), layers.Dense(4, name="dense")], name="head")
    image = package.Input((8, 8, 2))
    first, second = inner(image)
    third = inner(deep(image))[0]
    outputs = [head(first), layers.Flatten()(second), layers.GlobalMaxPooling2D()(third)]
    graph = converted(package.Model(image, outputs))
    assert {"inner_conv", "inner_conv_2", "head_dense"} <= set(graph.by_name)
    assert [graph.by_name[n].op.kind for n in graph.by_name["inner_conv_2"].inputs] == ["depthwise_conv2d"]


def test_model_inside_a_sequential_model(package: Any, converted: Any) -> None:
    layers = package.layers
    inner = package.Sequential([package.Input((6,)), layers.Dense(5), layers.BatchNormalization()], name="inner")
    graph = converted(package.Sequential([package.Input((6,)), inner, layers.ReLU(), layers.Dense(2, name="last")]))
    assert [b.op.kind for b in graph.blocks] == ["dense", "dense"]
    assert graph.outputs == ("last",)


def test_part_of_a_model(package: Any, converted: Any) -> None:
    whole = residual_network(package)
    middle = next(layer for layer in whole.layers if isinstance(layer, package.layers.Add))
    part = package.Model(whole.input, middle.output)
    assert converted(part).blocks[-1].op.kind == "add"


def test_sequential_model_built_by_its_first_batch(package: Any, converted: Any) -> None:
    model = package.Sequential([package.layers.Dense(4), package.layers.ReLU()])
    model(np.zeros((1, 3), np.float32))
    assert len(converted(model).blocks) == 1


def test_subclass_with_a_training_step_of_its_own(package: Any, converted: Any) -> None:
    class Own(package.Model):
        def train_step(self, *args: Any) -> Any:
            raise NotImplementedError

    x = package.Input((4,))
    converted(Own(x, package.layers.Dense(2)(x)))


def test_subclass_of_a_layer_that_only_sets_options(package: Any, converted: Any) -> None:
    class Conv3x3(package.layers.Conv2D):
        def __init__(self, filters: int, **options: Any) -> None:
            super().__init__(filters, 3, padding="same", **options)

    converted(package.Sequential([package.Input((5, 5, 2)), Conv3x3(4)]))


def test_output_that_is_an_input_and_the_same_output_twice(package: Any) -> None:
    x = package.Input((4,), name="x")
    y = package.layers.Dense(3, name="y")(x)
    passed = from_keras(package.Model(x, [package.layers.Dropout(0.5)(x), y]))
    twice = from_keras(package.Model(x, [y, package.layers.Dropout(0.5)(y)]))
    assert (passed.outputs, twice.outputs) == (("x", "y"), ("y", "y"))
    plan = run_scheme("quant8", twice, np.ones((3, 4)))
    with pytest.raises(GraphError, match="its input 'x' is also an output"):
        quantize_graph(passed, plan)
    with pytest.raises(GraphError, match="'y' is an output more than once"):
        quantize_graph(twice, plan)


def test_name_of_the_graph(package: Any) -> None:
    model = package.Sequential([package.Input((4,)), package.layers.Dense(3)], name="mine")
    assert from_keras(model).name == "mine"
    assert from_keras(model, name="other").name == "other"
