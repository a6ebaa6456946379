"""The report against the project it describes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from networks import NetworkBuilder, quantized_network, random_inputs, random_network
from small import small_network

import hlsq
from hlsq.backends.vitis.design import Design
from hlsq.backends.vitis.options import HardwareOptions
from hlsq.errors import GraphError
from hlsq.formats import Affine, FixedPoint, PowerOfTwo
from hlsq.graph import Activation, ChannelScale, Graph
from hlsq.graph.lowering import quantize_graph
from hlsq.graph.ops import Dense, Identity
from hlsq.hardware import HardwareModel
from hlsq.memory import measure
from hlsq.plan import BlockPlan
from hlsq.report import Report
from hlsq.report.text import WIDTH
from hlsq.report.words import summary

SAMPLES = np.random.default_rng(0).normal(size=(70, 6, 6, 2)).astype(np.float32)
OUTPUT = Affine(8, 0.05, signed=False)
Convert = Callable[..., HardwareModel]


def test_every_block_is_there_with_its_shapes_and_pes(report: Report) -> None:
    blocks = {block.name: block for block in report.blocks}
    assert list(blocks) == ["conv/first", "conv/second", "sum", "pool", "class"]
    first = blocks["conv/first"]
    assert (first.input_shapes, first.output_shape, first.weight_shape) == (((6, 6, 2),), (6, 6, 4), (3, 3, 2, 4))
    assert first.pe is not None
    assert (first.pe.kind, first.pe.reuse_factor, first.pe.count) == ("shift", 4, 18)
    assert first.pe.tap_block * first.pe.output_block == 18
    assert first.macs == 36 * 18 * 4
    assert blocks["sum"].pe is None
    assert blocks["sum"].input_shapes == ((6, 6, 4), (6, 6, 4))
    assert report.pes["multiply"] == blocks["class"].pe.count  # type: ignore[union-attr]
    assert report.macs == 36 * 18 * 4 + 36 * 36 * 4 + 12


def test_what_is_left_to_the_host_is_said(report: Report) -> None:
    assert report.outputs[0].host == "softmax"
    assert "softmax is left to the host" in str(report)


def test_rom_is_what_the_project_holds(hw: HardwareModel, report: Report) -> None:
    for block in report.blocks:
        if block.pe is None:
            continue
        ident = hw.design.by_name[block.name].ident
        header = (hw.output_dir / "firmware" / "weights" / f"{ident}.h").read_text()
        words = re.findall(r"\d+", header[header.index("= {") :])
        assert block.memory.rom_bits == len(words) * 16, block.name


@pytest.mark.parametrize("seed", range(12))
def test_widths_are_those_of_the_generated_types(seed: int) -> None:
    from hlsq.backends.vitis.render import render_project

    design = Design(quantized_network(seed), HardwareOptions())
    report = HardwareModel(design, Path("nowhere")).report()
    files = render_project(design)
    compared = 0
    for block in report.blocks:
        if design.by_name[block.name].is_wire:
            continue
        code = files[f"firmware/blocks/{design.by_name[block.name].ident}.h"]
        for name, bits in (("sum", block.accumulator_bits), ("product", block.requant_bits)):
            found = [int(width) for width in re.findall(rf"typedef hlsq::sint<(\d+)> {name}_t;", code)]
            if bits and not (name == "product" and block.operation != "concatenate" and len(found) > 1):
                assert max(found) == bits, (block.name, name)
                compared += 1
        if block.scaled_bits:
            assert f"typedef hlsq::sint<{block.scaled_bits}> scaled_t;" in code
    assert compared > 3


def test_joins_have_the_depths_of_the_project(hw: HardwareModel, report: Report) -> None:
    source = (hw.output_dir / "firmware" / "hlsq_net.cpp").read_text()
    assert {(join.block, join.source) for join in report.joins} == {("sum", "conv/first"), ("sum", "conv/second")}
    for join in report.joins:
        assert re.search(rf"STREAM variable ?= ?\w+ depth ?= ?{join.depth}\b", source), join
        assert join.packet_bits == 4 * 8
    depths = [int(depth) for depth in re.findall(r"STREAM variable ?= ?\w+ depth ?= ?(\d+)", source)]
    assert max(depths) == max(join.depth for join in report.joins) > 2


def test_io_parallel_has_line_buffers_but_no_streams(tmp_path: Path) -> None:
    graph, plan = small_network()
    report = hlsq.convert(graph, plan, output_dir=tmp_path / "net", io_type="io_parallel").report()
    assert (report.joins, report.stream_bits) == ((), 0)
    assert report.memory.line_buffer_bits == measure(quantize_graph(graph, plan)).line_buffer_bits > 0
    printed = str(report)
    assert re.search(r"^line buffers +- ", printed, re.MULTILINE)
    assert not re.search(r"^streams ", printed, re.MULTILINE)


def test_roundings_are_counted_on_the_calibration_data(hw: HardwareModel, report: Report) -> None:
    assert report.deviation_samples == 64
    assert report.deviation is not None
    assert report.deviation.differing == sum(d.differing for d in hw.deviations.values()) > 0
    assert report.deviation.values == 64 * (3 * 36 * 4 + 4)
    assert "integers differ from real arithmetic" in str(report)
    exact = tuple(replace(b, deviation=b.deviation and replace(b.deviation, differing=0)) for b in report.blocks)
    told = dict(summary(replace(report, blocks=exact)))["rounding"]
    assert re.fullmatch(r"all [\d,]+ integers are those of real arithmetic, on 64 calibration samples", told)


def test_an_addition_s_roundings_once_more(hw: HardwareModel, report: Report) -> None:
    trace = hw.emulate(SAMPLES[:64], trace=True)
    formats = hw.graph.formats
    exact = sum(formats[name].dequantize(trace[name]) for name in ("conv/first", "conv/second"))
    expected = formats["sum"].quantize(np.maximum(exact, 0))
    found = next(block.deviation for block in report.blocks if block.name == "sum")
    assert found is not None
    assert found.differing == int((expected != trace["sum"]).sum()) > 0
    assert found.largest == 1


def test_concatenations_round_too(tmp_path: Path) -> None:
    seed = next(s for s in range(50) if any(b.input_requants for b in quantized_network(s).blocks))
    graph, plan = random_network(seed)
    x = random_inputs(quantize_graph(graph, plan), 8)
    report = hlsq.convert(graph, plan, output_dir=tmp_path / "net", calibration=x).report()
    joined = [b for b in report.blocks if b.operation == "concatenate" and b.requant_bits]
    assert joined
    assert all(b.deviation is not None and b.deviation.largest <= 1 for b in joined)


def test_no_calibration_data_is_said_and_not_shown_as_no_difference(convert_one: Convert) -> None:
    report = convert_one().report()
    assert report.deviation is None
    assert report.to_dict()["totals"]["deviation"] is None
    assert "not counted" in str(report)


def test_loaded_project_reports_the_same(hw: HardwareModel, report: Report) -> None:
    loaded = hlsq.load_project(hw.output_dir).report()
    assert loaded == report
    assert str(loaded) == str(report)


def test_project_without_plan_and_with_damaged_counts(tmp_path: Path, convert_one: Convert) -> None:
    convert_one()
    (tmp_path / "net" / "plan.json").unlink()
    report = hlsq.load_project(tmp_path / "net").report()
    assert report.plan is None
    assert "unknown: the project has no plan" in str(report)
    assert "fc_bn" in str(report), "the Keras layers are known without a plan"
    (tmp_path / "net" / "deviations.json").write_text('{"fc": {"values": 1}}')
    with pytest.raises(GraphError, match=r"deviations\.json: not as hlsq wrote it"):
        hlsq.load_project(tmp_path / "net")


def test_scheme_options_and_calibration_are_named(tmp_path: Path) -> None:
    graph, _ = small_network()
    hw = hlsq.convert(graph, scheme="quant8", per_channel=True, calibration=SAMPLES, output_dir=tmp_path / "net")
    hw.accuracy["float"] = 0.9296
    report = hw.report()
    text = str(report)
    assert report.plan is not None
    assert report.plan.scheme == "quant8"
    assert report.plan.options["per_channel"] is True
    for part in ("quant8", "per_channel=True", "samples=70", "minmax", "92.96 %"):
        assert part in text
    weight = report.blocks[0].weight_format
    assert weight is not None
    assert weight.channels == 4
    assert weight.step[0] < weight.step[1]


def test_refined_batch_norm_and_thresholds(tmp_path: Path) -> None:
    b = NetworkBuilder(np.random.default_rng(0), batch_norm="refine")
    b.input("x", (4,), Affine(8, 0.04, signed=False))
    scale = ChannelScale(np.array([1.0, -0.5, 0.25]), np.ones(3))
    b.add(
        "a", Dense(), ["x"], kernel=b.kernel(4, 3), scale=scale, plan=BlockPlan(weight=FixedPoint(4, 2), output=OUTPUT)
    )
    b.add("b", Identity(), ["a"], activation=Activation(relu=True), plan=BlockPlan(output=PowerOfTwo(3, 2, 0.25)))
    first, second = hlsq.convert(*b.build(["b"]), output_dir=tmp_path / "net").report().blocks
    assert first.scaled_bits > first.accumulator_bits > 0
    assert first.scale_format == "dyadic"
    assert first.memory.scale_bits > 0
    assert second.requant == "6 thresholds"


@pytest.mark.realdata
def test_resnet20_saves_what_the_paper_prints(tmp_path: Path) -> None:
    from hlsq.converters.keras import from_keras
    from hlsq.data import load_cifar10, load_resnet20_weights
    from hlsq.zoo.resnet20 import preprocess, resnet20

    graph: Graph = from_keras(resnet20(load_resnet20_weights()))
    (x, _), _ = load_cifar10()
    hw = hlsq.convert(graph, output_dir=tmp_path / "net", scheme="doubleq", calibration=preprocess(x[:64]))
    report = hw.report()
    text = str(report)
    assert report.memory.paper.before == 32 * 270_256
    assert f"{report.memory.paper.saved:.1%}" == "84.4%"
    for part in ("168.91 kB (84.4 % less)", "180.17 kB (83.3 % less)", "1.08 MB"):
        assert part in text
    assert report.memory.by_name["fc"].code_bits == 8
    assert len(report.joins) == 18
    assert max(map(len, text.splitlines())) <= WIDTH
    assert report.deviation is not None
    assert report.deviation.largest == 1


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({}, "xc7a100t, Artix-7: 63,400 LUT (19,000 LUTRAM), 126,800 FF, 240 DSP, 135 BRAM (36 Kb), 0 URAM"),
        (
            {"part": "mine", "reuse_factor": {}, "resources": {"lut": 1000, "ff": 2, "dsp": 3, "bram36": 4, "uram": 5}},
            "mine, as given: 1,000 LUT (250 LUTRAM), 2 FF, 3 DSP, 4 BRAM (36 Kb), 5 URAM",
        ),
        ({"part": "mine", "part_check": False}, "not known to hlsq, and taken without a check: what it has is unknown"),
    ],
)
def test_the_report_tells_what_the_part_has(options: dict[str, Any], told: str) -> None:
    design = Design(quantized_network(1), HardwareOptions(**options))
    report = HardwareModel(design, Path("nowhere")).report()
    assert dict(summary(report))["part"] == told
    assert told.split(":")[0] in report.to_html()
    known = json.loads(report.to_json())["capacity"]
    assert known == (None if design.options.capacity is None else asdict(design.options.capacity))
