"""Random networks: whatever the layers around it, merging changes nothing that the network computes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

SEEDS = range(40)
MAX_LAYERS = 12


class RandomNetwork:
    """Grows a network by layers that fit; earlier tensors are read again now and then."""

    def __init__(self, package: Any, seed: int) -> None:
        self.layers = package.layers
        self.rng = np.random.default_rng(seed)
        image = package.Input((9, 7, 2))
        self.maps = [image]
        count = int(self.rng.integers(3, MAX_LAYERS))
        while len(self.maps) <= count:
            self.maps.append(self.grow(self.maps[-1] if self.rng.random() < 0.75 else self.pick(self.maps)))
        outputs = [self.maps[-1]]
        if self.rng.random() < 0.4:
            outputs.append(self.pick(self.maps[1:]))
        if self.rng.random() < 0.5:
            outputs.append(self.head(self.maps[-1]))
        self.model = package.Model(image, outputs)

    def pick(self, values: Any) -> Any:
        return values[self.rng.integers(len(values))]

    def grow(self, x: Any) -> Any:
        layers, channels = self.layers, x.shape[-1]
        small = x.shape[1] < 4 or x.shape[2] < 4
        padding = "same" if small else self.pick(["same", "valid"])
        stride = 1 if small else int(self.rng.integers(1, 3))
        activation = self.pick([None, None, "relu"])
        filters, kind = int(self.rng.integers(1, 5)), self.rng.integers(14)
        if kind == 0:
            return layers.Conv2D(filters, 3, strides=stride, padding=padding, activation=activation)(x)
        if kind == 1:
            return layers.DepthwiseConv2D(2, strides=stride, padding=padding, use_bias=False)(x)
        if kind == 2:
            return layers.SeparableConv2D(filters, 3, padding=padding, activation=activation)(x)
        if kind in (3, 4):
            return layers.BatchNormalization()(x)
        if kind in (5, 6):
            return self.pick([layers.ReLU(), layers.ReLU(0.7), layers.LeakyReLU(0.25)])(x)
        if kind == 7:
            return layers.ZeroPadding2D(((1, 0), (0, 2)))(x)
        if kind == 8:
            return layers.MaxPooling2D(2, strides=stride, padding=padding)(x)
        if kind == 9:
            return layers.AveragePooling2D(3, strides=stride, padding="same")(x)
        same = [m for m in self.maps if m.shape == x.shape]
        if kind == 10:
            return layers.Add()([x, self.pick(same)])
        if kind == 11 and channels < 8:
            return layers.Concatenate()([x, self.pick(same)])
        if kind == 12:
            return layers.Dense(filters, activation=activation)(layers.Dropout(0.2)(x))
        return layers.Reshape((x.shape[2], x.shape[1], channels))(x)

    def head(self, x: Any) -> Any:
        x = self.pick([self.layers.Flatten(), self.layers.GlobalAveragePooling2D(), self.layers.GlobalMaxPooling2D()])(
            x
        )
        for layer in (self.layers.BatchNormalization(), self.layers.ReLU(), self.layers.Dense(3, activation="softmax")):
            if self.rng.random() < 0.6:
                x = layer(x)
        return x


@pytest.mark.parametrize("seed", SEEDS)
def test_random_network(seed: int, package: Any, converted: Any) -> None:
    graph = converted(RandomNetwork(package, seed).model, may_be_zero=True)
    assert all(block.layers for block in graph.blocks)
