"""Reshapes between packets of one size, and identities: no block, no stream of their own, and traced all the same."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from networks import NetworkBuilder, random_inputs

import hlsq
from hlsq.backends.vitis.design import Design
from hlsq.backends.vitis.options import HardwareOptions
from hlsq.cost.wires import is_wire
from hlsq.errors import OptionError
from hlsq.formats import Affine, Format, PowerOfTwo
from hlsq.graph import Activation, Graph
from hlsq.graph.lowering import quantize_graph
from hlsq.graph.ops import Add, Conv2D, Dense, Identity, Reshape
from hlsq.plan import BlockPlan, Plan

FORMAT = Affine(8, 0.05, 3)
CONV = BlockPlan(weight=Affine(8, 0.01, symmetric=True), output=FORMAT)
LOGITS = BlockPlan(weight=Affine(8, 0.01, symmetric=True))


def inside() -> tuple[Graph, Plan]:
    """Wires with several readers, one behind the other, that are outputs, and that come back to what they stand for."""
    b = NetworkBuilder(np.random.default_rng(0))
    b.input("x", (4, 6, 3), FORMAT)
    b.add("wide", Reshape((2, 12, 3)), ["x"])
    b.add("conv", Conv2D(), ["wide"], kernel=b.kernel(1, 3, 3, 3), plan=CONV)
    b.add("same", Identity(), ["conv"], plan=BlockPlan(output=FORMAT))
    b.add("sum", Add(), ["conv", "same"], plan=BlockPlan(output=FORMAT))
    b.add("flat", Reshape((60,)), ["sum"])
    b.add("one", Dense(), ["flat"], kernel=b.kernel(60, 4), plan=LOGITS)
    b.add("two", Dense(), ["flat"], kernel=b.kernel(60, 5), plan=LOGITS)
    b.add("regrouped", Reshape((4, 5, 3)), ["sum"])
    b.add("other", Reshape((5, 12)), ["regrouped"])
    return b.build(["one", "regrouped", "two", "other"])


def nothing_else(vector: bool) -> tuple[Graph, Plan]:
    """Two inputs that go out as they came in."""
    b = NetworkBuilder(np.random.default_rng(0))
    b.input("x", (4,) if vector else (2, 3, 4), FORMAT)
    b.input("y", (3, 2), FORMAT)
    b.add("named", Identity(), ["x"], plan=BlockPlan(output=FORMAT))
    b.add("reshaped", Reshape((1, 3, 2)), ["y"])
    b.add("again", Reshape((3, 1, 2)), ["reshaped"])
    return b.build(["named", "reshaped", "again"])


WIRES = {
    "inside": (inside(), {"wide", "same", "flat", "regrouped"}),
    "maps": (nothing_else(False), {"named", "reshaped", "again"}),
    "vectors": (nothing_else(True), {"named", "reshaped", "again"}),
}


@pytest.mark.csim
@pytest.mark.slow(6)
@pytest.mark.parametrize("io_type", ["io_stream", "io_parallel"])
@pytest.mark.parametrize("name", WIRES)
def test_a_wire_costs_nothing_and_is_verified(
    name: str, io_type: str, tmp_path: Path, run_test_bench: Callable[..., tuple[int, str]]
) -> None:
    (graph, plan), wires = WIRES[name]
    hw = hlsq.convert(graph, plan, output_dir=tmp_path / "net", io_type=io_type)
    x = random_inputs(hw.graph, 3)
    assert hw.verify(x).tensors == len(hw.graph.shapes)
    for expected, actual in zip(hw.emulate(x, raw=True), hw.predict(x, raw=True), strict=True):
        assert np.array_equal(expected, actual)
    counts = hw.count_iterations(x)
    assert {block for block, count in counts.items() if count == 0} == wires
    assert counts == {b.block.name: 3 * b.iterations for b in hw.design.blocks}
    assert run_test_bench(hw.output_dir)[1].endswith(" 0 differences\n")
    blocks = {path.stem for path in (hw.output_dir / "firmware" / "blocks").glob("*.h")}
    assert blocks == {b.ident for b in hw.design.blocks if b.block.name not in wires}
    top = (hw.output_dir / "firmware" / "hlsq_net.cpp").read_text()
    for block in hw.design.blocks:
        called = re.search(rf"^    {block.ident}\(", top, flags=re.MULTILINE)
        assert (called is None) == (block.block.name in wires)


def test_an_array_that_a_wire_holds_is_written_once_and_copied_for_all_readers() -> None:
    design = Design(quantize_graph(*inside()), HardwareOptions())
    carriers = {n: c for n, c in design.carriers.items() if n != c}
    assert carriers == {"wide": "x", "same": "conv", "flat": "sum", "regrouped": "sum"}
    assert [(s.tensor, s.reader) for s in design.streams if design.carriers[s.tensor] == "sum"] == [
        ("flat", "one"), ("flat", "two"), ("regrouped", "other"), ("regrouped", None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("source", "output", "activation", "wire"),
    [
        (FORMAT, FORMAT, Activation(), True),
        (FORMAT, Affine(8, 0.05, 4), Activation(), False),
        (FORMAT, Affine(9, 0.05, 3), Activation(), False),
        (FORMAT, Affine(8, 0.1, 3), Activation(), False),
        (FORMAT, FORMAT, Activation(relu=True), False),
        (FORMAT, FORMAT, Activation(negative_shift=1), False),
        (Affine(8, 0.05, signed=False), Affine(8, 0.05, signed=False), Activation(relu=True), True),
        (Affine(8, 0.05, signed=False), Affine(8, 0.05, signed=False), Activation(relu=True, max_value=3.0), False),
        (PowerOfTwo(5, 7, 0.25), PowerOfTwo(5, 7, 0.25), Activation(), True),
        (PowerOfTwo(5, 7, 0.25), PowerOfTwo(5, 7, 0.5), Activation(), False),
    ],
)
def test_only_what_changes_no_integer_is_a_wire(
    source: Format, output: Format, activation: Activation, wire: bool
) -> None:
    b = NetworkBuilder(np.random.default_rng(0))
    b.input("x", (3, 2), source)
    b.add("y", Identity(), ["x"], activation=activation, plan=BlockPlan(output=output))
    graph = quantize_graph(*b.build(["y"]))
    assert is_wire(graph, graph.by_name["y"]) == wire


def test_a_wire_has_no_reuse_factor() -> None:
    with pytest.raises(OptionError, match="'same'"):
        Design(quantize_graph(*inside()), HardwareOptions(reuse_factor={"same": 1}))
