"""ResNet-20 for CIFAR-10, exactly as the network that DoubleQ quantises was trained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hlsq.errors import DataError, OptionError
from hlsq.zoo.backend import Library, keras_library

MEAN = np.array([0.491, 0.482, 0.447], dtype=np.float32)
STD = np.array([0.247, 0.243, 0.262], dtype=np.float32)
EPSILON = 1e-5
CHANNELS = (16, 32, 64)
BLOCKS = 3
SHORTCUT_KERNELS = (1, 3)


def preprocess(images: ArrayLike) -> NDArray[np.float32]:
    """Network input from uint8 RGB ``images`` [samples, 32, 32, 3]: scaled to 0..1, then normalised per colour."""
    scaled = np.asarray(images, dtype=np.float32) / np.float32(255)
    return (scaled - MEAN) / STD


def resnet20(
    weights: Mapping[str, NDArray[Any]] | None = None, library: Library = "keras", shortcut_kernel: int = 1
) -> Any:
    """The Keras model; inputs as ``preprocess`` gives them, outputs ten logits.

    A 3x3 convolution pads one pixel on every side, also where its stride is 2; there ``padding="same"`` would pad right
    and bottom only, so every 3x3 convolution has a ``ZeroPadding2D`` before it and ``padding="valid"``.

    Args:
        weights: arrays by PyTorch name (``hlsq.data.load_resnet20_weights``); None leaves Keras's random initial ones.
        library: the Keras to build with.
        shortcut_kernel: 1 or 3, of the convolutions beside blocks that change the shape. He et al.'s ResNet-20 has 3x3
            ones: 42.91 million multiplications an image instead of 40.81; there are no pretrained weights of it.

    Raises:
        OptionError: another ``shortcut_kernel``.
        DataError: an array is missing or has another shape.
    """
    if shortcut_kernel not in SHORTCUT_KERNELS:
        raise OptionError.unknown("shortcut_kernel", shortcut_kernel, map(str, SHORTCUT_KERNELS))
    keras = keras_library(library)
    layers = keras.layers
    x = inputs = keras.Input((32, 32, 3), name="image")
    x = _conv_bn(layers, x, "conv1", "bn1", CHANNELS[0], 3, 1)
    x = layers.ReLU(name="relu1")(x)
    for stage, channels in enumerate(CHANNELS, start=1):
        for index in range(BLOCKS):
            stride = 2 if stage > 1 and index == 0 else 1
            x = _residual(layers, x, f"layer{stage}_{index}", channels, stride, shortcut_kernel)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    outputs = layers.Dense(10, name="fc")(x)
    model = keras.Model(inputs, outputs, name="resnet20")
    if weights is not None:
        for layer in model.layers:
            if layer.weights:
                layer.set_weights(_arrays(weights, layer))
    return model


def _residual(layers: Any, x: Any, name: str, channels: int, stride: int, shortcut_kernel: int) -> Any:
    """A basic block: two 3x3 convolutions beside the identity, or a convolution where the shape changes."""
    y = _conv_bn(layers, x, f"{name}_conv1", f"{name}_bn1", channels, 3, stride)
    y = layers.ReLU(name=f"{name}_relu1")(y)
    y = _conv_bn(layers, y, f"{name}_conv2", f"{name}_bn2", channels, 3, 1)
    if stride != 1:
        x = _conv_bn(layers, x, f"{name}_downsample_0", f"{name}_downsample_1", channels, shortcut_kernel, stride)
    return layers.ReLU(name=f"{name}_relu2")(layers.Add(name=f"{name}_add")([y, x]))


def _conv_bn(layers: Any, x: Any, conv: str, norm: str, channels: int, kernel: int, stride: int) -> Any:
    if kernel == 3:
        x = layers.ZeroPadding2D(1, name=f"{conv}_pad")(x)
    x = layers.Conv2D(channels, kernel, strides=stride, padding="valid", use_bias=False, name=conv)(x)
    return layers.BatchNormalization(epsilon=EPSILON, name=norm)(x)


def _arrays(weights: Mapping[str, NDArray[Any]], layer: Any) -> list[NDArray[Any]]:
    """Keras's arrays of ``layer``, in its order, from the PyTorch ones."""
    prefix = _torch_name(layer.name)
    kind = type(layer).__name__
    if kind == "BatchNormalization":
        arrays = [_take(weights, f"{prefix}.{part}") for part in ("weight", "bias", "running_mean", "running_var")]
    elif kind == "Dense":
        arrays = [_take(weights, f"{prefix}.weight").T, _take(weights, f"{prefix}.bias")]
    else:
        arrays = [_take(weights, f"{prefix}.weight").transpose(2, 3, 1, 0)]
    for array, variable in zip(arrays, layer.weights, strict=True):
        if array.shape != tuple(variable.shape):
            raise DataError(f"weights of {prefix!r}: shape {list(array.shape)} does not fit {list(variable.shape)}")
    return arrays


def _torch_name(name: str) -> str:
    """``layer1_0_conv1`` to ``layer1.0.conv1``."""
    return name.replace("_", ".") if name.startswith("layer") else name


def _take(weights: Mapping[str, NDArray[Any]], name: str) -> NDArray[Any]:
    if name not in weights:
        raise DataError(f"the weights have no array {name!r}; expected those of a CIFAR-10 ResNet-20")
    return np.asarray(weights[name])
