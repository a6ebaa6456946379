"""The report as text, JSON and page."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Callable
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from networks import quantized_network

from hlsq.formats import Affine, PowerOfTwo
from hlsq.hardware import HardwareModel
from hlsq.report import Report
from hlsq.report.make import describe
from hlsq.report.text import WIDTH, clip

Convert = Callable[..., HardwareModel]


def test_json_holds_every_block_and_sums_that_agree(report: Report) -> None:
    data = json.loads(report.to_json())
    assert data == json.loads(json.dumps(report.to_dict()))
    totals = data["totals"]
    assert totals["pes"] == report.pes
    assert totals["memory"]["weights"]["after"] == sum(b["memory"]["weight_bits"] for b in data["blocks"])
    assert totals["memory"]["rom"]["after"] == sum(b["memory"]["rom_bits"] or 0 for b in data["blocks"])
    assert totals["memory"]["paper"]["saved"] == 1 - 5 / 32
    memory, blocks = totals["memory"], [b["memory"] for b in data["blocks"]]
    for name in ("read_only", "read_only_packed"):
        assert memory[name]["after"] == sum(b[name]["after"] for b in blocks) > 0
        assert memory[name]["compression"] == memory[name]["before"] / memory[name]["after"] > 3
    for name, part in (("read_write", "maps"), ("read_write_packed", "maps_packed")):
        assert memory[name]["after"] == max(b[part]["after"] for b in blocks) > 0
    assert [b["read_only"]["compression"] for b in blocks if not b["read_only"]["after"]] == [None, None]
    kinds = {(w["name"], w["kind"]): (w["bits"], w["values"]) for w in data["word_lengths"]}
    assert kinds["image", "activation"] == (8, 72)
    assert kinds["conv/first", "weight"] == (5, 72)
    assert [h["name"] for h in data["histograms"]] == ["conv/first", "conv/second", "class"]
    assert data["curve"] == []
    assert data["blocks"][0]["accumulator"] == list(report.blocks[0].accumulator or ())
    assert data["joins"][0]["bits"] == data["joins"][0]["depth"] * data["joins"][0]["packet_bits"]


def test_text_shows_memory_before_and_after(report: Report) -> None:
    lines = str(report).splitlines()
    start = lines.index("Read-write and read-only memory")
    rows = [line.split() for line in lines[start + 1 : start + 9] if "/" in line or "blocks" in line]
    total, first = rows[0], rows[1]
    assert total[:2] == ["5", "blocks"]
    # conv/first: 72 and 144 eight-bit values; 72 five-bit weights, three to a word, and four biases.
    assert first[:8] == ["conv/first", "864", "B", "216", "B", "216", "B", "4.00"]
    memory = report.memory.by_name["conv/first"]
    assert first[9:11] == [str((72 + 4) * 4), "B"]
    assert first[-2:] == [f"{s.before / s.after:.2f}" for s in (memory.read_only, memory.read_only_packed)]
    assert f"{report.memory.read_only.compression:.2f} times" in str(report)


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


def test_long_names_are_shortened_in_the_middle(convert_one: Convert) -> None:
    name = "encoder/" + "very_" * 40 + "conv7"
    report = convert_one(name).report()
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
    names = [value for _, attrs in page.tags for name, value in attrs.items() if name == "id"]
    meant = [link[1:] for link in links] + re.findall(r"url\(#([^)]*)\)", text)
    assert set(meant) <= set(names), "every reference has its target"
    assert not any(names.count(link[1:]) > 1 for link in links if link.startswith(("#t", "#p")))


def test_names_are_escaped(convert_one: Convert) -> None:
    name = "<script>alert('&')</script>"
    text = convert_one(name).report().to_html()
    assert "<script" not in text
    assert name in Page(text).text


@pytest.mark.parametrize("name", ["$x_1^$ & co", "a$b", "_hidden", "\u5377\u79ef"])
def test_names_that_mean_something_to_the_drawing_library(convert_one: Convert, name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        page = Page(convert_one(name).report().to_html())
    drawn = re.findall(r"<text[^>]*>([^<]*)</text>", convert_one(name).report().to_html())
    assert page.text.count(name) > len([text for text in drawn if unescape(text) == name]) >= 4
