"""A block that stands for several layers knows each by its own class, for messages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hlsq.converters.keras.convert import draft_from_keras

CASES: dict[str, tuple[list[tuple[str, ...]], Callable[[Any], list[Any]]]] = {
    "batch norm and activation": (
        [("c", "b", "r")],
        lambda k: [k.Conv2D(3, 3, name="c"), k.BatchNormalization(name="b"), k.ReLU(name="r")],
    ),
    "batch norms": (
        [("c", "b", "b2")],
        lambda k: [k.Conv2D(3, 3, name="c"), k.BatchNormalization(name="b"), k.BatchNormalization(name="b2")],
    ),
    "a batch norm alone": ([("b", "r")], lambda k: [k.BatchNormalization(name="b"), k.LeakyReLU(0.5, name="r")]),
    "padding": (
        [("p", "q", "c", "r")],
        lambda k: [
            k.ZeroPadding2D(name="p"), k.ZeroPadding2D(name="q"), k.DepthwiseConv2D(3, name="c"), k.ReLU(name="r"),
        ],
    ),
    "pooling between": (
        [("c", "r"), ("m",)],
        lambda k: [k.Conv2D(3, 3, name="c"), k.MaxPooling2D(name="m"), k.ReLU(name="r")],
    ),
    "host": ([("d", "s")], lambda k: [k.Dense(3, name="d"), k.Softmax(name="s")]),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_every_layer_is_named_with_its_own_class(name: str, package: Any) -> None:
    joined, build = CASES[name]
    model = package.Sequential([package.Input((8, 8, 2)), *build(package.layers)])
    draft = draft_from_keras(model)
    assert [node.block.layers for node in draft.nodes] == joined
    for node in draft.nodes:
        for layer in node.block.layers:
            kind = type(model.get_layer(layer)).__name__
            assert (
                str(node.refuse("wrong", "right", layer=layer)) == f"layer {layer!r} ({kind}): wrong; supported: right"
            )
        kind = type(model.get_layer(node.layer)).__name__
        assert str(node.refuse("wrong", "right")).startswith(f"layer {node.layer!r} ({kind}): ")
        assert node.kind == kind
