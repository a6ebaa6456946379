"""Hardware cost in the report: text, page, JSON, and the summary of the command line."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from hlsq.cli.summary import hardware_rows
from hlsq.cost.estimate.model import BlockEstimate, Estimate, Memory, Resources
from hlsq.cost.estimate.words import cells
from hlsq.cost.parts import Part, find_part
from hlsq.cost.units import packings
from hlsq.hardware import HardwareModel
from hlsq.report import Report
from hlsq.report.asked import Asked
from hlsq.report.cost import BAR, bar, summary_rows, total_rows
from hlsq.report.text import WIDTH, render_text

PES = Resources(lut=1000.2, ff=500)
MEMORIES = (Memory("weights", 2, 1024, 80, "block RAM", 11), Memory("line buffers", 1, 8, 64, "LUTRAM", 0))
FIRST = BlockEstimate(
    *(1200.4, 900, 3, 1, 0, 100.5),
    **{"pes": 18, "latency": 200, "interval": 144, "useful": 1.0, "components": {"PEs": PES}, "memories": MEMORIES},
)
EVIL = "<b>\x1b[2J</b>"
BLOCKS = {"conv/first": FIRST, EVIL: BlockEstimate(lut=0.3, latency=7, interval=36)}
ASKED = Asked("fit", None, None, None, 0.8, None)
SMALL = Part("small", "as given", lut=1500, ff=1000, dsp=0, bram36=10, uram=0, lutram=400)


def estimate(part: Part | None, **changes: Any) -> Estimate:
    found = Estimate(
        *(1200.7, 900, 3, 1, 0, 100.5),
        pes=18,
        latency=250,
        interval=144,
        useful=0.945,
        components={"PEs": PES},
        blocks=BLOCKS,
        capacity=part,
    )
    return replace(found, **changes)


def with_cost(report: Report, part: Part | None, **changes: Any) -> Report:
    return replace(report, estimate=estimate(part, **changes), pace="block 'conv/first' sets the pace")


def rows(text: str, title: str) -> list[list[str]]:
    """Cells of the table of that title."""
    lines = text.split(f"\n{title}\n")[1].split("\n\n")[0].splitlines()
    return [re.split(r" {2,}", line) for line in lines]


def test_totals_in_text(report: Report) -> None:
    found = with_cost(report, find_part("xc7a100t"))
    text = render_text(found)
    assert rows(text, "Hardware cost")[2:7] == [
        ["LUT", "1,201", "63,400", "1.9 %"],
        ["LUTRAM", "101", "19,000", "0.5 %"],
        ["FF", "900", "126,800", "0.7 %"],
        ["DSP", "3", "240", "1.2 %"],
        ["BRAM", "0.5", "135", "0.4 %"],
    ]
    assert "URAM" not in "".join(map(str, rows(text, "Hardware cost")))
    told = dict(total_rows(found.estimate, ASKED, found.pace))
    assert told["fits"] == "yes, within the 80 % of xc7a100t that may be taken"
    assert told["samples per second"] == f"{1e9 / (144 * 5):,.0f} at 200 MHz"
    assert told["interval"] == "144 cycles, 720 ns from sample to sample"
    assert told["latency"].startswith("250 cycles, 1.25 us")
    assert told["useful"].startswith("94 % ")
    assert told["GOPs"].startswith("7.2 ")
    assert told["pace"] == found.pace
    assert str(found.pace) in text
    assert max(map(len, text.splitlines())) <= WIDTH


def test_blocks_and_what_they_consist_of(report: Report) -> None:
    text = render_text(with_cost(report, SMALL))
    assert rows(text, "Hardware cost of blocks")[2:4] == [
        ["conv/first", "18", "1,201", "101", "900", "3", "1", "0.5", "-", "200", "144", "100 %"],
        [r"<b>\x1b[2J</b>", "-", "1", "-", "-", "-", "-", "-", "-", "7", "36", "-"],
    ]
    assert rows(text, "Block RAM")[2] == ["conv/first", "weights", "block RAM", "2", "1,024 x 80 bit", "5.5"]
    assert "line buffers" not in str(rows(text, "Block RAM"))
    assert rows(text, "Hardware cost of components")[2] == ["PEs", "1,001", "-", "500", "-", "-", "-", "-"]


def test_every_figure_says_what_kind_it_is(report: Report) -> None:
    found = with_cost(report, SMALL)
    in_json = json.loads(found.to_json())["estimate"]["kind"]
    for text in (" ".join(render_text(found).split()), found.to_html(), in_json):
        assert "estimated before synthesis" in text
        for name, packing in packings().items():
            assert f"{name} {100 * packing.lut_residual:.0f} %" in text


def test_what_does_not_fit_is_named(report: Report) -> None:
    told = dict(total_rows(estimate(SMALL), ASKED, ""))
    assert told["fits"] == (
        "no: 1,201 LUT of at most 1,200, 900 FF of at most 800, 3 DSP where there are none; 80 % of small may be taken"
    )
    assert dict(total_rows(estimate(SMALL, limit=1.0), ASKED, ""))["fits"].startswith("no: 3 DSP where")
    told = dict(total_rows(estimate(SMALL, lut=500, ff=0, dsp=0, lutram=321), ASKED, ""))
    assert told["fits"] == "no: 321 LUTRAM of at most 320; 80 % of small may be taken"


@pytest.mark.parametrize(
    ("share", "drawn"),
    [
        (0.0, "[" + " " * 24 + "|" + " " * 6 + "]"),
        (0.5, "[" + "=" * 15 + " " * 9 + "|" + " " * 6 + "]"),
        (0.9, "[" + "=" * 24 + "|" + "!" * 3 + " " * 3 + "]"),
        (3.0, "[" + "=" * 24 + "|" + "!" * 6 + ">"),
        (float("inf"), "[" + "=" * 24 + "|" + "!" * 6 + ">"),
        (None, ""),
    ],
)
def test_bars_of_letters(share: float | None, drawn: str) -> None:
    assert BAR == 30
    assert bar(share, 0.8) == drawn


def test_bars_are_for_terminals(report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    found = with_cost(report, find_part("xc7a100t"))
    assert "|" not in str(found)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert str(found) == render_text(found, bars=True)
    assert len(re.findall(r"\[=* +\| +\]$", str(found), re.MULTILINE)) == 5
    assert "limit 80 %" in str(found)


def test_unknown_part_has_numbers_without_bars(report: Report) -> None:
    found = with_cost(report, None)
    text = render_text(found, bars=True)
    assert rows(text, "Hardware cost")[2] == ["LUT", "1,201", "unknown", "-"]
    assert "What the part has is not known to hlsq" in text
    assert dict(total_rows(estimate(None), ASKED, ""))["fits"] == "unknown: the part is not known to hlsq"
    assert "Use of the part" not in found.to_html()
    data = json.loads(found.to_json())["estimate"]
    assert (data["fits"], data["capacity"], data["utilization"]) == (None, None, {})


def test_page_has_a_bar_for_every_resource(report: Report) -> None:
    page = with_cost(report, SMALL, limit=0.75).to_html()
    assert "<b>" not in page
    picture = page[page.index('aria-label="Use of the part"') :].split("</svg>")[0]
    drawn = re.findall(r"<text[^>]*>([^<]*)</text>", picture)
    for told in ("1,201 of 1,500, 80 %", "900 of 1,000, 90 %", "3 of 0, the part has none", "0.5 of 10, 5.0 %"):
        assert told in drawn
    assert "101 of 400, 25 %" in drawn
    assert picture.count("#c25b3f") == 3, "what exceeds the limit is red"
    assert picture.count("#2b8a5b") == 2
    places = [page.index(f">{title}</h2>") for title in ("Hardware cost", "Use of the part", "Estimate", "Memory")]
    assert places == sorted(places)


def test_json(report: Report) -> None:
    data = json.loads(with_cost(report, SMALL).to_json())["estimate"]
    assert (data["lut"], data["bram18"], data["bram36"], data["lutram"]) == (1200.7, 1, 0.5, 100.5)
    assert data["capacity"] == {"lut": 1500, "lutram": 400, "ff": 1000, "dsp": 0, "bram18": 20, "uram": 0}
    shares = {"lut": 1200.7 / 1500, "lutram": 100.5 / 400, "ff": 0.9, "dsp": None, "bram18": 0.05, "uram": 0.0}
    assert data["utilization"] == shares
    assert (data["fits"], data["limit"], data["latency"], data["interval"]) == (False, 0.8, 250, 144)
    assert data["fps"] == pytest.approx(1e9 / 720)
    assert list(data["blocks"]) == ["conv/first", EVIL]
    assert data["blocks"]["conv/first"]["components"]["PEs"]["lut"] == 1000.2
    assert data["blocks"]["conv/first"]["useful"] == 1.0
    assert [memory["width"] for memory in data["blocks"]["conv/first"]["memories"]] == [80, 64]
    assert data["pace"] == "block 'conv/first' sets the pace"


def test_pace_is_that_of_the_design(hw: HardwareModel, report: Report) -> None:
    assert hw.design.pace is not None
    assert report.pace == hw.design.pace.sentence
    assert report.pace.startswith("block '")


def test_the_estimate_is_that_of_the_design(hw: HardwareModel, report: Report) -> None:
    found = hw.estimate()
    assert report.estimate == found
    data = json.loads(report.to_json())["estimate"]
    assert list(data["blocks"]) == [block.name for block in report.blocks]
    assert (
        data["lut"]
        == found.lut
        > sum(block["components"].get("PEs", {"lut": 0})["lut"] for block in data["blocks"].values())
        > 0
    )
    assert rows(render_text(report), "Hardware cost")[2][1] == cells(found.lut)
    assert summary_rows(found, report.asked, "") == hardware_rows(hw)[:4]


def test_summary() -> None:
    assert summary_rows(estimate(SMALL, dsp=0), ASKED, "who") == [
        ("asked", ASKED.in_words),
        ("estimated", "1,201 LUT (80 %), 101 LUTRAM (25 %), 900 FF (90 %), 0 DSP (0 %), 0.5 BRAM (5.0 %)"),
        ("fits", "no: 1,201 LUT of at most 1,200, 900 FF of at most 800; 80 % of small may be taken"),
        ("speed", "1,388,889 samples/s, one every 144 cycles, 720 ns"),
        ("pace", "who"),
    ]
    assert summary_rows(estimate(None), ASKED, "")[1][1] == "1,201 LUT, 101 LUTRAM, 900 FF, 3 DSP, 0.5 BRAM"
