"""ResNet-20 as float Keras model and as 8-bit QKeras model, with the same weights."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from hlsq.formats import Affine, PowerOfTwo
from hlsq.graph import Activation, Block, Graph, GraphInput
from hlsq.graph.ops import Add, AveragePool2D, Conv2D, Dense
from hlsq.plan import BlockPlan, Plan


def keras_resnet20() -> Any:
    """The float model; pretrained where the weights are at hand, else random (speed does not depend on them)."""
    from hlsq.data import load_resnet20_weights
    from hlsq.zoo.resnet20 import resnet20

    return resnet20(load_resnet20_weights() if os.environ.get("HLSQ_DATA") else None)


def images(count: int) -> np.ndarray:
    """Normalised CIFAR-10 test images, or random ones where the data set is not at hand."""
    if os.environ.get("HLSQ_DATA"):
        from hlsq.data import load_cifar10
        from hlsq.zoo.resnet20 import preprocess

        return preprocess(load_cifar10()[1][0][:count])
    return np.random.default_rng(0).normal(size=(count, 32, 32, 3)).astype(np.float32)


def labelled_images(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Images and their labels; random labels where the data set is not at hand (little can then be given up early)."""
    if os.environ.get("HLSQ_DATA"):
        from hlsq.data import load_cifar10

        return images(count), load_cifar10()[1][1][:count]
    return images(count), np.random.default_rng(1).integers(0, 10, count)


def convolution_chain(layers: int) -> tuple[Graph, Plan]:
    """So many small convolutions in a row, weights in powers of two."""
    rng = np.random.default_rng(3)
    shape = (8, 8, 4)
    output = Affine(8, 0.04, signed=False)
    blocks, plans = [], {}
    for i in range(layers):
        name = f"conv{i}"
        source = f"conv{i - 1}" if i else "x"
        kernel = rng.normal(size=(3, 3, 4, 4))
        relu = Activation(relu=True)
        blocks.append(Block(name, Conv2D((1, 1), (1, 1, 1, 1)), (source,), kernel, activation=relu))
        plans[name] = BlockPlan(weight=PowerOfTwo(scale=0.01), output=output)
    graph = Graph("chain", (GraphInput("x", shape),), tuple(blocks), (f"conv{layers - 1}",))
    return graph, Plan("chain", "fold", {"x": Affine(8, 0.03, 120, signed=False)}, plans)


RELU_BITS, LINEAR_BITS = "ufixed<8,3,RND_CONV,SAT>", "fixed<8,4,RND_CONV,SAT>"
"""hls4ml's words for the activation quantizers of ``qkeras_resnet20``."""


def qkeras_resnet20(graph: Graph, *, plain_activations: bool = False) -> Any:
    """The network as QKeras and hls4ml users would build it: batch norms folded, 8-bit weights and activations.

    With ``plain_activations`` the activations are Keras's own under the same names, ``..._relu`` and ``..._bits``:
    hls4ml 1.3 cannot read those of QKeras on Keras 3, and takes their precisions from its configuration instead.
    """
    import keras
    import qkeras

    folded = graph.fold_batch_norm()
    layers = keras.layers

    def bits(values: np.ndarray) -> Any:
        integer = max(0, int(np.ceil(np.log2(float(np.abs(values).max() or 1.0)))))
        return qkeras.quantized_bits(8, integer, 1, alpha=1)

    def linear(integer: int, name: str) -> Any:
        if plain_activations:
            return layers.Activation("linear", name=f"{name}_bits")
        return qkeras.QActivation(qkeras.quantized_bits(8, integer, 1, alpha=1), name=f"{name}_bits")

    def relu(name: str) -> Any:
        if plain_activations:
            return layers.ReLU(name=f"{name}_relu")
        return qkeras.QActivation(qkeras.quantized_relu(8, 3), name=f"{name}_relu")

    item = folded.inputs[0]
    tensors = {item.name: keras.Input(item.shape, name=item.name)}
    x = tensors[item.name]
    tensors[item.name] = linear(2, "input")(x)
    weights: dict[str, list[np.ndarray]] = {}
    for block in folded.blocks:
        sources = [tensors[name] for name in block.inputs]
        if isinstance(block.op, Conv2D):
            assert block.kernel is not None
            kh, kw, _, out = block.kernel.shape
            y = sources[0]
            if any(block.op.padding):
                top, bottom, left, right = block.op.padding
                y = layers.ZeroPadding2D(((top, bottom), (left, right)), name=f"{block.name}_pad")(y)
            bias = np.zeros(out) if block.bias is None else block.bias
            y = qkeras.QConv2D(
                out, (kh, kw), strides=block.op.strides, name=block.name,
                kernel_quantizer=bits(block.kernel), bias_quantizer=bits(bias),
            )(y)  # fmt: skip
            weights[block.name] = [block.kernel, bias]
        elif isinstance(block.op, Add):
            y = layers.Add(name=block.name)(sources)
        elif isinstance(block.op, AveragePool2D):
            y = layers.GlobalAveragePooling2D(name=block.name)(sources[0])
        else:
            assert isinstance(block.op, Dense)
            assert block.kernel is not None
            assert block.bias is not None
            y = qkeras.QDense(
                block.kernel.shape[1], name=block.name,
                kernel_quantizer=bits(block.kernel), bias_quantizer=bits(block.bias),
            )(sources[0])  # fmt: skip
            weights[block.name] = [block.kernel, block.bias]
        if block.activation.relu:
            y = relu(block.name)(y)
        elif isinstance(block.op, Conv2D):
            y = linear(3, block.name)(y)
        tensors[block.name] = y
    model = keras.Model(x, tensors[folded.outputs[0]])
    for name, values in weights.items():
        model.get_layer(name).set_weights(values)
    return model
