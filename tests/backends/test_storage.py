"""What blocks keep of their inputs, and where: words of memories or registers; multipliers in DSP blocks or fabric."""

import re
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from networks import NetworkBuilder, random_inputs

from hlsq.backends.vitis.design import Design
from hlsq.backends.vitis.limits import Limit, ToolLimits
from hlsq.backends.vitis.options import HardwareOptions, IOType
from hlsq.backends.vitis.project import write_project
from hlsq.backends.vitis.render import render_project
from hlsq.backends.vitis.simulation import Simulation, compile_library
from hlsq.emulate.emulator import Emulator
from hlsq.formats import Affine, FixedPoint
from hlsq.graph import Graph, QuantizedGraph
from hlsq.graph.lowering import quantize_graph
from hlsq.graph.ops import AveragePool2D, Conv2D, Dense, MaxPool2D, Reshape
from hlsq.plan import BlockPlan, Plan
from hlsq.verification import verify

BOUND = r"#pragma HLS BIND_STORAGE variable = (\w+) type = (\w+)(?: impl = (\w+))?\n"


def network(width: int = 7, channels: int = 3) -> tuple[Graph, Plan]:
    """A block of every kind that keeps something, and multiplies with weights, in requantisation and at borders."""
    b = NetworkBuilder(np.random.default_rng(0))
    b.input("x", (6, width, channels), Affine(8, 0.05, 3))
    weight = Affine(8, 0.01, symmetric=True)
    plan = BlockPlan(weight=weight, output=Affine(8, 0.07))
    b.add("conv", Conv2D((1, 1), (1, 1, 1, 1)), ["x"], kernel=b.kernel(3, 3, channels, 4), plan=plan)
    b.add("largest", MaxPool2D((2, min(2, width)), (1, 1)), ["conv"])
    mean = BlockPlan(output=Affine(7, 0.09))
    b.add("mean", AveragePool2D((2, min(2, width)), (1, 1), (1, 1, 0, 0)), ["largest"], plan=mean)
    size = int(np.prod(b.shapes["mean"]))
    b.add("flat", Reshape((size,)), ["mean"])
    b.add("fc", Dense(), ["flat"], kernel=b.kernel(size, 5), plan=BlockPlan(weight=weight))
    return b.build(["fc"])


def blocks_of(graph: QuantizedGraph, options: HardwareOptions) -> dict[str, str]:
    design = Design(graph, options)
    files = render_project(design)
    return {b.block.name: files[f"firmware/blocks/{b.ident}.h"] for b in design.functions}


def bound(codes: dict[str, str]) -> dict[str, list[tuple[str, ...]]]:
    return {name: re.findall(BOUND, code) for name, code in codes.items()}


def test_memories_are_simple_ones_with_two_ports_and_chosen_by_size_if_nobody_chooses() -> None:
    line = ("lines", "ram_s2p", "lutram")
    assert bound(blocks_of(quantize_graph(*network()), HardwareOptions(reuse_factor={"fc": 180}))) == {
        "conv": [line], "largest": [line], "mean": [line], "fc": [("kept", "ram_s2p", "lutram")],
    }  # fmt: skip


def test_memories_are_what_the_options_say() -> None:
    options = HardwareOptions(reuse_factor={"fc": 180}, rom_storage="lutram", line_storage="bram")
    line = ("lines", "ram_s2p", "bram")
    assert bound(blocks_of(quantize_graph(*network()), options)) == {
        "conv": [("conv_q_weights", "rom_1p", "lutram"), line],
        "largest": [line],
        "mean": [line],
        "fc": [("fc_q_weights", "rom_1p", "lutram"), ("kept", "ram_s2p", "bram")],
    }


def test_what_is_read_again_at_once_is_in_registers() -> None:
    code = blocks_of(quantize_graph(*network(width=1)), HardwareOptions(line_storage="bram", separate_windows=[]))[
        "conv"
    ]
    assert "hlsq::packet<conv_q_config::tap_t, 3> lines[2][1][1];" in code
    assert "#pragma HLS ARRAY_PARTITION variable = lines complete dim = 0\n" in code
    assert "= lines type" not in code


def test_what_is_read_again_soon_is_in_no_block_ram() -> None:
    code = blocks_of(quantize_graph(*network(width=4)), HardwareOptions(line_storage="bram"))["conv"]
    assert "#pragma HLS BIND_STORAGE variable = lines type = ram_s2p impl = lutram latency = 1\n" in code


def test_a_wide_place_is_several_words() -> None:
    code = blocks_of(quantize_graph(*network(channels=1100)), HardwareOptions(reuse_factor={}))["conv"]
    assert "hlsq::packet<conv_q_config::tap_t, 367> lines[2][3][7];" in code  # 9 bits each
    assert "#pragma HLS ARRAY_PARTITION variable = lines complete dim = 2\n" in code


@pytest.mark.parametrize("where", ["dsp", "fabric"])
def test_all_multiplications_are_where_the_option_says(where: str) -> None:
    files = blocks_of(quantize_graph(*network()), HardwareOptions(multipliers=where))  # type: ignore[arg-type]
    code = "".join(files.values())
    small = r"hlsq::multiply<factor_t>"  # of two factors of a border
    products = [p for p in re.findall(r"hlsq::multiply<[^(]*>", code) if p != small]
    assert len(products) >= 3
    assert all(product.endswith(f", hlsq::in_{where}>") for product in products)
    assert len(re.findall(rf"hlsq::pe_multiply<.*, hlsq::in_{where}> pe;", code)) == 2


@pytest.mark.csim
@pytest.mark.slow(10)
@pytest.mark.parametrize("io_type", ["io_stream", "io_parallel"])
def test_words_of_any_number_are_exact(io_type: IOType, tmp_path: Path) -> None:
    options = HardwareOptions(io_type=io_type, multipliers="dsp", rom_storage="bram", line_storage="lutram")
    graph, plan = network()
    design = Design(quantize_graph(graph, plan), options, ToolLimits(word_bits=Limit(20, "bits", "")))
    write_project(design, tmp_path / "net")
    assert "lines[2][2][7];" in (tmp_path / "net" / "firmware" / "blocks" / "conv_q.h").read_text()
    emulator = Emulator(design.graph)
    x = random_inputs(design.graph, 4)
    for ap_types in (False, True):
        simulation = Simulation.load(design, compile_library(tmp_path / "net", ap_types=ap_types))
        verify(emulator, partial(simulation.run, trace=True), x)


def test_shifts_are_no_multiplications_wherever_those_are() -> None:
    b = NetworkBuilder(np.random.default_rng(0))
    b.input("x", (6, 6, 2), FixedPoint(6, 3))
    plan = BlockPlan(weight=FixedPoint(1, 2), output=FixedPoint(5, 2))
    b.add("conv", Conv2D(), ["x"], kernel=b.kernel(3, 3, 2, 4), plan=plan)
    code = blocks_of(quantize_graph(*b.build(["conv"])), HardwareOptions(multipliers="dsp"))["conv"]
    assert "in_dsp" not in code
