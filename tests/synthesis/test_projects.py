"""The C++ of whole networks keeps the rules of directives, and what reaches hardware is what the report counts."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from counted import differences
from networks import NetworkBuilder, quantized_network
from random_designs import ONE_PE, fastest, faults, random_design
from searching import chain, images
from synthesis import check_project

from hlsq.backends.vitis.design import Design
from hlsq.backends.vitis.facts import design_facts
from hlsq.backends.vitis.options import HardwareOptions
from hlsq.backends.vitis.render import render_project
from hlsq.formats import Affine
from hlsq.graph.lowering import quantize_graph
from hlsq.graph.ops import Add
from hlsq.plan import BlockPlan
from hlsq.report.make import make_report
from hlsq.schemes import run_scheme, scheme_names

SEEDS = (3, 12, 24, 48)
"""Random networks that have every operation, and every kind of PE, activation and requantisation."""
EVALUATION = {"evaluation": (images(40, 2), np.random.default_rng(5).integers(0, 5, 40))}
SCHEMES: list[tuple[str, dict[str, Any]]] = [
    ("quant8", {"per_channel": True}),
    ("doubleq", {}),
    ("fixed", {"weight_width": 4}),
    ("doubleq_ef", {"code_bits": 4, "scale": "power_of_two", "sweeps": 0}),
    ("doubleq_ext", {**EVALUATION, "max_layers": 1}),
    ("fxp_uniform", {"weight_width": 1}),
    ("fxpqnet", {**EVALUATION, "max_drop": 0.5, "max_reductions": 1}),
]


@pytest.mark.slow(2)
@pytest.mark.parametrize("io_type", ["io_stream", "io_parallel"])
@pytest.mark.parametrize("seed", SEEDS)
def test_every_operation(seed: int, io_type: str) -> None:
    graph = quantized_network(seed)
    reuse = {12: fastest(graph), 24: ONE_PE}.get(seed)
    assert faults(Design(graph, HardwareOptions(io_type=io_type, reuse_factor=reuse))) == []


def test_these_networks_have_everything() -> None:
    designs = [Design(quantized_network(seed), HardwareOptions(reuse_factor={})) for seed in SEEDS]
    kinds = {"add", "average_pool2d", "concatenate", "conv2d", "dense", "depthwise_conv2d", "identity", "max_pool2d"}
    assert {b.block.op.kind for design in designs for b in design.blocks} == kinds | {"reshape", "zero_pad2d"}
    assert {b.pe_kind for design in designs for b in design.blocks} == {None, "multiply", "shift", "sign"}
    operators = [found for design in designs for found in design.operators.values()]
    for part in ("shift", "dyadic", "threshold", "shifters"):
        assert any(getattr(found.requantisers, part) for found in operators), part
    for part in ("requantisation", "scale", "alignment", "average"):
        assert any(getattr(found.multipliers, part) for found in operators), part


@pytest.mark.slow(2)
@pytest.mark.parametrize(("scheme", "options"), SCHEMES)
def test_schemes(scheme: str, options: dict[str, Any]) -> None:
    graph = chain(3, residual=True)
    plan = run_scheme(scheme, graph, images(16, 1), progress=False, **options)
    assert faults(Design(quantize_graph(graph, plan), HardwareOptions(reuse_factor={}))) == []


def test_every_scheme_is_here() -> None:
    assert {name for name, _ in SCHEMES} == set(scheme_names())


@pytest.mark.slow(2)
@pytest.mark.parametrize("seed", [7, 20, 33])
def test_random_networks(seed: int) -> None:
    what, design = random_design(seed)
    assert faults(design) == [], what


@pytest.fixture(scope="module")
def design() -> Design:
    return Design(quantized_network(12), HardwareOptions(reuse_factor={}))


@pytest.fixture(scope="module")
def files(design: Design) -> dict[str, str]:
    return render_project(design)


def test_the_report_adds_the_blocks_up(design: Design, files: dict[str, str]) -> None:
    findings = check_project(files, design.options.top)
    report = make_report(design.graph, design_facts(design))
    processes = findings.processes.values()
    totals = report.to_dict()["totals"]
    widest = max(findings.streams.values())
    assert totals["dsp_candidates"] == report.dsp_candidates == sum(p.multiplications for p in processes)
    assert sum(totals["pes"].values()) == sum(p.count("apply") for p in processes)
    assert totals["multipliers"] == report.dsp_candidates - report.pes.get("multiply", 0)
    assert totals["widest_stream_bits"] == widest
    assert re.search(rf"^DSP candidates +{report.dsp_candidates}$", str(report), re.MULTILINE)
    assert re.search(rf"^widest stream +{widest} bit$", str(report), re.MULTILINE)


def test_inputs_of_a_sum_meet_their_factors_as_narrow_as_they_are() -> None:
    b = NetworkBuilder(np.random.default_rng(0))
    b.input("x", (4, 4, 3), Affine(8, 0.029, zero_point=-5))
    b.input("y", (4, 4, 3), Affine(5, 0.037))
    b.input("z", (4, 4, 3), Affine(8, 0.1))
    b.add("sum", Add(), ["x", "y", "z"], plan=BlockPlan(output=Affine(8, 0.2)))
    design = Design(quantize_graph(*b.build(["sum"])), HardwareOptions(reuse_factor={"sum": 1}))
    process = check_project(render_project(design), design.options.top).processes[design.by_name["sum"].ident]
    factors = design.by_name["sum"].block.input_multipliers
    assert [factor & (factor - 1) == 0 for factor in factors] == [False, False, True]
    # The first one's integers minus its zero point go from -123 to 132, those of the second are as they are.
    widths = [(9, factors[0].bit_length()), (5, factors[1].bit_length())]
    assert sorted(process.rest.widths) == sorted(3 * widths)


SELECT = "return value[step][lane];"
FINISH = "CONFIG::finish(sums[o], group, o)"
EDITS = [
    ("hlsq/mac.h", FINISH, f"CONFIG::finish(sums[o], group, 0) + {FINISH}", "requantisers"),
    ("hlsq/mac.h", "= add_products<CONFIG>(", "= sums[o] * x(0, 0) + add_products<CONFIG>(", "multiplications"),
    ("hlsq/mac.h", "outputs.next_group();\n", "outputs.next_group() % 3;\n", "divisions of counts"),
    ("hlsq/mac.h", "#pragma HLS UNROLL", "", "has no UNROLL"),
    ("hlsq/taps.h", "tap.select(step, lane);", "taps.select(step, lane);", "'taps'"),
    ("hlsq/taps.h", "tap.select(step, lane);", "tap.select(step, lane + step);", "multiplexers of windows"),
    ("hlsq/registers.h", SELECT, "return value[step][step];", "multiplexers of windows"),
    ("hlsq/registers.h", "T value[STEPS][LANES];", "T value[2 * STEPS][LANES];", "multiplexers of windows"),
    ("hlsq/convolution.h", "CONFIG::iterations", "CONFIG::iterations + 1", "iterations"),
    ("hlsq/pooling.h", "t < CONFIG::tap_slots", "t < map.at.at_column()", "unknown number of iterations"),
    ("hlsq/registers.h", "#pragma HLS ARRAY_PARTITION variable = value complete dim = 0", "", "registers of windows"),
    ("hlsq/mac.h", "variable = sums complete", "variable = sum complete", "no variable 'sum'"),
    ("hlsq/mac.h", "= CONFIG::by_channel ?", "= CONFIG::by_channel  ?", ""),
]
"""Changes of the C++ that cost hardware, and what has to be said of them; of the last one, nothing."""


@pytest.mark.slow(2)
@pytest.mark.parametrize(("file", "old", "new", "said"), EDITS)
def test_hardware_that_was_not_counted_is_noticed(
    file: str, old: str, new: str, said: str, design: Design, files: dict[str, str]
) -> None:
    path = f"firmware/{file}"
    assert old in files[path]
    edited = {**files, path: files[path].replace(old, new, 1)}
    found = differences(design, check_project(edited, design.options.top))
    assert any(said in fault for fault in found) if said else found == []
