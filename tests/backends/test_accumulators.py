"""Widths of partial sums: FxP-QNet's, or what a user says, and the refusal of those that could overflow."""

import re
from ast import literal_eval
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fixed_networks import fixed_quantized
from networks import NetworkBuilder
from small import small_network

import hlsq
from hlsq.backends.vitis.design import Design
from hlsq.backends.vitis.options import HardwareOptions
from hlsq.backends.vitis.render import render_project
from hlsq.errors import OptionError
from hlsq.formats import FixedPoint
from hlsq.graph import Graph, QuantizedGraph
from hlsq.graph.lowering import quantize_graph
from hlsq.graph.ops import Conv2D, Dense, Reshape
from hlsq.graph.sums import partial_sums
from hlsq.plan import BlockPlan, Plan


def chain(weight: int = 4, activation: int = 5) -> tuple[Graph, Plan]:
    """Three convolutions and a dense layer."""
    b = NetworkBuilder(np.random.default_rng(5))
    x = b.input("x", (5, 5, 3), FixedPoint(8, 6))
    channels = 3
    for name in ("conv1", "conv2", "conv3"):
        plan = BlockPlan(
            weight=FixedPoint(weight, weight - 1),
            bias=FixedPoint(20, 12),
            output=FixedPoint(activation, activation - 3, signed=False),
        )
        op = Conv2D((1, 1), (1, 1, 1, 1))
        x = b.add(name, op, [x], kernel=b.rng.normal(size=(3, 3, channels, 4)), bias=b.rng.normal(size=4), plan=plan)
        channels = 4
    x = b.add("flat", Reshape((100,)), [x])
    b.add("fc", Dense(), [x], kernel=b.kernel(100, 3), plan=BlockPlan(weight=FixedPoint(8, 7)))
    return b.build(["fc"])


def sum_types(graph: QuantizedGraph, **options: Any) -> dict[str, int]:
    """Bits of ``sum_t`` in the generated code."""
    files = render_project(Design(graph, HardwareOptions(**options)))
    found = {}
    for name in ("conv1", "conv2", "conv3", "fc"):
        (bits,) = re.findall(r"typedef hlsq::sint<(\d+)> sum_t;", files[f"firmware/blocks/{name}_q.h"])
        found[name] = int(bits)
    return found


def test_fxpqnet_has_32_bits_at_the_ends_and_16_between() -> None:
    graph = quantize_graph(*chain())
    assert sum_types(graph, accumulator="fxpqnet") == {"conv1": 32, "conv2": 16, "conv3": 16, "fc": 32}
    assert sum_types(graph, accumulator=24) == dict.fromkeys(("conv1", "conv2", "conv3", "fc"), 24)
    mixed = sum_types(graph, accumulator={"default": "fxpqnet", "conv2": 14, "fc": "interval"})
    assert mixed == {"conv1": 32, "conv2": 14, "conv3": 16, "fc": sum_types(graph)["fc"]}
    by_intervals = {b.name: b.accumulator.width for b in graph.blocks if b.weights is not None}
    assert sum_types(graph) == sum_types(graph, accumulator={"conv1": "interval"}) == by_intervals


def test_the_bias_is_added_at_its_own_width() -> None:
    """FxP-QNet's bias is finer than the sums here; only what it is added to grows by that."""
    graph = quantize_graph(*chain())
    block = graph.by_name["conv2"]
    assert block.product_shift > 0
    assert block.accumulator.width > 16
    code = render_project(Design(graph, HardwareOptions(accumulator="fxpqnet")))["firmware/blocks/conv2_q.h"]
    assert f"typedef hlsq::sint<{block.accumulator.width}> acc_t;" in code
    shift = block.product_shift
    shifted = f"hlsq::shift_left<acc_t>(sum, hlsq::uint<{shift.bit_length()}>({shift}))"
    assert f"const acc_t acc = {shifted} + acc_t(conv2_q_bias[group][output]);" in code


@pytest.mark.parametrize("accumulator", ["fxpqnet", {"default": 16, "conv1": 18, "fc": 20}])
@pytest.mark.parametrize("io_type", ["io_stream", "io_parallel"])
@pytest.mark.csim
@pytest.mark.slow(4)
def test_the_integers_stay_the_same(tmp_path: Path, accumulator: Any, io_type: str) -> None:
    graph, plan = chain()
    hw = hlsq.convert(graph, plan, output_dir=tmp_path / "net", accumulator=accumulator, io_type=io_type)
    x = np.random.default_rng(0).uniform(-3, 3, (20, 5, 5, 3))
    for ap_types in (False, True):
        hw.verify(x, ap_types=ap_types)
    again = hlsq.load_project(tmp_path / "net")
    assert again.design.options.accumulator == accumulator
    bits = {b.name: b.accumulator_bits for b in again.report().blocks}
    assert bits["conv2"] == 16


def test_a_layer_that_could_overflow_is_named_with_what_helps() -> None:
    graph = quantize_graph(*chain(weight=8, activation=8))
    with pytest.raises(OptionError, match=r"could overflow in 2 of 4 layers: 'conv2' needs \d+ bits and has 16") as got:
        Design(graph, HardwareOptions(accumulator="fxpqnet"))
    message = str(got.value)
    remedy = re.search(r"accumulator=(\{.*?\})", message)
    assert remedy is not None
    accumulator = literal_eval(remedy[1])
    assert accumulator["default"] == "fxpqnet"
    for name in ("conv2", "conv3"):
        sums = partial_sums(graph, graph.by_name[name])
        assert f"{name!r} needs {sums.width} bits" in message
        assert accumulator[name] == sums.width
        less = HardwareOptions(accumulator={**accumulator, name: sums.width - 1})
        with pytest.raises(OptionError, match=f"1 of 4 layers: '{name}' needs {sums.width} bits and has"):
            Design(graph, less)
    Design(graph, HardwareOptions(accumulator=accumulator))


def test_partial_sums_are_reached_and_not_passed() -> None:
    """Over random subsets of the products, and the subset that is largest."""
    for seed in range(10):
        graph = fixed_quantized(seed)
        block = graph.by_name["fc"]
        assert block.weights is not None
        source = graph.intervals[block.inputs[0]]
        sums, w = partial_sums(graph, block), block.weights.values
        largest = [np.maximum(w * source.lo, w * source.hi).clip(0).sum(axis=0).max(), 0]
        smallest = [np.minimum(w * source.lo, w * source.hi).clip(None, 0).sum(axis=0).min(), 0]
        assert (sums.lo, sums.hi) == (min(smallest), max(largest))


@pytest.mark.parametrize(
    ("accumulator", "message"),
    [
        ("wide", "accumulator 'wide' must be a whole number of bits from 2 to 62, or one of: interval, fxpqnet"),
        (1, "accumulator 1 must be"),
        (63, "accumulator 63 must be"),
        (16.0, r"accumulator 16\.0 must be"),
        ({"conv1": True}, "accumulator True must be"),
        ({"conv9": 16}, "accumulator: 'conv9' is unknown; valid: class, conv/first, conv/second, default"),
        ({"sum": 16}, "accumulator: 'sum' is unknown"),
    ],
)
def test_wrong_accumulators(accumulator: Any, message: str) -> None:
    graph = quantize_graph(*small_network())
    with pytest.raises(OptionError, match=message):
        Design(graph, HardwareOptions(accumulator=accumulator))
