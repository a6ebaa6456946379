"""A small network with every kind of matrix product."""

import numpy as np
import pytest

from hlsq.graph import Activation, Block, Graph, GraphInput
from hlsq.graph.ops import AveragePool2D, Conv2D, Dense

RELU = Activation(relu=True)


@pytest.fixture(scope="session")
def graph() -> Graph:
    rng = np.random.default_rng(0)
    return Graph(
        "small",
        (GraphInput("image", (6, 6, 2)),),
        (
            Block("conv", Conv2D(padding=(1, 1, 1, 1)), ("image",), rng.normal(size=(3, 3, 2, 4)), activation=RELU),
            Block("mix", Conv2D(), ("conv",), rng.normal(size=(1, 1, 4, 5)), rng.normal(size=5)),
            Block("pool", AveragePool2D((6, 6), (6, 6), squeeze=True), ("mix",)),
            Block("fc", Dense(), ("pool",), rng.normal(size=(5, 3)), rng.normal(size=3)),
        ),
        ("fc",),
    )


@pytest.fixture(scope="session")
def two_inputs() -> Graph:
    rng = np.random.default_rng(1)
    return Graph(
        "two",
        (GraphInput("left", (3,)), GraphInput("right", (4,))),
        (
            Block("a", Dense(), ("left",), rng.normal(size=(3, 2))),
            Block("b", Dense(), ("right",), rng.normal(size=(4, 2))),
        ),
        ("a", "b"),
    )
