"""ResNet-20 with its pretrained weights on real images."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hlsq.converters.keras import from_keras
from hlsq.data import load_cifar10, load_resnet20_weights
from hlsq.emulate.real import run_float
from hlsq.zoo.resnet20 import preprocess, resnet20


@pytest.mark.realdata
def test_resnet20_has_one_block_per_operation_and_the_same_logits(package: Any) -> None:
    model = resnet20(load_resnet20_weights(), library=package.__name__)
    graph = from_keras(model)
    kinds = [block.op.kind for block in graph.blocks]
    assert {kind: kinds.count(kind) for kind in kinds} == {"conv2d": 21, "add": 9, "average_pool2d": 1, "dense": 1}
    _, (images, labels) = load_cifar10()
    x = preprocess(images[:64])
    logits = run_float(graph, {graph.inputs[0].name: x})[graph.outputs[0]]
    expected = np.asarray(model(x, training=False))
    np.testing.assert_allclose(logits, expected, rtol=0, atol=1e-4 * np.abs(expected).max())
    assert np.mean(logits.argmax(-1) == labels[:64]) > 0.8
