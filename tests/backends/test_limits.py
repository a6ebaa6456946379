"""What Vitis HLS cannot do is refused before anything is written, with the layer, the value, the limit and a remedy."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from networks import NetworkBuilder, quantized_network
from small import small_network

import hlsq
from hlsq.backends.vitis.demands import check_rules
from hlsq.backends.vitis.design import Design
from hlsq.backends.vitis.limits import RULES, TOOL_LIMITS, Limit
from hlsq.backends.vitis.options import HardwareOptions, IOType
from hlsq.backends.vitis.render import render_project
from hlsq.cost import products_of, split, valid_reuse_factors
from hlsq.errors import OptionError, QuantizationError
from hlsq.formats import Affine, FixedPoint, Format
from hlsq.graph import QuantizedGraph
from hlsq.graph.lowering import quantize_graph
from hlsq.graph.ops import Conv2D, Dense
from hlsq.plan import BlockPlan

BYTE = Affine(8, 0.02, symmetric=True)


def one_layer(op: Dense | Conv2D, shape: tuple[int, ...], kernel: tuple[int, ...], weight: Format) -> QuantizedGraph:
    b = NetworkBuilder(np.random.default_rng(1))
    x = b.input("x", shape, Affine(8, 1 / 64))
    plan = BlockPlan(weight=weight, output=Affine(8, 0.5))
    return quantize_graph(*b.build([b.add("layer", op, [x], kernel=b.rng.normal(size=kernel), plan=plan)]))


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        (one_layer(Conv2D((1, 1), (1, 1, 1, 1)), (8, 8, 64), (3, 3, 64, 64), BYTE), "36,864 PEs at once"),
        (one_layer(Dense(), (64,), (64, 64), FixedPoint(20, 12)), "131,072 bits of weights at once"),
    ],
    ids=["copies", "row of weights"],
)
def test_too_much_at_once_names_the_smallest_reuse_factor_that_works(graph: QuantizedGraph, message: str) -> None:
    block = graph.blocks[0]
    with pytest.raises(OptionError, match=rf"'layer': reuse factor 1 asks for {message}; .*give it at least") as caught:
        Design(graph, HardwareOptions(reuse_factor={"layer": 1}))
    found = re.search(r"at least (\d+), as in reuse_factor=\{'layer': (\d+)\}", str(caught.value))
    assert found is not None
    least = int(found[1])
    assert found[1] == found[2]
    products = products_of(block, graph)
    assert products is not None
    for factor in valid_reuse_factors(products):
        if factor < least:
            with pytest.raises(OptionError):
                Design(graph, HardwareOptions(reuse_factor={"layer": factor}))
    pes = Design(graph, HardwareOptions(reuse_factor={"layer": least})).blocks[0].pes
    assert pes == split("layer", products, least).pes <= TOOL_LIMITS.loop_copies.most


def test_without_a_wish_the_factor_is_large_enough() -> None:
    graph = one_layer(Conv2D((1, 1), (1, 1, 1, 1)), (8, 8, 64), (3, 3, 64, 64), BYTE)
    limits = replace(TOOL_LIMITS, loop_copies=Limit(100, "copies", "this test"))
    block = Design(graph, HardwareOptions(), limits).blocks[0]
    assert block.pes <= 100
    assert block.reuse_factor > 64


@pytest.mark.parametrize("io_type", ["io_stream", "io_parallel"])
def test_a_layer_of_too_many_channels(io_type: IOType, tmp_path: Path) -> None:
    b = NetworkBuilder(np.random.default_rng(1))
    x = b.input("x", (3,), Affine(8, 1 / 64))
    b.add("wide", Dense(), [x], kernel=b.rng.normal(size=(3, 5000)), plan=BlockPlan(weight=BYTE, output=BYTE))
    said = r"layer 'wide' needs registers .*: 5,000 elements; .*at most 4,096 \(.*fewer channels"
    with pytest.raises(OptionError, match=said):
        hlsq.convert(*b.build(["wide"]), output_dir=tmp_path / "net", io_type=io_type)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["reshape_bits", "partition_elements"])
def test_every_limit_is_looked_at(name: str) -> None:
    graph = quantize_graph(*small_network())
    render_project(Design(graph, HardwareOptions(reuse_factor=None)))
    tight = replace(TOOL_LIMITS, **{name: Limit(1, "units", "this test")})
    with pytest.raises(OptionError, match=r"'\S+'.* (needs|asks for) .*at most 1\b.*(: give|No option|Give)"):
        render_project(Design(graph, HardwareOptions(), tight))


def test_limits_say_where_they_are_known_from() -> None:
    for field in fields(TOOL_LIMITS):
        limit = getattr(TOOL_LIMITS, field.name)
        assert limit.most > 0
        assert re.search(r"\d{3}|UG1399", limit.source)


def test_the_option_for_large_arrays_is_set_where_there_are_any(tmp_path: Path) -> None:
    option = "config_array_partition -maximum_size 4096"
    small = render_project(Design(quantize_graph(*small_network()), HardwareOptions()))["build_prj.tcl"]
    assert option not in small
    large = Design(one_layer(Dense(), (1500,), (1500, 2), BYTE), HardwareOptions())
    script = render_project(large)["build_prj.tcl"]
    assert f"catch {{{option}}}" in script
    if shutil.which("tclsh") is None:
        pytest.skip("no tclsh to run the script with")
    (tmp_path / "option.tcl").write_text("\n".join(line for line in script.splitlines() if option in line))
    subprocess.run(["tclsh", "option.tcl"], cwd=tmp_path, check=True)  # an interpreter that does not know the command


BROKEN = [
    "void net(int *x) {\n#pragma HLS INTERFACE mode = m_axi port = x\n}\n",
    'void net() {\n    hls::stream<x_t> s("s");\n    f(s);\n}\n',
    "void net() {\n#pragma HLS DATAFLOW\n#pragma HLS STABLE variable = x\n}\n",
]


@pytest.mark.parametrize(
    ("rule", "text"), list(zip(RULES, BROKEN, strict=True)), ids=lambda value: getattr(value, "what", "")
)
def test_rules(rule: object, text: str) -> None:
    broken = [r for r in RULES if r.broken_by(text)]
    assert broken == [rule]
    with pytest.raises(QuantizationError, match=re.escape(broken[0].what)):
        check_rules({"firmware/net.cpp": text})
    check_rules({"net_test.cpp": text})


@pytest.mark.parametrize("io_type", ["io_stream", "io_parallel"])
def test_what_is_generated_breaks_no_rule(io_type: IOType) -> None:
    for seed in range(4):
        assert render_project(Design(quantized_network(seed), HardwareOptions(io_type=io_type)))
