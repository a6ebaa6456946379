"""Accuracy against memory, as a search found it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small import small_network

import hlsq
from hlsq.errors import PlanError
from hlsq.hardware import HardwareModel
from hlsq.plan import Plan
from hlsq.report import tradeoff
from hlsq.report.html import pictures
from hlsq.report.text import WIDTH

ENDS = {"doubleq": {"memory_bytes": 10, "accuracy": 0.5}, "quant8": {"memory_bytes": 30, "accuracy": 0.95}}


def searched_plan(**info: Any) -> Plan:
    _, plan = small_network()
    rounds = [{"name": "conv/first", "memory_bytes": 20, "accuracy": 0.9}]
    return replace(plan, scheme="doubleq_ext", info={**ENDS, "rounds": rounds, **info})


def test_a_search_has_its_curve_and_table(hw: HardwareModel) -> None:
    report = replace(hw, plan=searched_plan()).report()
    assert [(p.memory_bytes, p.accuracy) for p in report.curve] == [(10, 0.5), (20, 0.9), (30, 0.95)]
    assert [picture.title for picture in pictures(report)][1] == "Accuracy and memory"
    text = str(report)
    assert "Steps of the search" in text
    assert any(line.split() == ["conv/first", "20", "B", "90.00", "%"] for line in text.splitlines())
    assert [point["label"] for point in report.to_dict()["curve"]] == ["start", "conv/first", "all in eight bits"]


def test_without_a_search_there_is_none(hw: HardwareModel) -> None:
    report = hw.report()
    assert report.curve == ()
    assert "Accuracy and memory" not in report.to_html()
    assert "Steps of the search" not in str(report)
    assert hw.plan is not None
    with pytest.raises(PlanError, match="has no rounds of a search"):
        tradeoff(hw.plan)
    other = replace(hw.plan, scheme="another", info={"rounds": [{"what": 1}] * 3})
    assert replace(hw, plan=other).report().curve == (), "rounds of another kind of search are no curve"


def test_a_search_s_own_state_is_not_shown(hw: HardwareModel) -> None:
    text = str(replace(hw, plan=searched_plan(search={"fingerprint": "0123"})).report())
    assert "fingerprint" not in text
    assert any(line.split() == ["rounds", "1,", "in", "the", "plan"] for line in text.splitlines())
    assert max(map(len, text.splitlines())) <= WIDTH


def test_weights_rounded_again_are_a_point_only_where_they_were_kept(hw: HardwareModel) -> None:
    kept, dropped = (
        replace(hw, plan=searched_plan(rerounded={"accuracy": 0.93, "kept": kept})).report().curve
        for kept in (True, False)
    )
    assert [(p.memory_bytes, p.accuracy) for p in kept] == [(10, 0.5), (20, 0.9), (20, 0.93), (30, 0.95)]
    assert len(dropped) == 3


def test_several_plans_and_references_in_one_picture(tmp_path: Path) -> None:
    paper = {"paper, in $": [(25, 0.7), (15, 0.6)]}
    figure = tradeoff({"ours": searched_plan(), "more": searched_plan()}, references=paper, title="all, in $")
    (ax,) = figure.axes
    ours, more, reference = ax.lines
    assert ours.get_xydata().tolist() == more.get_xydata().tolist() == [[0.01, 50], [0.02, 90], [0.03, 95]]
    assert reference.get_xydata().tolist() == [[0.015, 60], [0.025, 70]]
    assert ax.get_ylabel() == "accuracy, %"
    for name, begin in (("curve.png", b"\x89PNG"), ("curve.svg", b"<?xml")):
        figure.savefig(tmp_path / name)
        assert (tmp_path / name).read_bytes().startswith(begin)


def test_another_metric_is_named_and_no_percentage(hw: HardwareModel) -> None:
    plan = searched_plan(evaluation={"samples": 10, "metric": "mean_iou"})
    (ax,) = tradeoff(plan).axes
    assert ax.get_ylabel() == "mean_iou"
    assert ax.lines[0].get_xydata()[:, 1].tolist() == [0.5, 0.9, 0.95]
    text = str(replace(hw, plan=plan).report())
    assert any(line.split() == ["conv/first", "20", "B", "0.9"] for line in text.splitlines())
    with pytest.raises(PlanError, match="different metrics"):
        tradeoff({"a": plan, "b": searched_plan()})


def test_the_plan_of_a_real_search() -> None:
    graph, _ = small_network()
    x = np.random.default_rng(0).normal(size=(24, 6, 6, 2)).astype(np.float32)
    y = np.random.default_rng(1).integers(0, 3, 24)
    plan = hlsq.quantize(graph, "doubleq_ext", x, evaluation=(x, y), mrt=1.0, last_layer="quant8", progress=False)
    line = tradeoff(plan).axes[0].lines[0].get_xydata()
    assert len(line) == 2 + len(plan.info["rounds"])
    assert line[0].tolist() == [(216 * 5 / 8 + 12) / 1000, pytest.approx(100 * plan.info["doubleq"]["accuracy"])]
    assert line[-1][0] == (216 + 12) / 1000
