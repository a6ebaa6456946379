"""projects/resnet20_fxpqnet: the search, the tables, the plan that lies there, and its hardware."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from click.testing import Result
from fxp_plain import refined
from searching import images, predictions, sure_images

import hlsq

SCRIPT = "resnet20_fxpqnet/run.py"
FOLDER = Path(__file__).resolve().parents[2] / "projects" / "resnet20_fxpqnet"


@pytest.fixture(scope="module")
def run(script: Callable[[str], ModuleType]) -> ModuleType:
    sys.path.insert(0, str(FOLDER))
    try:
        return script(SCRIPT)
    finally:
        sys.path.remove(str(FOLDER))


@pytest.mark.csim
@pytest.mark.realdata
@pytest.mark.slow(35)
@pytest.mark.usefixtures("shipped_flags")
def test_the_plan_that_lies_there_is_exact_and_keeps_the_accuracy(
    run: ModuleType, call: Callable[..., Result], tmp_path: Path
) -> None:
    result = call(
        *(SCRIPT, "--plan", FOLDER / "plan.json", "--images", 600, "--search-images", 100, "--calibration", 16),
        *("--samples", 2, "--no-compare", "--output", tmp_path / "build"),
    )
    assert result.exit_code == 0, result.output
    rows = re.findall(
        r"^(.+?)  +[\d.]+ +[\d.]+ +[\d.]+ +([\d.]+) % +([\d.]+) % +([\d.]+) %", result.output, re.MULTILINE
    )
    accuracy = {name.strip(): float(unseen) for name, _, unseen, _ in rows}
    assert accuracy["fxpqnet (mixed)"] > accuracy["baseline (floating point)"] - 4
    assert accuracy["fxpqnet (mixed)"] > accuracy["uniform (preprocessor)"]
    assert re.search(r"^mismatches +0$", result.output, re.MULTILINE)
    assert (tmp_path / "build" / "report.html").is_file()


@pytest.mark.slow(4)
def test_search_goes_on_from_its_state(run: ModuleType, tmp_path: Path) -> None:
    graph = refined(2, 2)
    x = sure_images(graph, 40).astype(np.float32)
    split = run.Split(images(24, 2).astype(np.float32), x, predictions(graph, x), 30)
    found = run.search(graph, split, 0.1, "lazy", tmp_path / "build")
    assert found.info["result"]["drop"] <= 0.1
    saved = hlsq.Plan.load(tmp_path / "build" / "plan.json")
    assert saved.blocks == found.blocks
    again = run.search(graph, split, 0.1, "lazy", tmp_path / "build")
    assert again.blocks == found.blocks
    assert again.info == found.info, "nothing is searched twice"


def test_images_must_be_left_to_report_on(call: Callable[..., Result], run: ModuleType) -> None:
    result = call(SCRIPT, "--images", 100, "--search-images", 100)
    assert result.exit_code == 1
    assert "leave none to report on" in result.output


def test_readme_shows_what_the_script_prints(run: ModuleType) -> None:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    for title in (
        *("Search", "Average word lengths of all values", "Rounding strategies", "Cost functions"),
        *("Memory, 1 kB", "mismatches"),
    ):
        assert title in text
