"""Accuracy with error feedback on real data: the pretrained ResNet-20, every layer power-of-two, no retraining.

A few calibration images and a thousand test images stand for all: these tests find regressions.
"""

import numpy as np
import pytest

from hlsq.data import load_cifar10
from hlsq.emulate.emulator import Emulator
from hlsq.formats import PowerOfTwo
from hlsq.graph import Graph
from hlsq.graph.lowering import quantize_graph
from hlsq.graph.quantized import DyadicRequant
from hlsq.schemes import run_scheme
from hlsq.zoo.resnet20 import preprocess

pytestmark = [pytest.mark.realdata, pytest.mark.slow(12)]

CALIBRATION = 300
IMAGES = 1000


@pytest.mark.parametrize(("bits", "scale", "least"), [(3, "free", 92.0), (4, "power_of_two", 92.7)])
def test_accuracy(resnet20: Graph, bits: int, scale: str, least: float) -> None:
    """The float network has 94.2 % on these images, plain rounding to five bits 86 %."""
    (train, _), (x, y) = load_cifar10()
    plan = run_scheme("doubleq_ef", resnet20, preprocess(train[:CALIBRATION]), code_bits=bits, scale=scale)
    quantized = quantize_graph(resnet20, plan)
    for block in quantized.blocks:
        if block.weights is not None:
            assert isinstance(block.weights.format, PowerOfTwo)
            assert block.weights.format.bits == bits
        if scale == "power_of_two" and block.requant is not None:
            assert isinstance(block.requant, DyadicRequant)
            assert block.requant.is_shift
    logits = Emulator(quantized).run(preprocess(x[:IMAGES])).outputs["fc"]
    assert 100 * np.mean(logits.argmax(axis=1) == y[:IMAGES]) >= least
