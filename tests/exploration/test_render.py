"""An exploration as text and page."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from hlsq.exploration import Exploration, Row
from hlsq.exploration.picture import draw_tradeoff
from hlsq.report.text import WIDTH

GOOD = Row("plan a", "fit", "xc7a35t", 0.9, 8000, 18, 1000.4, 500.0, 3, 5, 0, 1024, 2000, 195312.5, 0.9, True, "p")
BAD = replace(
    GOOD, plan="plan b", accuracy=0.95, lut=90_000.0, interval=128, fps=1_562_500.0, fits=False, over="too many"
)
NONE = Row("plan b", "interval=1", "xc7a35t", 0.95, 8000, fits=False, reason="target_interval=1: too fast")


def exploration(*rows: Row, samples: int = 10) -> Exploration:
    return Exploration("net", 5.0, samples, rows)


def test_text() -> None:
    lines = str(exploration(GOOD, BAD, NONE)).splitlines()
    columns = "plan target accuracy weights PEs LUT FF DSP BRAM interval samples/s fits"
    assert lines[1].split() == columns.split()
    assert re.split(" {2,}", lines[3]) == [
        *("plan a", "fit", "90.00 %", "1.00 kB", "18", "1,001", "500", "3", "2.5", "1,024", "195,312", "yes", "*")
    ]
    assert re.split(" {2,}", lines[4])[-2:] == ["1,562,500", "no"]
    assert re.split(" {2,}", lines[5])[-1] == "cannot be"
    text = " ".join(" ".join(lines).split())
    assert "Accuracy: of 10 samples, by emulation" in text
    assert "estimated before synthesis" in text
    assert "plan b, interval=1 target_interval=1: too fast" in text
    assert "plan a, fit and 1 more p" in text
    assert "What does not fit design takes ----------- -------- plan b, fit too many" in text
    assert max(map(len, lines)) <= WIDTH


def test_parts_have_a_column_if_there_are_several() -> None:
    found = exploration(GOOD, replace(GOOD, part="xc7z020"))
    above, below = str(found).split("What limits")
    assert "xc7z020" in above
    assert "plan a, fit, xc7a35t and 1 more" in below
    assert "xc7a35t" not in str(exploration(GOOD))


def test_designs_worth_having_have_a_star() -> None:
    fast, worse = replace(GOOD, lut=5000.0, fps=200_000.0), replace(GOOD, lut=5000.0)
    exact = replace(GOOD, lut=6000.0, accuracy=0.99)
    lines = str(exploration(GOOD, fast, worse, exact, BAD)).splitlines()
    assert [line.endswith("*") for line in lines[3:8]] == [True, True, False, True, False]


def test_without_evaluation_there_is_no_accuracy() -> None:
    found = exploration(replace(GOOD, accuracy=None), replace(BAD, accuracy=None, fits=True), samples=0)
    assert "by emulation" not in str(found)
    assert "none that fits is better in LUTs and samples/s." in " ".join(str(found).split())
    assert str(found).count("*") == 3, "both designs, and the note"
    page = found.to_html()
    assert "Accuracy against" not in page
    assert ">Speed against LUTs</h2>" in page


def test_page_has_a_picture_of_all_that_differs() -> None:
    titles = re.findall(r"<h2[^>]*>([^<]*)</h2>", exploration(GOOD, BAD, NONE).to_html())
    assert [title for title in titles if "against" in title] == [
        *("Accuracy against LUTs", "Accuracy against speed", "Speed against LUTs")
    ], "block RAMs and weights are the same for all"
    titles = re.findall(r"<h2[^>]*>([^<]*)</h2>", exploration(GOOD, replace(BAD, bram18=7, weight_bits=9)).to_html())
    assert {"Accuracy against block RAMs", "Accuracy against weights"} < set(titles)


def test_points_are_designs_and_the_line_joins_the_best() -> None:
    better = replace(GOOD, lut=2000.0, accuracy=0.93)
    rows = (GOOD, BAD, NONE, better)
    (ax,) = draw_tradeoff(rows, "lut", "accuracy", (GOOD, better)).axes
    line, *points = ax.lines
    assert line.get_xydata().tolist() == [[1000.4, 90.0], [2000.0, 93.0]]  # type: ignore[union-attr]
    assert [tuple(point.get_xydata()[0]) for point in points] == [  # type: ignore[index]
        *((90_000.0, 95.0), (1000.4, 90.0), (2000.0, 93.0))
    ], "what does not fit is below what does"
    assert [point.get_markerfacecolor() == "white" for point in points] == [True, False, False]
    assert ax.get_xscale() == "log"
    legend = ax.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["plan a", "plan b", "fit", "interval=1"]


@pytest.mark.parametrize("name", ["<script>alert('&')</script>", "\x1b[2J", "$x_1^$ & co", "_hidden"])
def test_names_are_escaped(name: str) -> None:
    found = exploration(replace(GOOD, plan=name, reason=""), replace(NONE, plan=name, reason=name))
    found = replace(found, network=name, rows=(*found.rows, BAD))
    page = found.to_html()
    assert "<script" not in page
    assert "\x1b" not in page + str(found)
    assert "http" not in page


def test_page_is_written(tmp_path: Path, found: Exploration) -> None:
    path = tmp_path / "new" / "page.html"
    assert found.to_html(path) == path.read_text(encoding="utf-8") == found.to_html()
