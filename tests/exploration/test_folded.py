"""Explorations of folded accelerators: figures against single designs, and targets that are theirs alone."""

from __future__ import annotations

from pathlib import Path

from exploring import Case

import hlsq
from hlsq.backends.vitis.folded.design import FoldedDesign
from hlsq.backends.vitis.options import HardwareOptions
from hlsq.graph.lowering import quantize_graph

FIGURES = ("pes", "lut", "ff", "dsp", "bram18", "uram", "interval", "latency", "fps", "useful", "fits")
TARGETS = {
    "fit": {"target": "fit"},
    "interval=2000": {"target_interval": 2000},
    "pes=16": {"pes": 16},
    "interval=10": {"target_interval": 10},
}


def test_figures_are_those_of_a_design(case: Case, tmp_path: Path) -> None:
    targets = list(TARGETS)
    given = {"calibration": case.x[:40], "architecture": "folded", "output_dir": tmp_path / "out"}
    found = hlsq.explore(case.graph, ["quant8"], targets, **given)
    plan = hlsq.Plan.load(next((tmp_path / "out" / "plans").glob("*.json")))
    quantized = quantize_graph(case.graph, plan)
    assert [row.target for row in found.rows] == targets
    for row in found.rows[:3]:
        options = HardwareOptions(architecture="folded", **TARGETS[row.target])  # type: ignore[arg-type]
        design = FoldedDesign(quantized, options)
        assert {n: getattr(row, n) for n in FIGURES} == {n: getattr(design.estimate, n) for n in FIGURES}
        assert (row.pace, row.reason) == (design.pace_in_words, "")
    cannot = found.rows[3]
    assert (cannot.fits, cannot.pes, cannot.usable) == (False, None, False)
    assert cannot.reason.startswith("target_interval=10: a folded accelerator of at most 4,096 PEs takes ")
    assert "layers take turns" in str(found)
    again = hlsq.explore(case.graph, ["quant8"], targets, **given)
    assert again.rows == found.rows
    dataflow = hlsq.explore(case.graph, ["quant8"], ["fit"], **given | {"architecture": "dataflow"})
    assert dataflow.rows[0].pes != found.rows[0].pes
