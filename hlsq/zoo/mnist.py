"""The small MNIST network of the DNN2FPGA case study."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hlsq.zoo.backend import Library, keras_library


def preprocess(images: ArrayLike) -> NDArray[np.float32]:
    """Network input [samples, 28, 28, 1] from 0 to 1 of uint8 ``images`` [samples, 28, 28]."""
    return (np.asarray(images, dtype=np.float32) / np.float32(255))[..., None]


def mnist_cnn(library: Library = "keras") -> Any:
    """The untrained Keras model: two 3x3 convolutions of twelve filters, max pooling, and a dense layer of ten."""
    keras = keras_library(library)
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((28, 28, 1), name="image"),
            layers.Conv2D(12, 3, activation="relu", name="conv1"),
            layers.Conv2D(12, 3, activation="relu", name="conv2"),
            layers.MaxPooling2D(2, name="pool"),
            layers.Flatten(name="flatten"),
            layers.Dense(10, name="fc"),
        ],
        name="mnist",
    )


def train_mnist(
    model: Any, x: NDArray[Any], y: NDArray[Any], epochs: int = 2, library: Library = "keras", seed: int = 0
) -> Any:
    """Train ``model`` with Adam and cross-entropy as the case study does; returns Keras's history."""
    keras = keras_library(library)
    keras.utils.set_random_seed(seed)
    model.compile(
        optimizer=keras.optimizers.Adam(2e-3),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    return model.fit(x, y, batch_size=100, epochs=epochs, verbose=0)
