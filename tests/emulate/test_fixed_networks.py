"""FxP-QNet's networks, a width and fraction length for every tensor: emulation, plain integers and real numbers."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from fixed_networks import fixed_quantized
from networks import NetworkBuilder, random_inputs
from plain import run_plain

from hlsq.emulate.deviation import deviations
from hlsq.emulate.emulator import Emulator
from hlsq.emulate.exact import carrier
from hlsq.emulate.integers import IntegerStage
from hlsq.emulate.requantise import FloatRequant, stage_for
from hlsq.errors import PlanError, QuantizationError
from hlsq.formats import Affine, FixedPoint, Format, PowerOfTwo, Rounding
from hlsq.graph import Activation, ChannelScale, DyadicRequant, Graph, QBlock, ThresholdRequant
from hlsq.graph.lowering import quantize_graph
from hlsq.graph.ops import Add, AveragePool2D, Conv2D
from hlsq.plan import BlockPlan, Plan


@pytest.mark.parametrize("seed", range(80))
def test_every_integer_is_that_of_plain_arithmetic(seed: int) -> None:
    graph = fixed_quantized(seed)
    emulator = Emulator(graph)
    inputs = random_inputs(graph, 2, seed)
    traced = emulator.run(inputs, trace=True).blocks
    integers = emulator.quantize_inputs(inputs)
    for sample in range(2):
        expected = run_plain(graph, {name: x[sample] for name, x in integers.items()})
        for name, values in expected.items():
            assert np.array_equal(traced[name][sample], values.astype(np.int64)), name


def test_the_networks_cover_what_they_should() -> None:
    graphs = [fixed_quantized(seed) for seed in range(80)]
    blocks = [block for graph in graphs for block in graph.blocks]
    formats = [f for g in graphs for f in g.formats.values() if isinstance(f, FixedPoint)]
    weights = [b.weights.format for b in blocks if b.weights is not None]
    for found in (formats, weights):
        assert {f.bits for f in found} == set(range(1, 17))
        assert {f.signed for f in found} == {True, False}  # type: ignore[attr-defined]
        assert any(f.frac < 0 for f in found)  # type: ignore[attr-defined]
        assert any(f.frac > f.bits for f in found)  # type: ignore[attr-defined]
        assert any(f.levels == (-1, 1) for f in found)
    averages = [b for b in blocks if isinstance(b.op, AveragePool2D)]
    assert {len(b.scale.multiplier) for b in averages if b.scale is not None} == {1, 8}
    assert any(b.scale is None for b in averages)
    scales = [b.scale for b in blocks if b.scale is not None]
    assert any(s.product_shift for s in scales)
    assert any(s.shift_format and s.format and s.format.bits < 4 for s in scales)
    assert any(b.product_shift for b in blocks)
    assert any(len(set(b.input_multipliers)) > 1 for b in blocks)
    assert any(isinstance(b.requant, ThresholdRequant) for b in blocks)
    requants = [b.requant for b in blocks if isinstance(b.requant, DyadicRequant)]
    assert {r.rounding for r in requants} == set(Rounding)
    assert any(max(r.multiplier) > 1 and r.is_shift for r in requants)


def test_power_of_two_scales_never_multiply_in_a_requantisation() -> None:
    """Whatever the block: only where a plan leaves an average pool's reciprocal to the requantisation."""
    for seed in range(80):
        for block in fixed_quantized(seed).blocks:
            if isinstance(block.requant, DyadicRequant) and not isinstance(block.op, AveragePool2D):
                assert block.requant.is_shift, (seed, block.name)


def one_block(op: Any, plan: BlockPlan, source: Format, batch_norm: str = "fold", **parts: Any) -> tuple[Graph, Plan]:
    b = NetworkBuilder(np.random.default_rng(0), batch_norm=batch_norm)
    b.input("x", (6, 5, 3), source)
    b.add("y", op, ["x"], plan=plan, **parts)
    return b.build(["y"])


def values_of(graph: Graph, plan: Plan, x: np.ndarray) -> tuple[QBlock, np.ndarray, np.ndarray]:
    """The block, and its real inputs and outputs in hardware."""
    quantized = quantize_graph(graph, plan)
    blocks = Emulator(quantized).run(x, trace=True).blocks
    block = quantized.by_name["y"]
    return block, plan.inputs["x"].dequantize(blocks["x"]), block.format.dequantize(blocks["y"])


# Average pools -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reciprocal", [FixedPoint(2, 4), FixedPoint(5, 7), FixedPoint(16, 19, signed=False)])
@pytest.mark.parametrize("padding", [(0, 0, 0, 0), (1, 1, 1, 1)])
def test_an_average_is_the_sum_times_the_quantised_reciprocal(
    reciprocal: FixedPoint, padding: tuple[int, int, int, int]
) -> None:
    op = AveragePool2D((3, 3), (2, 2), padding)
    output = FixedPoint(12, 8, rounding=Rounding.HALF_EVEN)
    graph, plan = one_block(op, BlockPlan(scale=reciprocal, output=output), FixedPoint(8, 6))
    x = np.random.default_rng(1).uniform(-2, 2, (4, 6, 5, 3))
    block, real, found = values_of(graph, plan, x)
    divisor = 9 if not any(padding) else 36
    factor = Fraction(int(reciprocal.quantize(1 / divisor))) / 2**reciprocal.frac  # type: ignore[operator]
    assert block.requant is not None
    assert block.requant.is_shift  # type: ignore[union-attr]
    padded = np.pad(real, ((0, 0), padding[:2], padding[2:], (0, 0)), constant_values=np.nan)
    for n, i, j, c in np.ndindex(*found.shape):
        window = padded[n, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3, c].ravel()
        inside = [Fraction(float(v)) for v in window if not np.isnan(v)]
        mean = sum(inside) * (divisor // len(inside)) * factor
        integer = min(max(round(mean * 2**8), -(2**11)), 2**11 - 1)
        assert Fraction(float(found[n, i, j, c])) == Fraction(integer, 2**8)


def test_without_a_format_the_reciprocal_is_in_the_requantisation() -> None:
    block, _, _ = values_of(
        *one_block(AveragePool2D((3, 3), (3, 3)), BlockPlan(output=FixedPoint(8, 6)), FixedPoint(8, 6)),
        np.zeros((1, 6, 5, 3)),
    )
    assert block.scale is None
    assert isinstance(block.requant, DyadicRequant)
    assert not block.requant.is_shift


def test_the_scale_of_an_average_with_batch_norm_is_the_batch_norms() -> None:
    gain = ChannelScale(np.array([0.5, -1.0, 0.75]), np.zeros(3))
    plan = BlockPlan(scale=FixedPoint(4, 2), scale_shift=FixedPoint(4, 2), output=FixedPoint(8, 6))
    block, _, _ = values_of(
        *one_block(AveragePool2D((3, 3), (3, 3)), plan, FixedPoint(8, 6), "refine", scale=gain), np.zeros((1, 6, 5, 3))
    )
    assert block.scale is not None
    assert block.scale.multiplier.tolist() == [2, -4, 3]


def test_reciprocals_that_cannot_be() -> None:
    op = AveragePool2D((3, 3), (3, 3))
    good = BlockPlan(scale=FixedPoint(6, 8), output=FixedPoint(8, 6))
    for change, message in (
        ({"scale": Affine(8, 0.01, 3)}, "block 'y': scale needs zero point 0, the plan says 3"),
        ({"scale": FixedPoint(6, (8, 8, 8))}, "scale of block 'y': FixedPoint has 3 channels"),
        ({"bias_values": (1.0, 2.0, 3.0)}, r"block 'y' multiplies with a reciprocal .* and can have no bias"),
    ):
        graph, plan = one_block(op, good, FixedPoint(8, 6))
        with pytest.raises(PlanError, match=message):
            quantize_graph(graph, plan.with_block("y", **change))


# Extremes ----------------------------------------------------------------------------------------------------------


def wide(bias: Format | None) -> tuple[Graph, Plan]:
    """The widest of FxP-QNet's initial designs, with weights of both signs up to their bounds."""
    rng = np.random.default_rng(2)
    plan = BlockPlan(
        weight=FixedPoint(16, 16),
        bias=bias,
        scale=FixedPoint(16, 14),
        scale_shift=FixedPoint(32, 28),
        output=FixedPoint(16, 12),
    )
    return one_block(
        Conv2D(),
        plan,
        FixedPoint(16, 13),
        "refine",
        kernel=rng.uniform(-0.5, 0.5, (3, 3, 3, 4)),
        bias=rng.normal(size=4) * 1e-6,
        scale=ChannelScale(rng.normal(size=4), rng.normal(size=4)),
        activation=Activation(relu=True),
    )


@pytest.mark.parametrize("frac", [20, 29, 31, 40, 52])
def test_the_widest_design_fits(frac: int) -> None:
    """Also with a 32-bit bias of the finest steps, rounded only where nothing else would fit 62 bits."""
    graph, plan = wide(FixedPoint(32, frac))
    quantized = quantize_graph(graph, plan)
    block = quantized.by_name["y"]
    assert block.scaled.width <= 62
    assert block.bias is not None
    exact = FixedPoint(32, frac).fake_quantize(graph.by_name["y"].bias)  # type: ignore[arg-type]
    error = np.abs(block.bias * 2.0 ** -(29 + block.product_shift) - exact).max()
    assert error == 0 if frac <= 31 else error < 2.0**-30
    emulator = Emulator(quantized)
    assert emulator.steps[0].dtype.name == "float64"
    x = np.random.default_rng(0).uniform(-5, 5, (2, 6, 5, 3))
    found = emulator.run(x, trace=True).blocks["y"]
    for sample, integers in enumerate(emulator.quantize_inputs(x)["x"]):
        assert np.array_equal(found[sample], run_plain(quantized, {"x": integers})["y"].astype(np.int64))


def test_a_fine_bias_does_not_slow_down_the_sums() -> None:
    """With 16 fraction bits more than the products it needs float64; the sum of products still fits float32."""
    plan = BlockPlan(weight=FixedPoint(4, 3), bias=FixedPoint(32, 25), output=FixedPoint(8, 4))
    bias = np.random.default_rng(1).normal(size=2)
    kernel = np.random.default_rng(0).normal(size=(3, 3, 3, 2))
    quantized = quantize_graph(*one_block(Conv2D(), plan, FixedPoint(8, 6), kernel=kernel, bias=bias))
    block = quantized.by_name["y"]
    assert block.product_shift == 16
    assert carrier(block.accumulator).name == "float64"
    emulator = Emulator(quantized)
    assert emulator.steps[0].dtype.name == "float32"
    x = np.random.default_rng(0).uniform(-5, 5, (2, 6, 5, 3))
    found = emulator.run(x, trace=True).blocks["y"]
    for sample, integers in enumerate(emulator.quantize_inputs(x)["x"]):
        assert np.array_equal(found[sample], run_plain(quantized, {"x": integers})["y"].astype(np.int64))


def test_beyond_62_bits_the_layer_is_named() -> None:
    graph, plan = wide(None)
    with pytest.raises(QuantizationError, match=r"layer 'y': its accumulator would need more than 62 bits"):
        quantize_graph(graph, plan.with_block("y", weight=FixedPoint(24, 24), scale=FixedPoint(24, 22)))


def test_rounding_to_even_stays_in_float64_whatever_the_shift() -> None:
    """A product below 2**53 that is shifted by far more than it has bits."""
    for rounding, expected in ((Rounding.HALF_EVEN, FloatRequant), (Rounding.HALF_UP, IntegerStage)):
        plan = BlockPlan(weight=FixedPoint(8, 40), output=FixedPoint(8, -8, rounding=rounding))
        kernel = np.random.default_rng(0).normal(size=(3, 3, 3, 2)) * 2.0**-34
        graph, full = one_block(Conv2D(), plan, FixedPoint(8, 6), kernel=kernel)
        block = quantize_graph(graph, full).by_name["y"]
        stage = stage_for(block, carrier(block.accumulator), np.dtype(np.float64))
        assert isinstance(stage, expected), rounding


def test_a_finer_output_shifts_left_by_any_amount() -> None:
    plan = BlockPlan(weight=FixedPoint(1, -6), output=FixedPoint(16, 20))
    graph, full = one_block(Conv2D(), plan, FixedPoint(3, -1), kernel=np.ones((3, 3, 3, 2)))
    block = quantize_graph(graph, full).by_name["y"]
    assert isinstance(block.requant, DyadicRequant)
    assert (block.requant.multiplier, block.requant.shift) == ((2**27,), (0,))
    assert block.requant.is_shift


def test_an_addition_leaves_out_what_is_too_small_to_matter() -> None:
    for frac, multipliers in ((20, (2**20, 1)), (31, (2**31, 1)), (50, (2**50, 1)), (51, (1, 0)), (90, (1, 0))):
        b = NetworkBuilder(np.random.default_rng(0))
        b.input("a", (4,), FixedPoint(8, 0))
        b.input("b", (4,), FixedPoint(8, frac))
        b.add("sum", Add(), ["a", "b"], plan=BlockPlan(output=FixedPoint(8, 0)))
        block = quantize_graph(*b.build(["sum"])).by_name["sum"]
        assert block.input_multipliers == multipliers
        assert block.requant.is_shift  # type: ignore[union-attr]


# Rounding differences ----------------------------------------------------------------------------------------------


def test_formats_of_scale_and_shift_are_not_counted_as_roundings() -> None:
    """All scales are powers of two, so that nothing but the plan's quantisation differs from real numbers."""
    for seed in range(12):
        rng = np.random.default_rng(seed)
        plan = BlockPlan(
            weight=FixedPoint(3, 2), scale=FixedPoint(3, 1), scale_shift=FixedPoint(4, 2), output=FixedPoint(6, 3)
        )
        gain = ChannelScale(rng.normal(size=2), rng.normal(size=2))
        graph, full = one_block(
            Conv2D(), plan, FixedPoint(4, 2), "refine", kernel=rng.normal(size=(3, 3, 3, 2)), scale=gain
        )
        quantized = quantize_graph(graph, full)
        blocks = Emulator(quantized).run(rng.normal(size=(4, 6, 5, 3)), trace=True).blocks
        assert deviations(graph, quantized, blocks)["y"].differing == 0
        blocks["y"] = blocks["y"] + 1
        assert deviations(graph, quantized, blocks)["y"].differing > 0


def test_scales_may_be_powers_of_two() -> None:
    gain = ChannelScale(np.array([0.5, -1.0, 0.0]), np.zeros(3))
    plan = BlockPlan(scale=PowerOfTwo(4, 6, 0.125), output=FixedPoint(8, 6))
    block, _, _ = values_of(
        *one_block(AveragePool2D((2, 2), (2, 2)), plan, FixedPoint(8, 6), "refine", scale=gain), np.ones((1, 6, 5, 3))
    )
    assert block.scale is not None
    assert block.scale.multiplier.tolist() == [4, -8, 0]
