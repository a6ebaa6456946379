"""A small residual network."""

import numpy as np
from networks import NetworkBuilder

from hlsq.formats import Affine, PowerOfTwo
from hlsq.graph import Activation, Graph
from hlsq.graph.ops import Add, AveragePool2D, Conv2D, Dense
from hlsq.plan import BlockPlan, Plan

UNSIGNED = Affine(8, 0.04, signed=False)


def small_network() -> tuple[Graph, Plan]:
    """Two convolutions with a skip connection, global average pooling, dense; shift and multiply PEs."""
    b = NetworkBuilder(np.random.default_rng(3))
    weight = PowerOfTwo(scale=0.01)
    relu = Activation(relu=True)
    pads = (1, 1, 1, 1)
    b.input("image", (6, 6, 2), Affine(8, 0.03, 120, signed=False))
    x = b.add(
        "conv/first", Conv2D((1, 1), pads), ["image"], kernel=b.kernel(3, 3, 2, 4), bias=b.rng.normal(size=4),
        activation=relu, plan=BlockPlan(weight=weight, output=UNSIGNED),
    )  # fmt: skip
    y = b.add(
        "conv/second", Conv2D((1, 1), pads), [x], kernel=b.kernel(3, 3, 4, 4), bias=b.rng.normal(size=4),
        plan=BlockPlan(weight=weight, output=Affine(8, 0.05, 7)),
    )  # fmt: skip
    x = b.add("sum", Add(), [x, y], activation=relu, plan=BlockPlan(output=UNSIGNED))
    x = b.add("pool", AveragePool2D((6, 6), (6, 6), squeeze=True), [x], plan=BlockPlan(output=UNSIGNED))
    b.add("class", Dense(), [x], kernel=b.kernel(4, 3), plan=BlockPlan(weight=Affine(8, 0.01, symmetric=True)))
    return b.build(["class"])
