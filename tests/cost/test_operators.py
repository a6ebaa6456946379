"""Requantisers, multipliers, shifters and registers of blocks, against numbers that are counted by hand."""

from __future__ import annotations

from dataclasses import astuple
from typing import Any

import numpy as np
import pytest
from networks import NetworkBuilder

from hlsq.cost import Products, Split, finished_of, products_of, split
from hlsq.cost.multipliers import multipliers_of
from hlsq.cost.operators import operators_of
from hlsq.cost.registers import TapSelect, tap_select, window_memory, window_registers
from hlsq.cost.requantisers import Requantisers, requantisers_of
from hlsq.formats import Affine, PowerOfTwo
from hlsq.graph import Activation, QBlock, QuantizedGraph
from hlsq.graph.lowering import quantize_graph
from hlsq.graph.ops import Add, AveragePool2D, Concatenate, Conv2D, Dense, DepthwiseConv2D, MaxPool2D
from hlsq.plan import BlockPlan

SCALES = tuple(float(s) for s in np.linspace(0.01, 0.09, 6))
ODD = Affine(8, 0.05)
WEIGHT = Affine(8, 0.03, symmetric=True)
POWER = Affine(8, 2.0**-5)


def convolution(reuse: int, weight: Any = WEIGHT, output: Any = ODD, **kwargs: Any) -> tuple[Any, ...]:
    """Arguments of the functions under test: a 3x3 convolution from 2 channels of 8 bits to 6."""
    b = NetworkBuilder(np.random.default_rng(0))
    b.input("x", (8, 8, 2), Affine(8, 2.0**-4))
    op = Conv2D((1, 1), (0, 0, 0, 0), kwargs.pop("dilation", (1, 1)))
    plan = BlockPlan(weight=weight, output=output)
    b.add("conv", op, ["x"], kernel=b.kernel(3, 3, 2, 6), plan=plan, **kwargs)
    graph = quantize_graph(*b.build(["conv"]))
    return graph, graph.blocks[0], split("conv", found(graph), reuse)


def found(graph: QuantizedGraph) -> Any:
    return products_of(graph.blocks[0], graph)


@pytest.mark.parametrize(("reuse", "outputs"), [(1, 6), (2, 3), (6, 1), (18 * 6, 1), (18 * 3, 2)])
def test_a_requantiser_for_each_output_that_is_finished_in_a_cycle(reuse: int, outputs: int) -> None:
    graph, block, chosen = convolution(reuse)
    chosen = chosen if reuse != 54 else Split(found(graph), 18, 3)
    assert requantisers_of(graph, block, chosen) == Requantisers(dyadic=outputs)
    assert multipliers_of(graph, block, chosen).requantisation == outputs


@pytest.mark.parametrize(
    ("weight", "output", "options", "kinds"),
    [
        (WEIGHT, ODD, {}, (0, 3, 0, 0)),
        (POWER, POWER, {}, (3, 0, 0, 0)),
        (Affine(8, SCALES, symmetric=True), ODD, {}, (0, 3, 0, 3)),
        (WEIGHT, ODD, {"activation": Activation(negative_shift=3)}, (0, 3, 0, 0)),
        (ODD, PowerOfTwo(4, 6, 0.01), {}, (0, 0, 3, 0)),
        (ODD, None, {}, (0, 0, 0, 0)),
    ],
)
def test_kinds(weight: Any, output: Any, options: dict[str, Any], kinds: tuple[int, ...]) -> None:
    assert astuple(requantisers_of(*convolution(2, weight, output, **options))) == kinds


def test_shifts_that_do_not_change_from_cycle_to_cycle_are_wires() -> None:
    weight = Affine(8, SCALES, symmetric=True)
    assert requantisers_of(*convolution(1, weight)).shifters == 0
    assert operators_of(*convolution(1, PowerOfTwo(5, 7, 0.01)), shifts=True).shifters == 0
    assert operators_of(*convolution(9, PowerOfTwo(5, 7, 0.01)), shifts=True).shifters == 12


def test_multiplications_of_pes_are_candidates_for_dsps() -> None:
    assert operators_of(*convolution(9), multiplies=True).dsp_candidates == 12 + 2
    assert operators_of(*convolution(9, POWER, POWER), multiplies=True).dsp_candidates == 12


@pytest.mark.parametrize(
    ("reuse", "dilation", "bits"),
    [(9, (1, 1), 18 * 8), (24, (1, 1), 20 * 8), (9, (2, 3), (18 + 2 * 18) * 8), (9, (3, 1), 18 * 8)],
)
def test_a_window_is_held_once_with_what_a_dilation_leaves_out(
    reuse: int, dilation: tuple[int, int], bits: int
) -> None:
    assert window_registers(*convolution(reuse, dilation=dilation)) == bits


@pytest.mark.parametrize(
    ("taps", "outputs", "found"),
    [(1, 6, TapSelect(1, 18, 8)), (9, 6, TapSelect(9, 2, 8)), (4, 1, TapSelect(4, 5, 8)), (18, 1, TapSelect(18, 1, 8))],
)
def test_each_lane_selects_among_as_many_taps_as_there_are_steps(taps: int, outputs: int, found: TapSelect) -> None:
    graph, block, chosen = convolution(1)
    chosen = Split(chosen.products, taps, outputs)
    assert tap_select(graph, block, chosen) == found
    assert found.inputs == (window_registers(graph, block, chosen) if taps > 1 else 0)


@pytest.mark.parametrize(
    ("taps", "outputs", "found"),
    [
        (1, 1, TapSelect(1, 9 * 4, 8)),
        (1, 2, TapSelect(2, 9 * 2, 8)),
        (1, 8, TapSelect(4, 9, 8)),  # two groups see each channel
        (9, 3, TapSelect(9 * 3, 2, 8)),  # two idle channels
        (3, 4, TapSelect(3 * 4, 1, 8)),  # of the newest column
    ],
)
def test_a_depthwise_convolution_selects_among_channels_as_well(taps: int, outputs: int, found: TapSelect) -> None:
    b = NetworkBuilder(np.random.default_rng(0))
    b.input("x", (8, 8, 4), Affine(8, 2.0**-4))
    op = DepthwiseConv2D((1, 1), (0, 0, 0, 0), (1, 1))
    b.add("conv", op, ["x"], kernel=b.kernel(3, 3, 8), plan=BlockPlan(weight=WEIGHT, output=ODD))
    graph = quantize_graph(*b.build(["conv"]))
    assert tap_select(graph, graph.blocks[0], Split(Products(9, 8, group=2, columns=3), taps, outputs)) == found


@pytest.mark.parametrize(
    ("taps", "outputs", "dilation", "bits", "memory"),
    [
        (6, 6, (1, 1), 6 * 8, (6, 2 * 8)),
        (6, 1, (2, 3), 6 * 8, (6, 6 * 8)),  # two columns are left out before each
        (3, 6, (1, 1), 18 * 8, None),  # few words
        (5, 6, (1, 1), (5 + 5) * 8, (5, 2 * 8)),  # a tap beside the three of a row and channel
        (5, 6, (2, 3), (5 + 5 + 6) * 8, (5, 6 * 8)),
        (9, 6, (1, 1), 18 * 8, None),  # no step sees all columns of a row
    ],
)
def test_a_memory_holds_all_columns_but_the_newest_of_whole_strips(
    taps: int, outputs: int, dilation: tuple[int, int], bits: int, memory: tuple[int, int] | None
) -> None:
    graph, block, chosen = convolution(1, dilation=dilation)
    chosen = Split(chosen.products, taps, outputs)
    assert window_registers(graph, block, chosen) == bits
    assert window_memory(graph, block, chosen) == memory


def block_of(op: Any, shapes: list[tuple[int, ...]], formats: list[Any], output: Any) -> tuple[QuantizedGraph, QBlock]:
    """A block without weights."""
    b = NetworkBuilder(np.random.default_rng(0))
    names = [b.input(f"x{n}", shape, fmt) for n, (shape, fmt) in enumerate(zip(shapes, formats, strict=True))]
    b.add("block", op, names, plan=BlockPlan(output=output))
    graph = quantize_graph(*b.build(["block"]))
    return graph, graph.blocks[0]


def test_inputs_of_a_concatenation_that_change_are_requantised_in_the_steps_of_the_largest() -> None:
    shapes = [(4, 4, 3), (4, 4, 2), (4, 4, 5)]
    graph, block = block_of(Concatenate(), shapes, [ODD, POWER, POWER], ODD)
    assert [requant is None for requant in block.input_requants] == [True, False, False]
    assert finished_of(block, graph) == Products(1, 5)
    for steps, at_once in ((1, 2 + 5), (2, 1 + 3), (3, 1 + 2), (5, 1 + 1)):
        assert requantisers_of(graph, block, Split(Products(1, 5), 1, steps)) == Requantisers(dyadic=at_once)
    graph, block = block_of(Concatenate(), shapes, [ODD] * 3, ODD)
    assert finished_of(block, graph) is None
    assert requantisers_of(graph, block, None) == Requantisers()


def test_a_sum_multiplies_the_inputs_whose_factors_are_no_powers_of_two() -> None:
    graph, block = block_of(Add(), [(4, 4, 3)] * 2, [Affine(8, 0.05), Affine(8, 0.07)], ODD)
    factors = [factor for factor in block.input_multipliers if factor & (factor - 1)]
    assert len(factors) in (1, 2)
    assert multipliers_of(graph, block, Split(Products(1, 3), 1, 1)).alignment == 3 * len(factors)
    graph, block = block_of(Add(), [(4, 4, 3)] * 2, [Affine(8, 0.05), Affine(8, 0.1)], ODD)
    assert multipliers_of(graph, block, Split(Products(1, 3), 1, 1)).alignment == 0


def test_windows_of_averages_that_overhang_are_weighed_by_row_and_by_column() -> None:
    graph, block = block_of(AveragePool2D((3, 3), (1, 1), (1, 1, 1, 1)), [(6, 6, 4)], [ODD], ODD)
    assert multipliers_of(graph, block, Split(Products(1, 4), 1, 2)).average == 2 * 2
    assert window_registers(graph, block, Split(Products(1, 4), 1, 2)) == 9 * 4 * 8
    assert tap_select(graph, block, Split(Products(1, 4), 1, 2)) == TapSelect(2, 9 * 2, 8)
    graph, block = block_of(AveragePool2D((2, 2), (2, 2)), [(6, 6, 4)], [ODD], ODD)
    assert multipliers_of(graph, block, Split(Products(1, 4), 1, 2)).average == 0


@pytest.mark.parametrize(("pool", "bits"), [((2, 2), 4 * 3 * 8), ((3, 1), 0), ((6, 6), 0)])
def test_windows_of_maxima(pool: tuple[int, int], bits: int) -> None:
    graph, block = block_of(MaxPool2D(pool, pool), [(6, 6, 3)], [ODD], None)
    assert window_registers(graph, block, None) == bits
    assert tap_select(graph, block, None).multiplexers == 0


def test_a_dense_layer_holds_a_packet() -> None:
    b = NetworkBuilder(np.random.default_rng(0))
    b.input("x", (10,), Affine(8, 0.05))
    b.add("dense", Dense(), ["x"], kernel=b.kernel(10, 4), plan=BlockPlan(weight=ODD))
    graph = quantize_graph(*b.build(["dense"]))
    assert window_registers(graph, graph.blocks[0], Split(found(graph), 4, 1)) == 4 * 3 * 8
    assert tap_select(graph, graph.blocks[0], Split(found(graph), 4, 1)) == TapSelect(4, 3, 8)
