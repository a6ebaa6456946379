"""Networks that the tests of this folder share."""

from collections.abc import Mapping

import numpy as np
import pytest
from numpy.typing import NDArray

from hlsq.graph import Activation, Block, ChannelScale, Graph, GraphInput
from hlsq.graph.ops import (
    Add,
    AveragePool2D,
    Concatenate,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    MaxPool2D,
    Reshape,
    ZeroPad2D,
)

RELU = Activation(relu=True)
Weights = Mapping[str, NDArray[np.float32]]


def resnet20_graph(weights: Weights) -> Graph:
    """The pretrained ResNet-20 as float blocks, batch norms refined, built without any framework."""
    blocks: list[Block] = []

    def conv(name: str, norm: str, source: str, padding: int, stride: int, activation: Activation) -> str:
        gain = weights[f"{norm}.weight"] / np.sqrt(weights[f"{norm}.running_var"].astype(np.float64) + 1e-5)
        shift = weights[f"{norm}.bias"] - weights[f"{norm}.running_mean"] * gain
        blocks.append(
            Block(
                name=name.replace(".", "_"),
                op=Conv2D(strides=(stride, stride), padding=(padding,) * 4),
                inputs=(source,),
                kernel=weights[f"{name}.weight"].transpose(2, 3, 1, 0).astype(np.float64),
                scale=ChannelScale(gain, shift),
                activation=activation,
            )
        )
        return blocks[-1].name

    source = conv("conv1", "bn1", "image", 1, 1, RELU)
    for stage in (1, 2, 3):
        for index in (0, 1, 2):
            base = f"layer{stage}.{index}"
            stride = 2 if stage > 1 and index == 0 else 1
            first = conv(f"{base}.conv1", f"{base}.bn1", source, 1, stride, RELU)
            second = conv(f"{base}.conv2", f"{base}.bn2", first, 1, 1, Activation())
            if stride == 2:
                source = conv(f"{base}.downsample.0", f"{base}.downsample.1", source, 0, 2, Activation())
            blocks.append(Block(f"layer{stage}_{index}_add", Add(), (second, source), activation=RELU))
            source = blocks[-1].name
    blocks.append(Block("pool", AveragePool2D(pool=(8, 8), strides=(8, 8), squeeze=True), (source,)))
    kernel, bias = weights["fc.weight"].T.astype(np.float64), weights["fc.bias"].astype(np.float64)
    blocks.append(Block("fc", Dense(), ("pool",), kernel=kernel, bias=bias))
    return Graph("resnet20", (GraphInput("image", (32, 32, 3)),), tuple(blocks), ("fc",))


@pytest.fixture(scope="session")
def resnet20() -> Graph:
    from hlsq.data import load_resnet20_weights

    return resnet20_graph(load_resnet20_weights())


SHORT = Activation(relu=True, max_value=6.0)


def zoo_graph() -> Graph:
    """One block of every kind, two inputs and three outputs; batch norms with very different gains."""
    rng = np.random.default_rng(5)

    def norm(channels: int) -> ChannelScale:
        return ChannelScale(rng.uniform(-2, 2, channels), rng.normal(size=channels))

    def kernel(*shape: int) -> NDArray[np.float64]:
        return rng.normal(size=shape) / np.sqrt(np.prod(shape[:-1]))

    pads = (1, 1, 1, 1)
    return Graph(
        "zoo",
        (GraphInput("image", (8, 8, 3)), GraphInput("extra", (4,))),
        (
            Block("pad", ZeroPad2D(pads), ("image",)),
            Block("conv", Conv2D(), ("pad",), kernel(3, 3, 3, 4), scale=norm(4), activation=RELU),
            Block("gain", DepthwiseConv2D(), ("conv",), rng.uniform(0.1, 3, (1, 1, 4)), rng.normal(size=4)),
            Block("deep", DepthwiseConv2D(padding=pads), ("gain",), kernel(3, 3, 4), scale=norm(4), activation=SHORT),
            Block("add", Add(), ("deep", "conv"), scale=norm(4), activation=RELU),
            Block("both", Concatenate(), ("add", "gain")),
            Block("max", MaxPool2D((2, 2), (2, 2)), ("both",)),
            Block("mean", AveragePool2D((4, 4), (4, 4), squeeze=True), ("max",)),
            Block("hidden", Dense(), ("mean",), kernel(8, 6), rng.normal(size=6), activation=RELU),
            Block("fc", Dense(), ("hidden",), kernel(6, 3), rng.normal(size=3)),
            Block("side", Dense(), ("extra",), kernel(4, 2), activation=RELU),
            Block("flat", Reshape((4 * 4 * 8,)), ("max",)),
        ),
        ("fc", "side", "flat"),
    )


@pytest.fixture(scope="session")
def zoo() -> Graph:
    return zoo_graph()


@pytest.fixture(scope="session")
def samples() -> dict[str, NDArray[np.float64]]:
    rng = np.random.default_rng(6)
    return {"image": rng.normal(size=(40, 8, 8, 3)), "extra": rng.uniform(0, 1, (40, 4))}
