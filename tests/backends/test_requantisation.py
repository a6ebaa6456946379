"""Requantisation at the edges of its types: every integer of an input, as machine integers and as in synthesis."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from networks import NetworkBuilder

import hlsq
from hlsq.backends.vitis.design import Design
from hlsq.backends.vitis.options import HardwareOptions
from hlsq.backends.vitis.render import render_project
from hlsq.formats import Affine, FixedPoint, Format, PowerOfTwo, Rounding
from hlsq.graph import Activation, DyadicRequant, QuantizedGraph
from hlsq.graph.lowering import quantize_graph
from hlsq.graph.ops import Conv2D, DepthwiseConv2D, Identity
from hlsq.plan import BlockPlan, Plan

LEAKY = Activation(negative_shift=3)
OUTPUTS: dict[str, tuple[Format, Activation]] = {
    "levels_beyond_all_values": (PowerOfTwo(5, 7, 4.0), Activation()),
    "levels_of_one_sign": (PowerOfTwo(4, 7, 2.0, signed=False), Activation(relu=True)),
    "zero_point_above_all_values": (Affine(8, 1.0, 250, signed=False), Activation()),
    "zero_point_below_all_values": (Affine(9, 1.0, -250), Activation()),
    "multiplied": (Affine(9, 0.37, 100, signed=False), Activation()),
    "finer": (FixedPoint(16, 6), Activation()),
    "coarser": (FixedPoint(4, -5, rounding=Rounding.HALF_UP), Activation()),
    "coarser_to_even": (FixedPoint(4, -5), Activation()),
    "leaky": (FixedPoint(6, -2), LEAKY),
    "leaky_up": (FixedPoint(8, 2, rounding=Rounding.HALF_UP), LEAKY),
    "leaky_multiplied": (Affine(7, 3.3), LEAKY),
    "sign": (FixedPoint(1, 0), Activation()),
}
EVERY = np.arange(-128, 128, dtype=np.float32).reshape(1, 16, 16, 1)


def network() -> tuple[hlsq.Graph, Plan]:
    b = NetworkBuilder(np.random.default_rng(0))
    b.input("x", (16, 16, 1), FixedPoint(8, 0))
    for name, (fmt, activation) in OUTPUTS.items():
        b.add(name, Identity(), ["x"], activation=activation, plan=BlockPlan(output=fmt))
    # Negative taps that shift left, by codes and by a table for each channel.
    codes = BlockPlan(weight=PowerOfTwo(5, 7, (2.0, 0.25, 0.0625)), output=FixedPoint(12, 2))
    kernel = np.array([4.0, -8.0, 0.0625]).reshape(1, 1, 1, 3)
    b.add("codes", Conv2D(), ["x"], kernel=kernel, activation=LEAKY, plan=codes)
    # All outputs are coarser, but not equally so.
    for name, rounding, activation in (("up", Rounding.HALF_UP, Activation()), ("even", Rounding.HALF_EVEN, LEAKY)):
        output = FixedPoint(6, -2, rounding=rounding)
        plan = BlockPlan(weight=PowerOfTwo(5, 7, (2.0, 0.25, 0.0625)), output=output)
        b.add(name, Conv2D(), ["x"], kernel=kernel, activation=activation, plan=plan)
    positive = BlockPlan(weight=FixedPoint(3, 0, signed=False), bias=FixedPoint(12, 4), output=FixedPoint(10, 0))
    b.add("unsigned", DepthwiseConv2D(), ["x"], kernel=np.full((1, 1, 1), 7.0), bias=np.array([0.5]), plan=positive)
    return b.build([*OUTPUTS, "codes", "up", "even", "unsigned"])


@pytest.mark.csim
@pytest.mark.slow(15)
def test_every_integer_is_exact_and_nothing_is_undefined(
    tmp_path: Path, run_test_bench: Callable[..., tuple[int, str]]
) -> None:
    hw = hlsq.convert(*network(), output_dir=tmp_path / "net", calibration=EVERY)
    hw.verify(EVERY, ap_types=True)
    code, printed = run_test_bench(
        hw.output_dir, "-DHLSQ_NATIVE_INT", "-fsanitize=undefined", "-fno-sanitize-recover=undefined"
    )
    assert (code, printed.strip()) == (0, "1 samples, 0 differences")


def code_of(name: str, graph: QuantizedGraph) -> str:
    design = Design(graph, HardwareOptions(reuse_factor={}))
    return render_project(design)[f"firmware/blocks/{design.by_name[name].ident}.h"]


def test_amounts_of_shifts_are_unsigned_and_as_wide_as_they_are_large() -> None:
    graph = quantize_graph(*network())
    assert "round_half_up(p, hlsq::uint<3>(5))" in code_of("coarser", graph)
    assert "shift_left<product_t>(t, hlsq::uint<3>(6))" in code_of("finer", graph)
    assert "(t < 0 ? hlsq::round_half_even(p, hlsq::uint<3>(5)) : hlsq::round_half_even(p, hlsq::uint<2>(2)))" in (
        code_of("leaky", graph)
    )
    by_channel = code_of("codes", graph)
    assert "static const hlsq::uint<2> codes_q_left[3][1] = {{3}, {0}, {0}};" in by_channel
    assert "const hlsq::uint<3> more = codes_q_shift[group][output] + (t < 0 ? 3 : 0);" in by_channel


def test_what_all_channels_shift_is_no_shifter() -> None:
    graph = quantize_graph(*network())
    for name, negative in (("up", 0), ("even", 3)):
        requant = graph.by_name[name].requant
        assert isinstance(requant, DyadicRequant)
        assert (requant.shift, requant.negative_shift) == ((1, 4, 6), negative)
        assert f"static const hlsq::uint<3> {name}_q_shift[3][1] = {{{{0}}, {{3}}, {{5}}}};" in code_of(name, graph)
    assert "round_half_up<1>(p, hlsq::uint<3>(up_q_shift[group][output]))" in code_of("up", graph)
    even = code_of("even", graph)
    assert "const hlsq::uint<4> more = even_q_shift[group][output] + (t < 0 ? 3 : 0);" in even
    assert "round_half_even<1>(p, more)" in even


def test_a_level_is_selected_and_not_looked_up() -> None:
    """A table would be a memory that all outputs of a group read at once."""
    code = code_of("levels_beyond_all_values", quantize_graph(*network()))
    used = [line for line in code.splitlines() if "_q_values" in line and "static const" not in line]
    assert len(used) == 1
    assert "_q_values[" not in used[0]
