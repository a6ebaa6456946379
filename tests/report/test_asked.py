"""What was asked of the hardware, in words, and as every form of the report tells it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from networks import quantized_network

from hlsq.backends.vitis.design import Design
from hlsq.backends.vitis.facts import design_facts
from hlsq.backends.vitis.options import HardwareOptions
from hlsq.hardware import HardwareModel
from hlsq.report import Report
from hlsq.report.asked import Asked
from hlsq.report.text import render_text

PART = {"part": "mine", "part_check": False}
NONE = dict.fromkeys(("target", "target_interval", "target_fps", "cycles", "reuse_factor", "pes"))
NONE |= {"folded": False, "stages": False}
FIT = "target fit: as fast as fits in 80 % of the part, or up to 10 % slower where its PEs are busier then"
NETWORK = quantized_network(1)
FIRST = next(block.name for block in NETWORK.blocks if block.weights is not None)
TOLD = [
    ({}, FIT, {"target": "fit"}),
    ({"target": "fit", "utilization": 0.5}, FIT.replace("80", "50"), {"target": "fit", "utilization": 0.5}),
    (PART, FIT, {"target": "fit"}),
    (
        {"target_interval": 1234},
        "target interval: at most 1,234 cycles from sample to sample",
        {"target_interval": 1234, "cycles": 1234},
    ),
    (
        {"target_fps": 12_500.5, "clock_period": 4},
        "target fps: at least 12,500.5 samples a second, at most 19,999 cycles each",
        {"target_fps": 12_500.5, "cycles": 19_999},
    ),
    ({"reuse_factor": 1}, "reuse factor 1 for all blocks", {"reuse_factor": 1}),
    ({"reuse_factor": {}}, "reuse factors: as close to 64 as can be for all", {"reuse_factor": {}}),
    (
        {"reuse_factor": {FIRST: 1}},
        f"reuse factors: 1 for {FIRST}, as close to 64 as can be for all others",
        {"reuse_factor": {FIRST: 1}},
    ),
    (
        {"reuse_factor": {"default": 1, FIRST: 1}},
        f"reuse factors: 1 for {FIRST}, 1 for all others",
        {"reuse_factor": {"default": 1, FIRST: 1}},
    ),
    (
        {"target_interval": 5000, "reuse_factor": {FIRST: 1}},
        "target interval: at most 5,000 ",
        {"target_interval": 5000},
    ),
]


@pytest.mark.parametrize(("options", "words", "facts"), TOLD)
def test_every_form_tells_what_was_asked(options: dict[str, Any], words: str, facts: dict[str, Any]) -> None:
    design = Design(NETWORK, HardwareOptions(**options))
    report = HardwareModel(design, Path("nowhere")).report()
    assert report.asked.in_words.startswith(words)
    assert f"asked {words}" in " ".join(render_text(report).split())
    cycles = facts.get("cycles", facts.get("target_interval"))
    assert json.loads(report.to_json())["asked"] == NONE | {"utilization": 0.8} | facts | {"cycles": cycles}
    loaded = Design(NETWORK, design.settled, made=True)
    assert design_facts(loaded) == design_facts(design), "a loaded project's report is the same"


def test_the_page_tells_it_too(report: Report) -> None:
    assert f"<td>{report.asked.in_words}</td>" in report.to_html()


def test_of_many_reuse_factors_a_few_are_told() -> None:
    found = Asked(None, None, None, None, 0.8, {f"conv{i}": 10 + i for i in range(6)} | {"default": 7})
    told = "10 for conv0, 11 for conv1, 12 for conv2, 13 for conv3, those given for 2 more, 7 for all others"
    assert found.in_words == f"reuse factors: {told}"
