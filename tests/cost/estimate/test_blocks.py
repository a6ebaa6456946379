"""Parts of small blocks, against units that are counted by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from networks import NetworkBuilder

from hlsq.cost import products_of, split
from hlsq.cost.blockram import block_rams
from hlsq.cost.estimate import Choices, Memory, PEs, Resources
from hlsq.cost.estimate.blocks import block_memories, block_parts
from hlsq.cost.estimate.cells import cells
from hlsq.cost.products import finished_of
from hlsq.cost.units import packings
from hlsq.formats import Affine, FixedPoint, PowerOfTwo
from hlsq.graph import QuantizedGraph
from hlsq.graph.lowering import quantize_graph
from hlsq.graph.ops import Add, AveragePool2D, Concatenate, Conv2D, Dense, DepthwiseConv2D, MaxPool2D, Reshape
from hlsq.plan import BlockPlan

SIGNED = FixedPoint(8, 4)
EIGHT, POWERS, SIGNS = FixedPoint(8, 6), PowerOfTwo(scale=2.0**-7), FixedPoint(1, 0)
KINDS = {EIGHT: "multiply", POWERS: "shift", SIGNS: "sign"}


def network(op: Any, kernel: tuple[int, ...] | None = None, weight: Any = EIGHT, **options: Any) -> QuantizedGraph:
    """One operation on a map of 8 x 8 positions and 4 channels of 8 bits, signed."""
    b = NetworkBuilder(np.random.default_rng(0))
    inputs = [b.input(name, options.get("shape", (8, 8, 4)), SIGNED) for name in options.get("inputs", ("x",))]
    if isinstance(op, Dense):
        inputs = [b.add("flat", Reshape((256,)), inputs)]
    plan = BlockPlan(weight=weight if kernel else None, output=options.get("output", SIGNED))
    weights = {"kernel": b.kernel(*kernel)} if kernel else {}
    b.add("block", op, inputs, plan=plan, **weights)
    return quantize_graph(*b.build(["block"]))


def parts(graph: QuantizedGraph, reuse: int | None, weight: Any = None, **options: Any) -> dict[str, Resources]:
    block = graph.by_name["block"]
    products = products_of(block, graph) or finished_of(block, graph)
    chosen = None if products is None or reuse is None else split("block", products, reuse)
    pes = None if weight is None else PEs(KINDS[weight], 16)
    return block_parts(graph, block, chosen, pes, Choices(**options))


CONVOLUTION = Conv2D((1, 1), (0, 0, 0, 0))


def test_an_array_of_multipliers() -> None:
    graph = network(CONVOLUTION, (3, 3, 4, 6))
    found = parts(graph, 12, EIGHT)  # 216 products in 12 steps: 18 PEs, of two taps steps and six of outputs, one each
    block = graph.by_name["block"]
    chosen = split("block", products_of(block, graph), 12)  # type: ignore[arg-type]
    assert (chosen.tap_block, chosen.output_block) == (18, 1)
    packing = packings()["multiply"]
    one = cells("multiply", "lut", 8, 8)
    assert found["PEs"] == Resources(one.lut * packing.lut, one.ff * packing.ff).times(18)
    assert found["weights"] == cells("rom", "lut", 12, 18 * 8)
    assert found["windows"].ff == 36 * 8
    assert found["tap selection"] == cells("mux", "binary", 2, 8).times(18) + Resources(lut=18 * 8)
    assert found["packets"].ff == 5 * 8  # the sixth goes at once
    width = max(block.accumulator.hi, -block.accumulator.lo - 1).bit_length() + 1
    assert found["accumulators"].ff == width
    assert found["line buffers"] == cells("ring", "lutram", 8, 4 * 8).times(2)
    assert "streams" not in found


def test_products_in_dsp_slices() -> None:
    graph = network(CONVOLUTION, (3, 3, 4, 6))
    assert parts(graph, 12, EIGHT, multipliers="dsp")["PEs"] == Resources(dsp=18)
    wide = network(CONVOLUTION, (3, 3, 4, 6), FixedPoint(9, 6))
    assert parts(wide, 12, EIGHT)["PEs"].dsp == 18  # 17 bits
    assert parts(wide, 12, EIGHT, multipliers="fabric")["PEs"].dsp == 0


def test_shifts_have_the_factor_of_published_arrays_with_their_trees() -> None:
    found, packing = parts(network(CONVOLUTION, (3, 3, 4, 6), POWERS), 12, POWERS), packings()["shift"]
    pe, adders = cells("shift", "varying", 8, 3), cells("tree", "pipelined", 18, 14)
    assert found["PEs"].lut == pytest.approx(18 * packing.lut * pe.lut)
    assert found["adder trees"].lut == pytest.approx(packing.lut * adders.lut)


def test_signs_are_negations() -> None:
    found = parts(network(CONVOLUTION, (3, 3, 4, 6), SIGNS), 12, SIGNS)
    assert found["PEs"] == cells("sign", "varying", 8).times(18)


@pytest.mark.parametrize("weight", [EIGHT, POWERS, SIGNS])
def test_weights_that_never_change_are_no_memory_and_shifts_by_them_wires(weight: Any) -> None:
    found = parts(network(CONVOLUTION, (3, 3, 4, 6), weight), 1, weight)
    assert "weights" not in found
    assert "tap selection" not in found
    assert "accumulators" not in found
    assert ("PEs" in found) == (weight is EIGHT)
    assert "adder trees" in found


def test_multipliers_by_constants_are_adders_for_digits() -> None:
    b = NetworkBuilder(np.random.default_rng(0))
    b.input("x", (1, 1, 4), SIGNED)
    # 7 = 8 - 1 and 5 = 4 + 1 are an adder each, 8 none, and 0 no PE.
    kernel = np.asarray([7, 5, 8, 0], dtype=float).reshape(1, 1, 4, 1)
    plan = BlockPlan(weight=FixedPoint(8, 0), output=SIGNED)
    b.add("block", CONVOLUTION, ["x"], kernel=kernel, plan=plan)
    graph = quantize_graph(*b.build(["block"]))
    found = parts(graph, 1, EIGHT)
    width = 8 + 4  # of products by up to 8
    assert found["PEs"] == Resources(2 * width, 3 * width)
    assert found["adder trees"] == cells("tree", "pipelined", 3, width)


def test_a_depthwise_convolution_has_a_tree_for_every_channel() -> None:
    found = parts(network(DepthwiseConv2D((1, 1), (0, 0, 0, 0)), (3, 3, 4)), 2, EIGHT)
    assert found["adder trees"].ff == pytest.approx(2 * cells("tree", "pipelined", 9, 16).ff, rel=0.1)
    assert found["windows"].ff == 9 * 4 * 8


def test_a_dense_layer_keeps_its_vector_for_later_outputs() -> None:
    graph = network(Dense(), (256, 10))
    assert "kept vector" not in parts(graph, 64, EIGHT)  # all outputs of a packet at once
    found = parts(graph, 640, EIGHT)  # 64 packets, ten groups of outputs
    assert found["kept vector"] == cells("ring", "lutram", 64, 4 * 8)
    assert found["weights"].bram18 == block_rams(640, 4 * 8)


def test_a_maximum_compares_and_an_average_adds() -> None:
    found = parts(network(MaxPool2D((2, 2), (2, 2), (0, 0, 0, 0))), None)
    assert found["comparisons"] == cells("max", "signed", 8).times(3 * 4)
    whole = parts(network(MaxPool2D((8, 8), (8, 8), (0, 0, 0, 0))), None)
    assert whole["comparisons"] == cells("max", "signed", 8).times(4)
    assert "line buffers" not in whole
    mean = parts(network(AveragePool2D((2, 2), (2, 2), (0, 0, 0, 0))), 2)
    assert mean["sums"].lut == cells("tree", "pipelined", 4, 8).times(2).lut
    assert mean["requantisers"].ff == 2 * 8
    over_all = parts(network(AveragePool2D((8, 8), (8, 8), (0, 0, 0, 0))), 1)
    assert over_all["sums"] == Resources(14, 14).times(4)


def test_sums_and_concatenations() -> None:
    added = parts(network(Add(), inputs=("x", "y")), 2)
    assert added["sums"] == cells("tree", "pipelined", 2, 8).times(2)
    assert added["packets"].ff == 3 * 2 * 8  # of both inputs and the output, the half that waits for two others
    assert "packets" not in parts(network(Add(), inputs=("x", "y")), 1)
    other = Affine(8, 0.05)
    joined = network(Concatenate(), inputs=("x", "y"), output=other)
    assert parts(joined, 1, multipliers="dsp")["requantisers"].dsp == 8
    assert parts(joined, 1, multipliers="fabric")["requantisers"].dsp == 0
    assert "packets" not in parts(joined, 1)
    half = parts(joined, 2, multipliers="dsp")
    assert half["requantisers"].dsp == 4
    # Of both inputs the half that waits to be requantised, and the half that is, for the other.
    assert half["packets"] == Resources(0.5 * 2 * 2 * 8, 2 * 2 * (8 + 8))


def test_a_reshape_holds_packets_of_both_sizes() -> None:
    found = parts(network(Reshape((4, 4, 16))), None)
    assert found["packets"] == Resources(0.5 * 4 * 8, (4 + 16) * 8)
    assert found["control"].lut > 30


def test_memories_tell_what_a_wide_word_takes() -> None:
    graph = network(CONVOLUTION, (3, 3, 64, 64), shape=(8, 8, 64))
    block = graph.by_name["block"]
    products = products_of(block, graph)
    assert products is not None
    chosen = split("block", products, 128)  # 288 PEs: words of 2,304 bits, 64 blocks of 36 Kb side by side, half full
    found = list(block_memories(graph, block, chosen, Choices()))
    assert Memory("weights", 1, 128, 288 * 8, "block RAM", 64) in found
    assert Memory("line buffers", 2, 8, 64 * 8, "LUTRAM", 0) in found
    forced = list(block_memories(graph, block, chosen, Choices(lines="bram")))
    assert Memory("line buffers", 2, 8, 64 * 8, "block RAM", 2 * block_rams(8, 512)) in forced
