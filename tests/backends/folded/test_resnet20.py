"""ResNet-20 on folded accelerators: what targets choose for real parts, and what they refuse."""

from __future__ import annotations

from typing import Any

import pytest

from hlsq.backends.vitis.folded.design import FoldedDesign
from hlsq.backends.vitis.options import HardwareOptions
from hlsq.converters.keras import from_keras
from hlsq.data import load_cifar10, load_resnet20_weights
from hlsq.errors import ResourceError
from hlsq.graph import QuantizedGraph
from hlsq.graph.lowering import quantize_graph
from hlsq.schemes import run_scheme
from hlsq.zoo.resnet20 import preprocess, resnet20

pytestmark = [pytest.mark.realdata, pytest.mark.slow(20)]


@pytest.fixture(scope="module")
def graph() -> QuantizedGraph:
    (images, _), _ = load_cifar10()
    network = from_keras(resnet20(load_resnet20_weights()))
    return quantize_graph(network, run_scheme("doubleq_ef", network, preprocess(images[:50])))


def design(graph: QuantizedGraph, **options: Any) -> FoldedDesign:
    return FoldedDesign(graph, HardwareOptions(architecture="folded", **options))


def test_the_fastest_that_fits(graph: QuantizedGraph) -> None:
    small, large = (design(graph, part=part) for part in ("xc7a100t", "xc7k325t"))
    for found in (small, large):
        assert found.estimate.fits
        assert max(found.estimate.utilization.values()) > 0.6, "a part is used as far as it may be"
        assert found.estimate.useful > 0.7
    assert small.program.pes >= 400
    assert large.program.pes >= 1152
    assert large.program.cycles < 42_000 < small.program.cycles


def test_paces(graph: QuantizedGraph) -> None:
    found = design(graph, target_interval=90_000)
    assert found.program.cycles <= 90_000
    assert found.program.pes <= 512
    assert design(graph, target_fps=1000).program.cycles <= 200_000
    with pytest.raises(
        ResourceError, match=r"target_interval=5000: a folded accelerator .*give target_interval=\d+ or"
    ):
        design(graph, target_interval=5000)


def test_a_part_that_cannot_hold_its_weights(graph: QuantizedGraph) -> None:
    with pytest.raises(
        ResourceError, match=r"does not fit xc7a35t.*block RAMs of 18 Kb.*most take 'engine0 weights'.*shorter codes of"
    ):
        design(graph, part="xc7a35t")
