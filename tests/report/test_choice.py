"""A report says when to choose the other architecture, with the figures of the design."""

from __future__ import annotations

from math import ceil
from pathlib import Path
from typing import Any

import pytest
from small import small_network

import hlsq
from hlsq.report.choice import architecture
from hlsq.report.words import summary


@pytest.mark.parametrize(
    ("options", "words", "other"),
    [
        ({"architecture": "folded", "pes": 32}, "folded, layers take turns", "choose dataflow"),
        (
            {"architecture": "folded", "pes": 32, "pipeline": 2},
            "folded, 2 stages at work at once, layers of a stage take turns",
            "choose dataflow",
        ),
        ({"reuse_factor": 8}, "dataflow, layers all work at once", "choose folded"),
    ],
)
def test_figures_of_the_design(options: dict[str, Any], words: str, other: str, tmp_path: Path) -> None:
    graph, plan = small_network()
    hw = hlsq.convert(graph, plan, output_dir=tmp_path / "net", **options)
    report, found = hw.report(), hw.estimate()
    told = dict(summary(report))["architecture"]
    assert told.startswith(f"{words}: a result every {found.interval:,} cycles, {found.latency:,} after")
    assert other in told
    assert f"at best {ceil(report.macs / found.pes):,} cycles with as many PEs" in told


def test_a_design_without_pes_has_no_bound() -> None:
    from hlsq.cost.estimate import Estimate

    assert "at best" not in architecture(Estimate(interval=9, latency=9), 0, folded=True)
