"""The pictures of the page, and what they draw."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from networks import NetworkBuilder, random_network

import hlsq
from hlsq.formats import Affine, FixedPoint
from hlsq.graph import Activation, ChannelScale
from hlsq.graph.lowering import quantize_graph
from hlsq.graph.ops import Dense, Identity
from hlsq.hardware import HardwareModel
from hlsq.plan import BlockPlan
from hlsq.report import Report
from hlsq.report.histogram_picture import COLUMNS, draw_histograms
from hlsq.report.histograms import BINS, weight_histograms
from hlsq.report.html import pictures
from hlsq.report.lengths import WordLength, word_lengths
from hlsq.report.pictures import draw_memory, draw_pes, draw_word_lengths, svg

OUTPUT = Affine(8, 0.05, signed=False)


def titles(report: Report) -> list[str]:
    return [picture.title for picture in pictures(report)]


@pytest.mark.slow(3)
def test_pictures_are_those_that_have_something_to_show(hw: HardwareModel, report: Report, tmp_path: Path) -> None:
    always = ["Use of the part", "Bits per layer", "Weight memory per block", "PEs per block"]
    assert titles(report) == [*always, "Weights before and after"]
    page = report.to_html()
    for title in titles(report):
        assert f">{title}</h2>" in page
    loaded = hlsq.load_project(hw.output_dir).report()
    assert titles(loaded) == [*always, "Weights"]
    assert "not known to a loaded project" in loaded.to_html()
    assert "not known to a loaded project" not in page
    b = NetworkBuilder(np.random.default_rng(1))
    b.input("x", (4,), OUTPUT)
    b.add("act", Identity(), ["x"], activation=Activation(relu=True), plan=BlockPlan(output=FixedPoint(4, 2)))
    bare = hlsq.convert(*b.build(["act"]), output_dir=tmp_path / "net").report()
    assert titles(bare) == ["Use of the part", "Bits per layer"]
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


def test_histograms_are_drawn_as_they_were_counted(report: Report) -> None:
    figure = draw_histograms(report.histograms)
    (ax,) = figure.axes
    before, after, _ = ax.collections
    lines = [line for h in report.histograms for line in zip(h.levels, h.after, strict=True)]
    heights = [abs(y1 - y0) for (_, y0), (_, y1) in (path.vertices for path in after.get_paths())]
    tops = [max(h.after) for h in report.histograms for _ in h.levels]
    unit = max(heights)
    assert [round(h / unit, 6) for h in heights] == [round(n / top, 6) for (_, n), top in zip(lines, tops, strict=True)]
    for number, (found, path) in enumerate(zip(report.histograms, before.get_paths(), strict=True)):
        x, y = path.vertices[:-1].T
        assert number % COLUMNS < x.min() < x.max() < number % COLUMNS + 1
        steps = np.round((y.max() - y) / unit * max(found.before)).astype(int)
        assert steps[1:-1:2].tolist() == list(found.before), "from left to right, as high as counted"
        of_this = after.get_paths()[sum(len(h.levels) for h in report.histograms[:number]) :][: len(found.levels)]
        across = (np.array(found.levels) - found.edges[0]) / (found.edges[-1] - found.edges[0])
        assert np.allclose([line.vertices[0, 0] for line in of_this], x.min() + across * (x.max() - x.min()))
    texts = [text.get_text() for text in ax.texts]
    assert [name for name in texts if name in {h.name for h in report.histograms}] == [
        h.name for h in report.histograms
    ]


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


@pytest.mark.parametrize("batch_norm", ["fold", "refine"])
def test_histograms_have_the_weights_that_were_quantised(batch_norm: str) -> None:
    gains = np.array([4.0, -2.0, 1.0])
    b = NetworkBuilder(np.random.default_rng(5), batch_norm=batch_norm)
    b.input("x", (6,), FixedPoint(6, 3))
    kernel = b.kernel(6, 3)
    step = (0.5, 0.25, 0.125)
    b.add(
        "a", Dense(), ["x"], kernel=kernel, scale=ChannelScale(gains, np.zeros(3)),
        plan=BlockPlan(weight=Affine(8, step, symmetric=True), output=FixedPoint(8, 3)),
    )  # fmt: skip
    graph, plan = b.build(["a"])
    (found,) = weight_histograms(quantize_graph(graph, plan).blocks, graph, plan)
    real = (kernel * gains if batch_norm == "fold" else kernel) / np.array(step)
    assert (found.edges[0], found.edges[-1]) == (
        pytest.approx(min(real.min(), found.levels[0])),
        pytest.approx(max(real.max(), found.levels[-1])),
    )
    assert list(found.before) == np.histogram(real, found.edges)[0].tolist()
    assert set(found.levels) == set(np.rint(real).ravel())


@pytest.mark.parametrize("seed", range(12))
def test_any_network_has_its_histograms_and_pictures(seed: int) -> None:
    graph, plan = random_network(seed)
    quantized = quantize_graph(graph, plan)
    for found in weight_histograms(quantized.blocks, graph, plan):
        weights = quantized.by_name[found.name].weights
        assert weights is not None
        assert sum(found.before) == sum(found.after) == weights.values.size
    lengths = word_lengths(quantized, plan)
    assert {length.name for length in lengths} >= {item.name for item in quantized.inputs}
    assert svg(draw_word_lengths(lengths)).startswith("<svg width=")
    assert svg(draw_histograms(weight_histograms(quantized.blocks, graph, plan))).startswith("<svg width=")


def test_many_integers_are_counted_in_bins() -> None:
    b = NetworkBuilder(np.random.default_rng(5))
    b.input("x", (40,), FixedPoint(6, 3))
    b.add("a", Dense(), ["x"], kernel=b.kernel(40, 30), plan=BlockPlan(weight=FixedPoint(16, 13)))
    graph, plan = b.build(["a"])
    (found,) = weight_histograms(quantize_graph(graph, plan).blocks, graph, plan)
    assert len(found.levels) == len(found.after) == BINS
    assert sum(found.after) == sum(found.before) == 1200


@pytest.mark.slow(3)
def test_a_long_network_gets_a_wide_picture() -> None:
    def width(blocks: int) -> float:
        lengths = [WordLength(f"block{i}", "weight", 4, 10) for i in range(blocks)]
        found = re.match(r'<svg width="([\d.]+)pt"', svg(draw_word_lengths(lengths)))
        assert found
        return float(found[1])

    assert width(200) > 3 * width(50) > 3 * width(10), "every name has room"


def test_drawing_leaves_no_global_state_and_only_drawing_loads_the_library() -> None:
    code = (
        "import sys, hlsq.report.html\n"
        "from hlsq.report.lengths import WordLength\n"
        "from hlsq.report.pictures import draw_word_lengths, svg\n"
        "before = 'matplotlib' in sys.modules\n"
        "svg(draw_word_lengths([WordLength('a', 'weight', 4, 10)]))\n"
        "print(before, 'matplotlib' in sys.modules, 'matplotlib.pyplot' in sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.split() == ["False", "True", "False"]
