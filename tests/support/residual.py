"""A small residual network in floating point, for schemes to quantise."""

from __future__ import annotations

import numpy as np

from hlsq.graph import Activation, Block, Graph, GraphInput
from hlsq.graph.ops import Add, AveragePool2D, Conv2D, Dense

SAME = (1, 1, 1, 1)


def residual_network(channels: int = 8) -> Graph:
    """Convolutions with a shortcut, a global average over 8 x 8, and a dense layer; input ``image``, output ``fc``."""
    rng = np.random.default_rng(0)
    relu = Activation(relu=True)

    def conv(name: str, source: str, taps: int, activation: Activation = relu) -> Block:
        kernel = rng.normal(size=(3, 3, taps, channels)) / np.sqrt(9 * taps)
        bias = rng.normal(size=channels) / 8
        return Block(name, Conv2D(padding=SAME), (source,), kernel=kernel, bias=bias, activation=activation)

    blocks = (
        conv("first", "image", 3),
        conv("inner", "first", channels),
        conv("outer", "inner", channels, Activation()),
        Block("sum", Add(), ("outer", "first"), activation=relu),
        Block("pool", AveragePool2D((8, 8), (8, 8), squeeze=True), ("sum",)),
        Block("fc", Dense(), ("pool",), kernel=rng.normal(size=(channels, 5)), bias=rng.normal(size=5)),
    )
    return Graph("residual", (GraphInput("image", (8, 8, 3)),), blocks, ("fc",))


def residual_samples(count: int) -> np.ndarray:
    """Inputs, shape [count, 8, 8, 3]."""
    return np.random.default_rng(1).normal(size=(count, 8, 8, 3))
