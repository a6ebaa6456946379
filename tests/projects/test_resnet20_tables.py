"""projects/resnet20_cifar10/tables.py: Tables 3 and 4 beside the paper's."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from click.testing import Result
from searching import chain, full_accuracy, images, predictions

import hlsq

SCRIPT = "resnet20_cifar10/tables.py"
PROJECT = Path(__file__).resolve().parents[2] / "projects" / "resnet20_cifar10"


@pytest.fixture(scope="module")
def tables(script: Callable[[str], ModuleType]) -> ModuleType:
    return script(SCRIPT)


@pytest.fixture
def work(tables: ModuleType, tmp_path: Path) -> Any:
    """The same work on a small network, whose labels are what it says without quantisation."""
    graph, x = chain(4, 4), images(200, 3)
    return tables.Work(graph, tables.Images(x, predictions(graph, x), 150), images(48, 2), tmp_path / "plans")


@pytest.mark.slow(6)
@pytest.mark.parametrize("options", ["NEAREST", "MIXED"])
def test_each_threshold_has_the_plan_of_a_search_of_its_own(tables: ModuleType, work: Any, options: str) -> None:
    found = work.search("net", getattr(tables, options))
    assert list(found) == [0.0, 0.5, 0.6, 0.7, 0.8, 0.9]
    assert len({len(plan.info["rounds"]) for plan in found.values()}) > 2
    for threshold, plan in found.items():
        rounds = [r["recovered"] for r in plan.info["rounds"]]
        assert not rounds or rounds[-1] >= threshold > max(rounds[:-1], default=-1) or threshold == 0
    for threshold in (0.6, 0.9):
        alone = hlsq.quantize(
            work.graph, "doubleq_ext", work.calibration,
            evaluation=work.images.evaluation, mrt=threshold, **getattr(tables, options),
        )  # fmt: skip
        assert dict(found[threshold].blocks) == dict(alone.blocks)
    assert not list(work.folder.glob("*state*"))


def test_plans_of_a_folder_are_not_searched_again(
    tables: ModuleType, work: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = work.search("net", tables.NEAREST)
    monkeypatch.setattr(hlsq, "quantize", None)
    again = replace(work, points={}).search("net", tables.NEAREST)
    assert {t: dict(plan.blocks) for t, plan in again.items()} == {t: dict(plan.blocks) for t, plan in first.items()}


def test_points_are_those_of_full_emulation(tables: ModuleType, work: Any) -> None:
    plan = hlsq.quantize(work.graph, "doubleq", work.calibration)
    point = work.point(plan)
    x, y = work.images.x, work.images.y
    assert point.everything == pytest.approx(100 * full_accuracy(work.graph, plan, x, y))
    assert point.held_out == pytest.approx(100 * full_accuracy(work.graph, plan, x[150:], y[150:]))
    weights = sum(b.kernel.size for b in work.graph.blocks if b.name.startswith("conv"))
    assert point.kilobytes == weights * 5 / 8000


def test_comparison_takes_the_best_plan_within_the_memory(tables: ModuleType, work: Any) -> None:
    plans = {t: hlsq.quantize(work.graph, "quant8", work.calibration) for t in (0.0, 0.5)}
    points = {0.0: tables.Point(0.0, 90.0, 170.0), 0.5: tables.Point(0.0, 90.5, 200.0)}
    worth = replace(work, points={id(plan): (plan, points[t]) for t, plan in plans.items()})
    _, rows = tables.comparison(worth, plans)
    assert [row[3:] for row in rows] == [
        ("-", "-", "no"),
        ("90.00", "170.00", "yes"),
        ("90.00", "170.00", "no"),
        ("90.50", "200.00", "no"),
        ("90.50", "200.00", "no"),
        ("90.50", "200.00", "no"),
    ]


def test_the_picture(tables: ModuleType, work: Any, tmp_path: Path) -> None:
    plans = {0.0: hlsq.quantize(work.graph, "doubleq", work.calibration)}
    tables.draw(work, {"one plan": plans}, tmp_path / "new" / "curve.png")
    assert (tmp_path / "new" / "curve.png").read_bytes().startswith(b"\x89PNG")


def test_images_must_be_left_to_report_on(call: Callable[..., Result]) -> None:
    result = call(SCRIPT, "--images", 100, "--searched", 100)
    assert result.exit_code == 2
    assert "leave none to report on" in result.stderr


@pytest.mark.realdata
@pytest.mark.slow(22)
def test_the_plans_of_the_readme(call: Callable[..., Result], tmp_path: Path) -> None:
    """Memory does not depend on images or machine, so the README must have it; accuracy is that of fewer images."""
    few = ("--images", 400, "--searched", 100, "--calibration", 100)
    result = call(SCRIPT, *few, "--plans", PROJECT / "plans", "--picture", tmp_path / "curve.png")
    assert result.exit_code == 0, result.output
    readme = (PROJECT / "README.md").read_text()

    def memory(text: str, title: str) -> list[tuple[str, ...]]:
        part = text.split(f"Table 4, searched {title}")[1].split("\n\n")[1]
        return re.findall(r"^ *(\d+ %)  (.*?)  .*?([\d.]+) +([\d.]+)$", part, re.MULTILINE)

    for title in ("by the paper's algorithm", "with error feedback"):
        found = memory(result.output, title)
        assert len(found) == 6
        assert found == memory(readme, title)
    better = result.output.split("Error feedback at no more memory")[1]
    assert len(re.findall(r"^ *\d+ %.* yes$", better, re.MULTILINE)) == 6
    eight = np.array(re.findall(r"^ 80 %.*?([-+]\d\.\d+) +[-+]\d\.\d+ +([\d.]+) +[\d.]+$", result.output, re.MULTILINE))
    lost, less = eight[1].astype(float)
    assert lost >= -1.19
    assert less >= 23.05
