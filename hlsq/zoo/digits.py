"""A small residual network for scikit-learn's 8x8 digits; it trains in well under a minute on one core."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from hlsq.zoo.backend import Library, keras_library


def digits_cnn(library: Library = "keras", channels: int = 16, dropout: float = 0.1) -> Any:
    """The untrained Keras model: input [8, 8, 1] from 0 to 1 (``hlsq.data.digits``), outputs ten logits.

    A 3x3 convolution, a residual block, a strided residual block with a 1x1 shortcut, global average pooling and a
    dense layer: every kind of block that ResNet-20 has, in about 20,000 parameters.

    Args:
        library: which Keras.
        channels: of the first half; the second has twice as many.
        dropout: rate after each ReLU. A network trained with it bears the rounding of its weights to powers of two far
            better.
    """
    keras = keras_library(library)
    layers = keras.layers

    def conv_bn(x: Any, name: str, channels: int, kernel: int = 3, stride: int = 1) -> Any:
        x = layers.Conv2D(channels, kernel, strides=stride, padding="same", use_bias=False, name=name)(x)
        return layers.BatchNormalization(name=f"{name}_bn")(x)

    def relu(x: Any, name: str) -> Any:
        return layers.Dropout(dropout, name=f"{name}_dropout")(layers.ReLU(name=name)(x))

    def residual(x: Any, name: str, channels: int, stride: int) -> Any:
        y = relu(conv_bn(x, f"{name}_conv1", channels, stride=stride), f"{name}_relu1")
        y = conv_bn(y, f"{name}_conv2", channels)
        if stride != 1:
            x = conv_bn(x, f"{name}_shortcut", channels, kernel=1, stride=stride)
        return relu(layers.Add(name=f"{name}_add")([y, x]), f"{name}_relu2")

    x = inputs = keras.Input((8, 8, 1), name="image")
    x = relu(conv_bn(x, "conv1", channels), "conv1_relu")
    x = residual(x, "block1", channels, stride=1)
    x = residual(x, "block2", 2 * channels, stride=2)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    outputs = layers.Dense(10, name="fc")(x)
    return keras.Model(inputs, outputs, name="digits")


def train_digits(
    model: Any, x: NDArray[Any], y: NDArray[Any], epochs: int = 60, library: Library = "keras", seed: int = 0
) -> Any:
    """Train ``model`` on images ``x`` [samples, 8, 8, 1] with labels ``y``; returns Keras's history."""
    keras = keras_library(library)
    keras.utils.set_random_seed(seed)
    steps = epochs * -(-len(x) // 64)
    rate = keras.optimizers.schedules.CosineDecay(4e-3, steps)
    model.compile(
        optimizer=keras.optimizers.Adam(rate),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    return model.fit(x, y, batch_size=64, epochs=epochs, verbose=0)
