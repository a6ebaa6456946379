"""Lowering to integers: requantisation constants, thresholds, interval analysis, refused plans."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from networks import NetworkBuilder, quantized_network, random_network

from hlsq.errors import PlanError, QuantizationError
from hlsq.formats import Affine, FixedPoint, Format, PowerOfTwo, Rounding
from hlsq.graph import Activation, DyadicRequant, Interval, ThresholdRequant
from hlsq.graph.lowering import quantize_graph
from hlsq.graph.lowering.requant import apply_requant, make_requant, nearest_dyadic, round_shift
from hlsq.graph.ops import Conv2D
from hlsq.plan import BlockPlan, Plan


@given(st.floats(1e-12, 65535.0))
def test_dyadic_numbers_are_close_and_small(value: float) -> None:
    d = nearest_dyadic(value)
    assert 1 <= d.multiplier <= 2**16
    assert 0 <= d.shift <= 60
    assert abs(Fraction(d.multiplier, 2**d.shift) / Fraction(value) - 1) <= Fraction(1, 2**16)


@given(st.integers(-60, 15))
def test_powers_of_two_are_shifts(exponent: int) -> None:
    d = nearest_dyadic(2.0**exponent)
    assert Fraction(d.multiplier, 2**d.shift) == Fraction(2) ** exponent
    assert d.multiplier == 1 or exponent > 0


@given(st.integers(-(2**40), 2**40), st.integers(0, 30))
def test_rounding_shifts(value: int, shift: int) -> None:
    exact = Fraction(value, 2**shift)
    assert round_shift(value, shift, Rounding.HALF_EVEN) == round(exact)
    assert round_shift(value, shift, Rounding.HALF_UP) == (exact + Fraction(1, 2)).__floor__()


@pytest.mark.parametrize(
    "output",
    [
        PowerOfTwo(4, 6, 0.05),
        PowerOfTwo(4, 7, 0.013, signed=False),
        FixedPoint(1, 2),
        PowerOfTwo(4, 6, 0.05, zero_below=0.0),
    ],
)
@pytest.mark.parametrize("activation", [Activation(), Activation(relu=True, max_value=1.5)])
def test_thresholds_are_the_format_itself(output: Format, activation: Activation) -> None:
    """For every accumulator value of every channel, steps over thresholds give what the format gives."""
    scale = np.asarray([0.003, 0.0117])
    requant = make_requant("b", scale, output, activation, Interval(-900, 1100))
    assert isinstance(requant, ThresholdRequant)
    for channel in range(2):
        for t in range(-900, 1101):
            expected = output.quantize(activation.apply(np.asarray(t * scale[channel])))
            assert apply_requant(requant, t, channel) == int(expected)


@pytest.mark.parametrize("seed", range(30))
def test_widths_come_from_the_weights_and_hold_every_value(seed: int) -> None:
    for block in quantized_network(seed).blocks:
        if block.op.accumulates:
            assert block.accumulator.lo <= 0 <= block.accumulator.hi
        assert block.format.qmin <= block.interval.lo <= block.interval.hi <= block.format.qmax
        if block.weights is not None and block.requant is None:
            assert block.format.bits <= block.scaled.width + 1


def test_the_bound_is_reached_and_not_passed() -> None:
    """Inputs at the ends of their range, chosen by the signs of the weights, reach the interval's ends."""
    b = NetworkBuilder(np.random.default_rng(0))
    b.input("x", (3, 3, 2), Affine(8, 0.1, 100, signed=False))
    kernel = b.kernel(3, 3, 2, 1)
    b.add("y", Conv2D(), ["x"], kernel=kernel, plan=BlockPlan(weight=Affine(8, float(np.abs(kernel).max()) / 127)))
    block = quantize_graph(*b.build(["y"])).by_name["y"]
    assert block.weights is not None
    w = block.weights.values.reshape(-1)
    largest = int(sum(v * (155 if v > 0 else -100) for v in w))
    smallest = int(sum(v * (-100 if v > 0 else 155) for v in w))
    assert (block.accumulator.lo, block.accumulator.hi) == (smallest, largest)


def test_power_of_two_scales_need_no_multiplier() -> None:
    b = NetworkBuilder(np.random.default_rng(0))
    b.input("x", (6, 6, 2), FixedPoint(8, 5))
    plan = BlockPlan(weight=PowerOfTwo(4, 6, tuple(2.0**-e for e in (7, 8, 9))), output=FixedPoint(8, 4))
    b.add("y", Conv2D(), ["x"], kernel=b.kernel(3, 3, 2, 3), plan=plan)
    requant = quantize_graph(*b.build(["y"])).by_name["y"].requant
    assert isinstance(requant, DyadicRequant)
    assert requant.is_shift
    assert len(set(requant.shift)) == 3


@pytest.fixture
def network() -> tuple[Any, Plan]:
    return random_network(0)


def _weighted(graph: Any) -> str:
    return next(b.name for b in graph.blocks if b.kernel is not None and graph.consumers(b.name))


def test_plans_that_do_not_fit(network: tuple[Any, Plan]) -> None:
    graph, plan = network
    name = _weighted(graph)
    with pytest.raises(PlanError, match="the plan has the block 'ghost'"):
        quantize_graph(graph, Plan("p", "fold", plan.inputs, {**plan.blocks, "ghost": BlockPlan()}))
    with pytest.raises(PlanError, match=f"no format for block '{name}'"):
        quantize_graph(graph, Plan("p", "fold", plan.inputs, {k: v for k, v in plan.blocks.items() if k != name}))
    with pytest.raises(PlanError, match="no format for input 'x'"):
        quantize_graph(graph, Plan("p", "fold", {}, plan.blocks))
    with pytest.raises(PlanError, match=f"block '{name}' has weights; the plan must give them a format"):
        quantize_graph(graph, plan.with_block(name, weight=None))
    with pytest.raises(PlanError, match=f"block '{name}' feeds .*; the plan must give its output a format"):
        quantize_graph(graph, plan.with_block(name, output=None))
    with pytest.raises(PlanError, match=f"output of block '{name}': .* is per channel"):
        quantize_graph(graph, plan.with_block(name, output=Affine(8, (0.1, 0.2))))
    with pytest.raises(PlanError, match=f"block '{name}': weights need zero point 0"):
        quantize_graph(graph, plan.with_block(name, weight=Affine(8, 0.1, 3)))
    with pytest.raises(PlanError, match=f"block '{name}': Affine has 99 channels"):
        quantize_graph(graph, plan.with_block(name, weight=Affine(8, (0.1,) * 99)))


def test_an_output_far_finer_than_its_accumulator_is_refused(network: tuple[Any, Plan]) -> None:
    graph, plan = network
    name = _weighted(graph)
    with pytest.raises(QuantizationError, match=f"layer '{name}': its output format .* is finer than its accumulator"):
        quantize_graph(graph, plan.with_block(name, output=FixedPoint(8, 60)))
