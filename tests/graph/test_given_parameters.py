"""Weights and biases that a plan gives instead of the formats alone."""

import base64
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from networks import random_network
from small import small_network

from hlsq.errors import FormatError, PlanError, QuantizationError
from hlsq.files.fields import Field
from hlsq.formats import Affine, FixedPoint, Format, PowerOfTwo
from hlsq.formats.codes import WeightCodes
from hlsq.graph import Graph
from hlsq.graph.lowering import quantize_graph
from hlsq.plan import BlockPlan, Plan


def with_values(graph: Graph, plan: Plan) -> Plan:
    """The same plan with the integers that rounding gives written out."""
    for block in quantize_graph(graph, plan).blocks:
        if block.weights is not None:
            values = WeightCodes.from_array(block.weights.values, block.weights.format)
            plan = plan.with_block(block.name, first_level=None, values=values)
    return plan


@pytest.mark.parametrize("seed", range(12))
def test_values_that_rounding_gives_change_nothing(seed: int, tmp_path: Path) -> None:
    graph, plan = random_network(seed)
    given = with_values(graph, plan)
    given.save(tmp_path / "plan.json")
    loaded = Plan.load(tmp_path / "plan.json")
    assert loaded == given
    for old, new in zip(quantize_graph(graph, plan).blocks, quantize_graph(graph, loaded).blocks, strict=True):
        assert (old.weights is None) == (new.weights is None)
        if old.weights is not None and new.weights is not None:
            assert np.array_equal(old.weights.values, new.weights.values)
        assert old.requant == new.requant or not hasattr(old.requant, "shift")
        assert old.accumulator == new.accumulator


def test_other_values_and_biases_are_used() -> None:
    graph, plan = small_network()
    plan = with_values(graph, plan)
    fmt = plan.blocks["conv/first"].weight
    assert fmt is not None
    integers = np.where(np.arange(72).reshape(3, 3, 2, 4) % 3 == 0, 64, -1)
    bias = (0.25, -0.5, 1.0, 0.0)
    plan = plan.with_block("conv/first", values=WeightCodes.from_array(integers, fmt), bias_values=bias)
    block = quantize_graph(graph, Plan.from_dict(plan.to_dict())).by_name["conv/first"]
    assert block.weights is not None
    assert block.bias is not None
    assert np.array_equal(block.weights.values, integers)
    step = 0.03 * 0.01 / 2**block.product_shift
    assert np.allclose(block.bias * step, bias, atol=step)


def test_a_block_without_bias_can_get_one() -> None:
    graph, plan = small_network()
    assert graph.by_name["class"].bias is None
    block = quantize_graph(graph, plan.with_block("class", bias_values=(1.0, 2.0, -3.0))).by_name["class"]
    assert block.bias is not None
    assert (np.sign(block.bias) == [1, 1, -1]).all()


def test_another_weight_format_drops_the_values() -> None:
    graph, plan = small_network()
    given = with_values(graph, plan).with_block("conv/first", bias_values=(0.0,) * 4)
    same = given.with_block("conv/first", weight=given.blocks["conv/first"].weight)
    assert same == given
    other = given.with_block("conv/first", weight=FixedPoint(6, 5))
    assert other.blocks["conv/first"].values is None
    assert other.blocks["conv/first"].bias_values is None
    assert quantize_graph(graph, other).by_name["conv/first"].weights is not None


@pytest.mark.parametrize(
    "fmt", [PowerOfTwo(3, 2), PowerOfTwo(4, 6), PowerOfTwo(5, 7), Affine(8, 0.1), FixedPoint(1, 0), FixedPoint(3, 0)]
)
@pytest.mark.parametrize("shape", [(1,), (3, 3, 5, 7), (2, 64)])
def test_codes_come_back(fmt: Format, shape: tuple[int, ...]) -> None:
    integers = fmt.quantize(np.random.default_rng(0).normal(size=shape) * 20)
    codes = WeightCodes.from_array(integers, fmt)
    assert np.array_equal(WeightCodes.read(Field(codes.to_dict(), PlanError, "values")).to_array(fmt), integers)


def test_integers_that_have_no_code() -> None:
    with pytest.raises(FormatError, match="has no integer 3"):
        WeightCodes.from_array([1, 3], PowerOfTwo(4, 6))


CODES = WeightCodes.from_array(np.ones((3, 3, 2, 4), dtype=np.int64), PowerOfTwo(4, 6))


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("conv/first", {"values": CODES}, "'conv/first': values are codes of 4 bits, but .* has 5"),
        ("conv/second", {"values": replace(CODES, bits=5)}, r"shape \[3, 3, 4, 4\], but the plan's values have"),
        ("conv/first", {"values": replace(CODES, bits=5, data="*")}, "'conv/first': values cannot be read"),
        ("conv/first", {"values": replace(CODES, bits=5, data="QUJD")}, "'conv/first': values cannot be read"),
        (
            "conv/first",
            {"values": replace(CODES, shape=(3, 3, 2, 4), bits=5)},
            r"'conv/first': values hold 40 bytes, but shape \[3, 3, 2, 4\] needs 48",
        ),
        ("conv/first", {"bias_values": (1.0,)}, "'conv/first': 1 bias_values for 4 output channels"),
    ],
)
def test_what_does_not_fit(name: str, change: dict[str, Any], message: str) -> None:
    graph, plan = small_network()
    with pytest.raises(PlanError, match=message):
        quantize_graph(graph, plan.with_block(name, **change))


def test_codes_whose_checksum_is_wrong() -> None:
    """zlib tells at the end of its data whether they are what was packed."""
    fmt = PowerOfTwo(4, 6)
    codes = WeightCodes.from_array(np.ones((3, 3, 2, 4), dtype=np.int64), fmt)
    data = base64.b64decode(codes.data)
    for damaged in (data[:-2], data[:-1] + bytes([data[-1] ^ 1]), data + b"more"):
        with pytest.raises(FormatError, match="values cannot be read"):
            replace(codes, data=base64.b64encode(damaged).decode()).to_array(fmt)


def test_what_a_block_does_not_have() -> None:
    graph, plan = small_network()
    fmt = FixedPoint(8, 4)
    for name, change, message in (
        ("pool", {"bias": fmt}, r"'pool' \(average_pool2d\) has no bias, but the plan gives it a format"),
        ("sum", {"weight": fmt}, r"'sum' \(add\) has no weights, but the plan gives it weight"),
        ("sum", {"first_level": fmt}, r"'sum' \(add\) has no weights, but the plan gives it first_level"),
    ):
        with pytest.raises(PlanError, match=message):
            quantize_graph(graph, plan.with_block(name, **change))
    for seed in range(10):
        graph, plan = random_network(seed)
        for block in (b for b in graph.blocks if b.op.kind in ("max_pool2d", "reshape", "zero_pad2d")):
            for field in ("bias", "scale", "scale_shift"):
                with pytest.raises(PlanError, match=f"has no accumulator, but the plan gives it {field}"):
                    quantize_graph(graph, plan.with_block(block.name, **{field: fmt}))


@pytest.mark.parametrize("scale", [1e300, 1e-300])
def test_steps_beyond_all_reason(scale: float) -> None:
    """Neither outputs that are infinite nor sums whose step is zero."""
    graph, plan = small_network()
    huge = plan.with_block("class", weight=PowerOfTwo(scale=scale, zero_below=0.0))  # no weight becomes zero
    if scale < 1:
        huge = huge.with_block("pool", output=Affine(8, scale, signed=False))
    with pytest.raises(QuantizationError, match=r"layer '(class|pool)'"):
        quantize_graph(graph, huge)


def test_an_operation_without_accumulator_has_no_bias() -> None:
    for seed in range(40):
        graph, plan = random_network(seed)
        for block in graph.blocks:
            if not block.op.accumulates:
                with pytest.raises(PlanError, match="has no accumulator"):
                    quantize_graph(graph, plan.with_block(block.name, bias_values=(1.0,)))
                return
    pytest.fail("no network with such an operation")


def test_contradictions() -> None:
    with pytest.raises(PlanError, match="need the format weight"):
        BlockPlan(values=CODES)
    with pytest.raises(PlanError, match="no first_level"):
        BlockPlan(weight=PowerOfTwo(4, 6), first_level=Affine(8, 0.1), values=CODES)
    with pytest.raises(PlanError, match=r"bias_values\[0\]: expected a finite number, found nan"):
        BlockPlan(bias_values=(float("nan"),))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"values": 5}, "blocks.class.values: expected an object, found 5"),
        ({"values": {"shape": [3], "bits": 0, "data": "AA"}}, "blocks.class.values.bits: expected a whole number from"),
        ({"bias_values": "no"}, "blocks.class.bias_values: expected a list, found 'no'"),
        ({"bias_values": [float("inf")]}, r"blocks.class.bias_values\[0\]: expected a finite number, found inf"),
    ],
)
def test_a_damaged_file(fields: dict[str, Any], message: str) -> None:
    _, plan = small_network()
    data = plan.to_dict()
    data["blocks"]["class"] |= fields
    with pytest.raises(PlanError, match=message):
        Plan.from_dict(data)
