"""Formats from extremes, data-structures, and the fraction length of smallest cost."""

import numpy as np
import pytest
from fxp_plain import refined

from hlsq.formats import FixedPoint
from hlsq.graph import Graph
from hlsq.schemes.fxp.clusters import clusters
from hlsq.schemes.fxp.fraction import best_fraction
from hlsq.schemes.fxp.initial import STRATEGIES, initial_format
from hlsq.schemes.fxp.structures import Structures


@pytest.mark.parametrize("width", [2, 5, 8, 16, 32])
@pytest.mark.parametrize(("low", "high"), [(0.0, 6.3), (-1.0, 0.7), (-0.3, 12.0), (0.01, 0.02), (-700.0, -2.0)])
def test_conservative_formats_saturate_nothing_and_aggressive_ones_are_finer(
    low: float, high: float, width: int
) -> None:
    conservative, neutral, aggressive = (initial_format(low, high, width, s) for s in STRATEGIES)
    assert conservative.signed == (low < 0)
    step = conservative.step
    assert conservative.qmin * step <= low
    assert high <= conservative.qmax * step
    finer = FixedPoint(width, conservative.frac + 1, conservative.signed)
    assert finer.qmin * finer.step > low or high > finer.qmax * finer.step, "the next finer format must saturate"
    assert conservative.frac <= neutral.frac <= aggressive.frac <= conservative.frac + 1


def test_neutral_rounds_to_the_nearest_power_of_two() -> None:
    assert initial_format(0, 255 * 1.1, 8, "neutral").frac == 0
    assert initial_format(0, 255 * 1.9, 8, "neutral").frac == -1


def test_zeros_get_any_format() -> None:
    assert initial_format(0.0, 0.0, 4, "conservative") == FixedPoint(4, 0, signed=False)


def test_a_single_bit_holds_signs_or_a_power_of_two() -> None:
    assert initial_format(-1.0, 0.5, 1, "conservative") == FixedPoint(1, 0, signed=True)
    assert initial_format(0.0, 0.25, 1, "conservative") == FixedPoint(1, 2, signed=False)


def test_every_tensor_is_a_data_structure(zoo: Graph) -> None:
    found = Structures(zoo)
    keys = [s.key for s in found.all]
    assert keys[:2] == ["image.activation", "extra.activation"]
    assert [k for k in keys if k.startswith("conv.")] == ["conv.weight", "conv.scale", "conv.shift", "conv.activation"]
    assert [k for k in keys if k.startswith("mean.")] == ["mean.scale", "mean.activation"]
    assert "max.activation" not in keys, "max pooling hands on its input's format"
    assert "fc.activation" not in keys, "the network's output stays an accumulator"
    assert "both.activation" in keys
    by_key = found.by_key
    assert by_key["conv.weight"].size == 108
    assert by_key["conv.weight"].computes
    assert not by_key["conv.scale"].computes
    assert by_key["conv.activation"].size == 8 * 8 * 4
    assert float(found.values(by_key["mean.scale"])[0]) == 1 / 16


def test_edges_are_the_first_and_last_layers(resnet20_small: Graph) -> None:
    last = resnet20_small.blocks[-1]
    assert Structures(resnet20_small).edges == {
        "image.activation",
        "conv0.weight",
        f"{last.name}.weight",
        "pool.activation",
    }


def test_clusters_hold_equal_sizes_largest_first(resnet20_small: Graph) -> None:
    structures = Structures(resnet20_small).all
    found = clusters(structures)
    assert sum(len(c.members) for level in found.values() for c in level) == len(structures)
    for level, group in found.items():
        sizes = [c.size for c in group]
        assert sizes == sorted(set(sizes), reverse=True)
        for cluster in group:
            assert {s.size for s in cluster.members} == {cluster.size}
            assert {s.computes for s in cluster.members} == {level == 1}


@pytest.fixture
def resnet20_small() -> Graph:
    return refined(4, 3, residual=True)


@pytest.mark.parametrize("start", range(-6, 7))
@pytest.mark.parametrize("reach", [1, 2])
def test_best_fraction_of_a_convex_cost_is_its_minimum(start: int, reach: int) -> None:
    def cost(frac: int, bound: float) -> float:
        return float((frac - 1) ** 2)

    assert best_fraction(cost, start, reach) == (1, 0.0)


def test_best_fraction_looks_no_further_than_its_reach() -> None:
    asked = []

    def cost(frac: int, bound: float) -> float:
        asked.append(frac)
        return {0: 1.0, -1: 2.0, 1: 2.0, 2: 0.0}.get(frac, 3.0)

    assert best_fraction(cost, 0, 1) == (0, 1.0)
    assert asked == [0, -1, 1]
    assert best_fraction(cost, 0, 2) == (2, 0.0)


def test_of_equal_costs_the_first_stays() -> None:
    assert best_fraction(lambda frac, bound: 1.0, 3, 2) == (3, 1.0)


def test_impossible_everywhere_is_infinite() -> None:
    assert best_fraction(lambda frac, bound: np.inf, 3, 1) == (3, np.inf)
