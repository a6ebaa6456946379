"""What is added to a sum keeps its value however fine it is, or is refused where an output would show its loss."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from networks import NetworkBuilder
from plain import run_plain

import hlsq
from hlsq.emulate.emulator import Emulator
from hlsq.errors import QuantizationError
from hlsq.formats import Affine, FixedPoint, Format
from hlsq.graph import ChannelScale, Graph, QuantizedGraph
from hlsq.graph.lowering import quantize_graph
from hlsq.graph.ops import Add, Dense
from hlsq.plan import BlockPlan, Plan

FINE = [0, 5, 29, 30, 31, 37, 44]
"""Bits by which a term of a sum is finer than the rest; 31 and more take 64-bit integers."""
TIE = FixedPoint(8, -1)
"""Every odd sum lies on a tie, which the finest of additions decides."""


def dense(frac: int, output: Format | None) -> tuple[Graph, Plan]:
    """Whole sums of products, and a bias of a single step ``2**-frac`` up or down, or none."""
    b = NetworkBuilder(np.random.default_rng(0))
    b.input("x", (3,), FixedPoint(4, 0))
    bias = np.array([1.0, 0.0, -1.0]) * 2.0**-frac
    formats = BlockPlan(weight=FixedPoint(4, 0), bias=FixedPoint(8, frac), output=output)
    b.add("y", Dense(), ["x"], kernel=np.array([[1.0, 1, 1], [2, 2, 2], [-3, -3, -3]]), bias=bias, plan=formats)
    return b.build(["y"])


def batch_norm(frac: int, output: Format | None) -> tuple[Graph, Plan]:
    """The same as the shift of a refined batch norm whose factors are one."""
    b = NetworkBuilder(np.random.default_rng(0), batch_norm="refine")
    b.input("x", (3,), FixedPoint(4, 0))
    shift = np.array([1.0, 0.0, -1.0]) * 2.0**-frac
    formats = BlockPlan(weight=FixedPoint(4, 0), scale=FixedPoint(2, 0), scale_shift=FixedPoint(8, frac), output=output)
    kernel = np.array([[1.0, 1, 1], [2, 2, 2], [-3, -3, -3]])
    b.add("y", Dense(), ["x"], kernel=kernel, scale=ChannelScale(np.ones(3), shift), plan=formats)
    return b.build(["y"])


def addition(frac: int, output: Format | None) -> tuple[Graph, Plan]:
    """A whole number and one in steps of ``2**-frac``."""
    b = NetworkBuilder(np.random.default_rng(0))
    b.input("a", (3,), FixedPoint(8, 0))
    b.input("b", (3,), FixedPoint(8, frac))
    b.add("y", Add(), ["a", "b"], plan=BlockPlan(output=output))
    return b.build(["y"])


WHOLE = np.random.default_rng(1).integers(-8, 8, (40, 3)).astype(np.float64)
SIGNS = np.tile([1.0, 0.0, -1.0], (40, 1))


def samples(quantized: QuantizedGraph, frac: int) -> dict[str, np.ndarray]:
    return {i.name: SIGNS * 2.0**-frac if i.name == "b" else WHOLE for i in quantized.inputs}


def whole_part(name: str) -> np.ndarray:
    """The sums without the fine term, [40, 3]."""
    return WHOLE if name == "addition" else np.repeat((WHOLE @ [1.0, 2, -3])[:, None], 3, axis=1)


NETWORKS = {"dense": dense, "batch_norm": batch_norm, "addition": addition}


@pytest.mark.parametrize("frac", FINE)
@pytest.mark.parametrize("name", NETWORKS)
def test_a_fine_term_decides_every_tie(name: str, frac: int) -> None:
    quantized = quantize_graph(*NETWORKS[name](frac, TIE))
    emulator, x = Emulator(quantized), samples(quantized, frac)
    found = emulator.run(x, trace=True).blocks["y"]
    integers = emulator.quantize_inputs(x)
    for row in range(len(WHOLE)):
        exact = [Fraction(w) + Fraction(s) / 2**frac for w, s in zip(whole_part(name)[row], SIGNS[row], strict=True)]
        assert found[row].tolist() == [round(value / 2) for value in exact]
        plain = run_plain(quantized, {key: values[row] for key, values in integers.items()})["y"]
        assert found[row].tolist() == plain.tolist()


@pytest.mark.parametrize("frac", FINE)
@pytest.mark.parametrize("name", NETWORKS)
def test_an_unquantised_sum_holds_it(name: str, frac: int) -> None:
    quantized = quantize_graph(*NETWORKS[name](frac, None))
    raw = Emulator(quantized).run(samples(quantized, frac), trace=True).blocks["y"]
    step = Fraction(float(quantized.by_name["y"].format.step))
    for row in range(len(WHOLE)):
        exact = [Fraction(w) + Fraction(s) / 2**frac for w, s in zip(whole_part(name)[row], SIGNS[row], strict=True)]
        assert [int(value) * step for value in raw[row]] == exact


@pytest.mark.csim
@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.slow(3)) for name in NETWORKS])
def test_simulation_has_the_wide_shifts_too(name: str, tmp_path: Path) -> None:
    hw = hlsq.convert(*NETWORKS[name](44, TIE), output_dir=tmp_path / "net")
    block = hw.graph.by_name["y"]
    shifted = block.product_shift or (block.scale.product_shift if block.scale else 0)
    assert shifted == 44 or block.input_multipliers == (2**44, 1)
    assert hw.verify(samples(hw.graph, 44)).mismatches == 0


@pytest.mark.csim
@pytest.mark.slow(3)
def test_simulation_leaves_out_what_no_output_shows(tmp_path: Path) -> None:
    hw = hlsq.convert(*addition(90, FixedPoint(8, 0)), output_dir=tmp_path / "net")
    assert hw.graph.by_name["y"].input_multipliers == (1, 0)
    assert hw.verify(samples(hw.graph, 90)).mismatches == 0


@pytest.mark.parametrize(
    ("name", "frac", "what"),
    [
        ("dense", 60, "layer 'y': its bias is too fine for its sum, whose step is 1: .* room for 52 bits .* 66 are"),
        ("batch_norm", 60, "layer 'y': its batch norm's shift is too fine for its sum, .* and 66 are needed"),
        ("addition", 60, "layer 'y': input 2 of this addition, in steps of 8.67e-19, is too fine beside .* of 1 to be"),
    ],
)
def test_what_62_bits_cannot_hold_but_an_output_shows_is_refused(name: str, frac: int, what: str) -> None:
    with pytest.raises(QuantizationError, match=what):
        quantize_graph(*NETWORKS[name](frac, FixedPoint(8, 60)))


def test_without_room_what_an_output_does_not_show_is_rounded() -> None:
    """The room is used where it is needed, and no more."""
    for name, network in NETWORKS.items():
        block = quantize_graph(*network(90, FixedPoint(8, 2))).by_name["y"]
        shift = block.product_shift or (block.scale.product_shift if block.scale else 0)
        assert shift == (0 if name == "addition" else 8)  # a step of 2**-8 is 1/64 of the output's


def test_a_constant_in_no_ratio_of_powers_of_two() -> None:
    """The largest shift makes it whole as float64 has no more fractions; that is no reason for so wide a sum."""
    for output, shift in ((None, 12), (FixedPoint(8, 2), 8)):
        graph, plan = dense(2, output)
        block = quantize_graph(graph, plan.with_block("y", bias=Affine(8, 0.3))).by_name["y"]
        assert block.product_shift == shift
        assert block.bias is not None
        assert block.bias.tolist() == np.rint(np.array([0.3, 0, -0.3]) * 2**shift).tolist()


def test_inputs_in_no_ratio_of_powers_of_two() -> None:
    b = NetworkBuilder(np.random.default_rng(0))
    b.input("a", (3,), Affine(8, 0.9))
    b.input("b", (3,), Affine(16, 1e-5))
    b.add("y", Add(), ["a", "b"], plan=BlockPlan(output=Affine(8, 0.9)))
    graph, plan = b.build(["y"])
    with pytest.raises(QuantizationError, match=r"input 2 of this addition, in steps of 1e-05, .* steps of 0\.9"):
        quantize_graph(graph, plan)
    block = quantize_graph(graph, plan.with_block("y", output=Affine(8, 30.0))).by_name["y"]
    assert block.input_multipliers == (2**15, 0)
