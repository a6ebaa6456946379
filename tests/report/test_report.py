"""The report against the project it describes, and its three forms."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from networks import NetworkBuilder, quantized_network, random_inputs, random_network
from small import small_network

import hlsq
from hlsq.errors import GraphError, PlanError
from hlsq.formats import Affine, FixedPoint, PowerOfTwo
from hlsq.graph import Activation, ChannelScale, Graph
from hlsq.graph.lowering import quantize_graph
from hlsq.graph.ops import Conv2D, Dense, Identity
from hlsq.hardware import HardwareModel
from hlsq.plan import BlockPlan, Plan
from hlsq.report import Report, tradeoff
from hlsq.report.html import pictures
from hlsq.report.make import describe
from hlsq.report.pictures import draw_memory, draw_pes, draw_word_lengths
from hlsq.report.text import WIDTH, clip

SAMPLES = np.random.default_rng(0).normal(size=(70, 6, 6, 2)).astype(np.float32)
OUTPUT = Affine(8, 0.05, signed=False)


@pytest.fixture(scope="module")
def hw(tmp_path_factory: pytest.TempPathFactory) -> HardwareModel:
    graph, plan = small_network()
    graph = replace(graph, host={"class": "softmax"})
    folder = tmp_path_factory.mktemp("report") / "net"
    return hlsq.convert(graph, plan, output_dir=folder, calibration=SAMPLES, reuse_factor={"conv/first": 4})


@pytest.fixture(scope="module")
def report(hw: HardwareModel) -> Report:
    return hw.report()


def convert_one(tmp_path: Path, name: str = "fc", **options: Any) -> HardwareModel:
    """A single convolution or dense layer of that name."""
    b = NetworkBuilder(np.random.default_rng(1))
    b.input("x", (4, 4, 2), Affine(8, 0.03, signed=False))
    plan = BlockPlan(weight=PowerOfTwo(scale=0.01), output=OUTPUT)
    b.add(name, Conv2D(), ["x"], kernel=b.kernel(3, 3, 2, 4), plan=plan, layers=(name, f"{name}_bn"))
    return hlsq.convert(*b.build([name]), output_dir=tmp_path / "net", **options)


# What it says ------------------------------------------------------------------------------------------------------


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
    from hlsq.backends.vitis.design import Design
    from hlsq.backends.vitis.options import HardwareOptions
    from hlsq.backends.vitis.render import render_project

    design = Design(quantized_network(seed), HardwareOptions())
    report = HardwareModel(design, Path("nowhere")).report()
    files = render_project(design)
    compared = 0
    for block in report.blocks:
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


def test_io_parallel_has_neither_streams_nor_line_buffers(tmp_path: Path) -> None:
    graph, plan = small_network()
    report = hlsq.convert(graph, plan, output_dir=tmp_path / "net", io_type="io_parallel").report()
    assert (report.joins, report.stream_bits, report.memory.line_buffer_bits) == ((), 0, 0)
    assert "line buffers" not in str(report)


def test_roundings_are_counted_on_the_calibration_data(hw: HardwareModel, report: Report) -> None:
    assert report.deviation_samples == 64
    assert report.deviation is not None
    assert report.deviation.differing == sum(d.differing for d in hw.deviations.values()) > 0
    assert report.deviation.values == 64 * (3 * 36 * 4 + 4)
    assert "integers differ from real arithmetic" in str(report)


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


def test_no_calibration_data_is_said_and_not_shown_as_no_difference(tmp_path: Path) -> None:
    report = convert_one(tmp_path).report()
    assert report.deviation is None
    assert report.to_dict()["totals"]["deviation"] is None
    assert "not counted" in str(report)


def test_loaded_project_reports_the_same(hw: HardwareModel, report: Report) -> None:
    loaded = hlsq.load_project(hw.output_dir).report()
    assert loaded == report
    assert str(loaded) == str(report)


def test_project_without_plan_and_with_damaged_counts(tmp_path: Path) -> None:
    convert_one(tmp_path)
    (tmp_path / "net" / "plan.json").unlink()
    report = hlsq.load_project(tmp_path / "net").report()
    assert report.plan is None
    assert "unknown: the project has no plan" in str(report)
    assert "fc_bn" in str(report), "the Keras layers are known without a plan"
    (tmp_path / "net" / "deviations.json").write_text('{"fc": {"values": 1}}')
    with pytest.raises(GraphError, match="rounding"):
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


# Its forms ---------------------------------------------------------------------------------------------------------


def test_json_holds_every_block_and_sums_that_agree(report: Report) -> None:
    data = json.loads(report.to_json())
    assert data == json.loads(json.dumps(report.to_dict()))
    totals = data["totals"]
    assert totals["pes"] == report.pes
    assert totals["memory"]["weights"]["after"] == sum(b["memory"]["weight_bits"] for b in data["blocks"])
    assert totals["memory"]["rom"]["after"] == sum(b["memory"]["rom_bits"] or 0 for b in data["blocks"])
    assert totals["memory"]["paper"]["saved"] == 1 - 5 / 32
    assert data["blocks"][0]["accumulator"] == list(report.blocks[0].accumulator or ())
    assert data["joins"][0]["bits"] == data["joins"][0]["depth"] * data["joins"][0]["packet_bits"]


@pytest.mark.parametrize("seed", range(8))
def test_text_fits_its_width(seed: int) -> None:
    from hlsq.backends.vitis.design import Design
    from hlsq.backends.vitis.options import HardwareOptions

    text = str(HardwareModel(Design(quantized_network(seed), HardwareOptions()), Path("nowhere")).report())
    assert max(map(len, text.splitlines())) <= WIDTH
    assert not any(line != line.rstrip() for line in text.splitlines())


def test_columns_of_text_are_aligned(report: Report) -> None:
    lines = str(report).splitlines()
    start = lines.index("Blocks")
    header, rule, *rows = lines[start + 1 : start + 8]
    ends = [match.end() for match in re.finditer("-+", rule)]
    assert all(len(line) <= ends[-1] for line in (header, *rows))
    macs = [row[ends[-2] :].strip() for row in rows]
    assert macs[:3] == ["2,592", "5,184", "-"]
    assert all(row.endswith(value) and len(row) == ends[-1] for row, value in zip(rows, macs, strict=True))


def test_long_names_are_shortened_in_the_middle(tmp_path: Path) -> None:
    name = "encoder/" + "very_" * 40 + "conv7"
    report = convert_one(tmp_path, name).report()
    assert max(map(len, str(report).splitlines())) <= WIDTH
    assert "encoder/" in str(report)
    assert name in report.to_html()
    assert clip("abcdefghij", 7) == "abc~hij"
    assert clip("abc", 3) == "abc"


def test_many_scales_are_a_range() -> None:
    scales = tuple(float(s) for s in np.linspace(0.001, 0.002, 512))
    assert str(describe(PowerOfTwo(scale=scales))) == "power_of_two s5 x 0.001..0.002 (512 ch)"
    assert str(describe(Affine(8, 0.5, 7, signed=False))) == "affine u8 x 0.5 zero 7"


class Page(HTMLParser):
    """Checks that tags nest, and collects attributes and text."""

    VOID = {"meta", "rect", "br"}

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_page_stands_alone(report: Report, tmp_path: Path) -> None:
    text = report.to_html(tmp_path / "report.html")
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == text
    page = Page(text)
    assert page.open == []
    assert not {tag for tag, _ in page.tags} & {"script", "link", "img", "iframe", "object"}
    assert not any(name == "src" or name.startswith("on") for _, attrs in page.tags for name in attrs)
    links = [value for _, attrs in page.tags for name, value in attrs.items() if name.endswith("href") and value]
    assert links
    assert all(link.startswith("#") for link in links)
    assert not re.search(r"url\((?!#)", text)
    assert "http" not in text
    assert report.to_html() == text, "the same report gives the same page"
    for block in report.blocks:
        assert block.name in page.text


def test_names_are_escaped(tmp_path: Path) -> None:
    name = "<script>alert('&')</script>"
    text = convert_one(tmp_path, name).report().to_html()
    assert "<script" not in text
    assert name in Page(text).text


def titles(report: Report) -> list[str]:
    return [picture.title for picture in pictures(report)]


def test_pictures_are_those_that_have_something_to_show(hw: HardwareModel, report: Report, tmp_path: Path) -> None:
    always = ["Bits per layer", "Weight memory per block", "PEs per block"]
    assert titles(report) == [*always, "Weights before and after"]
    page = report.to_html()
    for title in titles(report):
        assert f">{title}</h2>" in page
    assert titles(hlsq.load_project(hw.output_dir).report()) == [*always, "Weights"]
    b = NetworkBuilder(np.random.default_rng(1))
    b.input("x", (4,), OUTPUT)
    b.add("act", Identity(), ["x"], activation=Activation(relu=True), plan=BlockPlan(output=FixedPoint(4, 2)))
    bare = hlsq.convert(*b.build(["act"]), output_dir=tmp_path / "net").report()
    assert titles(bare) == ["Bits per layer"]
    assert bare.pes == {}
    assert "This network has none" in str(bare)


def test_bars_are_as_long_as_what_they_show(report: Report) -> None:
    (ax,) = draw_pes(report.blocks).axes
    pes = [b.pe.count for b in report.blocks if b.pe is not None]
    assert sorted(bar.get_width() for bar in ax.patches) == sorted(pes)
    (ax,) = draw_memory(report.blocks).axes
    total = sum(bar.get_width() for bar in ax.patches) * 8000
    assert total == pytest.approx(sum(b.memory.rom_bits or 0 for b in report.blocks))
    weights, activations, _ = draw_word_lengths(report.word_lengths).axes
    for ax, group in ((weights, "weights"), (activations, "activations")):
        assert [bar.get_height() for bar in ax.patches] == [w.bits for w in report.word_lengths if w.group == group]


def test_histograms_count_every_weight(hw: HardwareModel, report: Report) -> None:
    assert [h.name for h in report.histograms] == ["conv/first", "conv/second", "class"]
    for found in report.histograms:
        block = hw.graph.by_name[found.name]
        assert block.weights is not None
        assert sum(found.before) == sum(found.after) == block.weights.values.size
        assert dict(zip(found.levels, found.after, strict=True)) == {
            float(v): int((block.weights.values == v).sum()) for v in np.unique(block.weights.values)
        }
    assert all(h.before == () for h in hlsq.load_project(hw.output_dir).report().histograms)


def test_word_lengths_are_those_of_the_formats(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    b = NetworkBuilder(rng, batch_norm="refine")
    b.input("x", (4,), FixedPoint(6, 3))
    plan = BlockPlan(
        weight=FixedPoint(3, 2),
        bias=FixedPoint(5, 3),
        scale=FixedPoint(4, 2),
        scale_shift=FixedPoint(7, 3),
        output=FixedPoint(2, 0),
    )
    scale = ChannelScale(np.array([1.0, 0.5, 0.25]), np.array([0.5, 1.0, -1.0]))
    b.add("a", Dense(), ["x"], kernel=b.kernel(4, 3), bias=np.array([0.5, -0.5, 1]), scale=scale, plan=plan)
    report = hlsq.convert(*b.build(["a"]), output_dir=tmp_path / "net").report()
    found = {(w.name, w.kind): (w.bits, w.values) for w in report.word_lengths}
    assert found == {
        ("x", "activation"): (6, 4),
        ("a", "weight"): (3, 12),
        ("a", "bias"): (5, 3),
        ("a", "scale"): (4, 3),
        ("a", "shift"): (7, 3),
        ("a", "activation"): (2, 3),
    }
    activations = report.average_lengths[0]
    assert (activations.tensors, activations.values) == (4, pytest.approx(30 / 7))
    assert report.to_dict()["totals"]["average_word_lengths"][1] == {"group": "weights", "tensors": 3, "values": 3}
    assert report.memory.blocks[0].scale_bits == 3 * (4 + 7)


def searched_plan(hw: HardwareModel) -> Plan:
    rounds = [{"name": "conv/first", "memory_bytes": 20, "accuracy": 0.9}]
    ends = {"doubleq": {"memory_bytes": 10, "accuracy": 0.5}, "quant8": {"memory_bytes": 30, "accuracy": 0.95}}
    assert hw.plan is not None
    return replace(hw.plan, scheme="doubleq_ext", info={**ends, "rounds": rounds})


def test_the_curve_of_a_search_is_drawn(hw: HardwareModel) -> None:
    plan = searched_plan(hw)
    report = replace(hw, plan=plan).report()
    assert [(p.memory_bytes, p.accuracy) for p in report.curve] == [(10, 0.5), (20, 0.9), (30, 0.95)]
    assert titles(report)[0] == "Accuracy and memory"
    figure = tradeoff({"ours": plan}, references={"paper": [(15, 0.6)]}, title="all")
    ours, paper = figure.axes[0].lines
    assert ours.get_xydata().tolist() == [[0.01, 50], [0.02, 90], [0.03, 95]]
    assert paper.get_xydata().tolist() == [[0.015, 60]]
    assert hw.plan is not None
    with pytest.raises(PlanError, match="has no rounds of a search"):
        tradeoff(hw.plan)


# ResNet-20 ---------------------------------------------------------------------------------------------------------


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
