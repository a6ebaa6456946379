"""Accuracy on real data: the pretrained ResNet-20 on CIFAR-10, calibrated on training images.

Five hundred test images stand for all ten thousand here: these tests find regressions, benchmarks print the figures.
Two images fewer than now are bearable.
"""

import numpy as np
import pytest
from numpy.typing import NDArray

from hlsq.calibration import Calibration, calibrate
from hlsq.data import load_cifar10
from hlsq.emulate.emulator import Emulator
from hlsq.emulate.real import run_float
from hlsq.graph import Graph
from hlsq.graph.lowering import quantize_graph
from hlsq.schemes import get_scheme
from hlsq.zoo.resnet20 import preprocess

pytestmark = pytest.mark.realdata

IMAGES = 500
TestSet = tuple[NDArray[np.float32], NDArray[np.int64]]


@pytest.fixture(scope="module")
def test_set() -> TestSet:
    _, (x, y) = load_cifar10()
    return preprocess(x[:IMAGES]), y[:IMAGES]


@pytest.fixture(scope="module")
def calibration(resnet20: Graph) -> Calibration:
    (x, _), _ = load_cifar10()
    return calibrate(resnet20, preprocess(x[:256]))


def accuracy(logits: NDArray[np.generic], labels: NDArray[np.int64]) -> float:
    return 100 * float((logits.argmax(axis=1) == labels).mean())


def test_float(resnet20: Graph, test_set: TestSet) -> None:
    x, y = test_set
    assert accuracy(run_float(resnet20, {"image": x})["fc"], y) == pytest.approx(94.8, abs=0.11)


@pytest.mark.parametrize(
    ("scheme", "options", "least"),
    [
        ("quant8", {}, 93.4),
        ("quant8", {"per_channel": True}, 92.6),
        ("quant8", {"calibration_method": "percentile"}, 93.6),
        ("quant8", {"calibration_method": "mse"}, 93.4),
        ("quant8", {"calibration_method": "entropy"}, 93.8),
        ("quant8", {"batch_norm": "refine"}, 93.6),
        ("doubleq", {}, 87.4),
        ("doubleq", {"last_layer": "doubleq"}, 86.6),
        ("fixed", {}, 92.4),
        ("fixed", {"weight_width": 16, "activation_width": 16}, 94.4),
        ("fixed", {"weight_width": 6}, 92.2),
    ],
)
def test_quantised(
    resnet20: Graph,
    calibration: Calibration,
    test_set: TestSet,
    scheme: str,
    options: dict[str, object],
    least: float,
) -> None:
    x, y = test_set
    plan = get_scheme(scheme)(**options).plan(resnet20, calibration)
    logits = Emulator(quantize_graph(resnet20, plan)).run(x).outputs["fc"]
    assert accuracy(logits, y) >= least
