"""``hlsq build``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

import hlsq
from hlsq.cli.console import echo, pairs, step
from hlsq.cli.group import main
from hlsq.cli.paths import PROJECT
from hlsq.report.synthesis import SynthesisReport
from hlsq.toolchain import find_vitis, find_yosys

STEPS = {
    "csim": "C simulation",
    "synth": "synthesis",
    "cosim": "co-simulation",
    "export": "export",
    "vsynth": "logic synthesis",
}
SYNTHESIS = {
    "EstimatedClockPeriod": "estimated clock period in ns",
    "WorstLatency": "latency in cycles",
    "IntervalMax": "interval in cycles",
    "LUT": "LUT",
    "FF": "FF",
    "DSP": "DSP",
    "BRAM_18K": "BRAM of 18 Kb",
}
"""Of hls4ml's report, and what they are called here."""


@main.command()
@click.argument("project", type=PROJECT)
@click.option("--csim", is_flag=True, help="C simulation with the stored vectors.")
@click.option("--synth", is_flag=True, help="C synthesis; of SystemVerilog, synthesis with Yosys.")
@click.option("--cosim", is_flag=True, help="Synthesis, and co-simulation of its RTL with the stored vectors.")
@click.option("--export", is_flag=True, help="Synthesis, and an IP core for the Vivado catalogue.")
@click.option("--vsynth", is_flag=True, help="Synthesis, and logic synthesis in Vivado.")
@click.option("--reset", is_flag=True, help="Begin anew instead of going on with what an earlier run left.")
@click.option("-q", "--quiet", is_flag=True, help="Do not show what the tool prints; its log has it anyway.")
def build(project: str, reset: bool, quiet: bool, **asked: bool) -> None:
    """Run Vitis HLS on PROJECT: C simulation and synthesis, or the steps that are asked for.

    vitis-run is taken if it is on PATH, else vitis_hls; HLSQ_VITIS names one of them. A project in SystemVerilog is
    synthesised with Yosys, which HLSQ_YOSYS may name.

    \b
    Examples:
      hlsq build build/net
      hlsq build build/net --cosim --export
      hlsq build build/net --csim --quiet
    """
    from hlsq.backends.vitis.marker import read_marker

    if read_marker(Path(project)).get("options", {}).get("language") == "systemverilog":
        _synthesise(project, quiet, asked)
        return
    wanted = asked if any(asked.values()) else {name: name in ("csim", "synth") for name in asked}
    wanted["synth"] = any(chosen for name, chosen in wanted.items() if name != "csim")
    find_vitis()  # whether there is one is known before anything is read
    hw = hlsq.load_project(project)
    steps = ", ".join(text for name, text in STEPS.items() if wanted[name])
    with step(f"Vitis HLS: {steps}"):
        found = hw.build(reset=reset, log_to_stdout=not quiet, **wanted)
    echo(f"{project}: {steps}: done; log in {project}/vitis_hls.log")
    for line in pairs(_summary(found) if isinstance(found, dict) else []):
        echo(line)


def _synthesise(project: str, quiet: bool, asked: dict[str, bool]) -> None:
    """What there is for SystemVerilog."""
    find_yosys()
    hw = hlsq.load_project(project)
    others = {name: chosen for name, chosen in asked.items() if chosen and name != "synth"}
    with step("Yosys: synthesis"):
        found = hw.build(log_to_stdout=not quiet, **others)
    echo(f"{project}: synthesis: done; log in {project}/rtl/yosys.log")
    if isinstance(found, SynthesisReport):
        for line in pairs(found.rows()):
            echo(line)


def _summary(report: dict[str, Any]) -> list[tuple[str, str]]:
    """What synthesis and co-simulation found."""
    synthesis, cosim = report.get("CSynthesisReport", {}), report.get("CosimReport", {})
    rows = [(text, str(synthesis[name])) for name, text in SYNTHESIS.items() if name in synthesis]
    return rows + ([("co-simulation", str(cosim["Status"]))] if "Status" in cosim else [])
