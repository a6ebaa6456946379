"""Two levels."""

from collections.abc import Mapping

import numpy as np
import pytest
from numpy.typing import NDArray

from hlsq.formats import Affine, PowerOfTwo
from hlsq.graph import Graph
from hlsq.graph.lowering import quantize_graph
from hlsq.schemes import run_scheme

Samples = Mapping[str, NDArray[np.float64]]


def second_level(integers: NDArray[np.int64]) -> list[int]:
    """DoubleQ Table 2, spelt out."""
    return [0 if i == 0 else int(np.sign(i)) * 2 ** round(float(np.log2(abs(i)))) for i in integers.ravel().tolist()]


@pytest.mark.parametrize("per_channel", [False, True])
def test_integers_are_those_of_the_paper(zoo: Graph, samples: Samples, per_channel: bool) -> None:
    plan = run_scheme("doubleq", zoo, samples, per_channel=per_channel)
    quantized = quantize_graph(zoo, plan)
    folded = zoo.fold_batch_norm()
    for name in ("conv", "deep", "hidden"):
        kernel = folded.by_name[name].kernel
        assert kernel is not None
        axes = tuple(range(kernel.ndim - 1)) if per_channel else None
        integers = np.rint(kernel / np.abs(kernel).max(axis=axes) * 127).astype(np.int64)
        weights = quantized.by_name[name].weights
        assert weights is not None
        assert weights.values.ravel().tolist() == second_level(integers)
        assert weights.format.bits == 5
        assert isinstance(plan.blocks[name].first_level, Affine)


def test_the_second_level_matters(zoo: Graph, samples: Samples) -> None:
    plan = run_scheme("doubleq", zoo, samples)
    conv = plan.blocks["conv"]
    kernel = zoo.fold_batch_norm().by_name["conv"].kernel
    assert conv.first_level is not None
    assert conv.weight is not None
    assert kernel is not None
    first = conv.first_level.quantize(kernel)
    assert second_level(first) != first.ravel().tolist()
    # Going to powers of two at once gives other integers than the two levels do, though rarely.
    assert conv.weight.quantize(conv.first_level.fake_quantize(kernel)).ravel().tolist() == second_level(first)


def test_last_layer_is_an_option(zoo: Graph, samples: Samples) -> None:
    kept = run_scheme("doubleq", zoo, samples)
    assert isinstance(kept.blocks["fc"].weight, Affine)
    assert isinstance(kept.blocks["side"].weight, Affine), "the last layer of another branch"
    assert isinstance(kept.blocks["hidden"].weight, PowerOfTwo), "a dense layer with another after it"
    coded = run_scheme("doubleq", zoo, samples, last_layer="doubleq")
    assert isinstance(coded.blocks["fc"].weight, PowerOfTwo)
    for plan in (kept, coded):
        assert isinstance(plan.blocks["deep"].weight, PowerOfTwo), "depthwise convolutions included"
        assert isinstance(plan.blocks["gain"].weight, Affine), "a batch norm on its own is no convolution"


def test_activations_are_those_of_quant8(zoo: Graph, samples: Samples) -> None:
    double, single = run_scheme("doubleq", zoo, samples), run_scheme("quant8", zoo, samples)
    assert double.inputs == single.inputs
    assert {n: b.output for n, b in double.blocks.items()} == {n: b.output for n, b in single.blocks.items()}
