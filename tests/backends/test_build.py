"""What ``build`` runs, recorded by an executable that stands in for Vitis HLS."""

import json
import os
import shutil
import subprocess
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hlsq
from hlsq.errors import OptionError, ToolFailedError, ToolNotFoundError

RECORDER = """#!/bin/bash
printf '%s\\n' "$PWD" "$@" > "{log}"
cat build_opt.tcl >> "{log}"
echo "Vitis HLS says hello"
exit {code}
"""


def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, code: int = 0) -> Path:
    """Install a recorder as ``name`` and return the file it writes."""
    tool, log = tmp_path / "bin" / name, tmp_path / "recorded"
    tool.parent.mkdir(exist_ok=True)
    tool.write_text(RECORDER.format(log=log, code=code))
    tool.chmod(0o755)
    monkeypatch.setenv("HLSQ_VITIS", str(tool))
    return log


def chosen(lines: list[str]) -> dict[str, int]:
    return {line.split()[0]: int(line.split()[1]) for line in lines if line.startswith("    ")}


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [("vitis-run", ["--mode", "hls", "--tcl", "build_prj.tcl"]), ("vitis_hls", ["-f", "build_prj.tcl"])],
)
def test_command_line_and_options(
    project: hlsq.HardwareModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tool: str, arguments: list[str]
) -> None:
    log = record(tmp_path, monkeypatch, tool)
    project.build(csim=True, synth=False, log_to_stdout=False)
    lines = log.read_text().splitlines()
    assert lines[0] == str(project.output_dir)
    assert lines[1 : 1 + len(arguments)] == arguments
    assert chosen(lines) == {"reset": 0, "csim": 1, "synth": 0, "cosim": 0, "export": 0, "vsynth": 0}
    assert (project.output_dir / "vitis_hls.log").read_text() == "Vitis HLS says hello\n"


def test_all_steps_through_the_model_graph_too(
    project: hlsq.HardwareModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    log = record(tmp_path, monkeypatch, "vitis-run")
    project.model_graph.build(csim=False, synth=True, cosim=True, export=True, reset=True)
    assert chosen(log.read_text().splitlines()) == {
        "reset": 1, "csim": 0, "synth": 1, "cosim": 1, "export": 1, "vsynth": 0,
    }  # fmt: skip
    assert "Vitis HLS says hello" in capfd.readouterr().out


def test_the_search_prefers_vitis_run(
    project: hlsq.HardwareModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = record(tmp_path, monkeypatch, "vitis_hls")
    monkeypatch.delenv("HLSQ_VITIS")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    project.build(synth=False, log_to_stdout=False)
    assert log.read_text().splitlines()[1] == "-f"
    record(tmp_path, monkeypatch, "vitis-run")
    monkeypatch.delenv("HLSQ_VITIS")
    project.build(synth=False, log_to_stdout=False)
    assert log.read_text().splitlines()[1] == "--mode"


def test_a_failing_run_and_wrong_options(
    project: hlsq.HardwareModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(tmp_path, monkeypatch, "vitis-run", code=3)
    with pytest.raises(ToolFailedError, match="Vitis HLS says hello"):
        project.build(log_to_stdout=False)
    with pytest.raises(OptionError, match=r"'simulate' is unknown; valid: .*cosim"):
        project.build(simulate=True)
    with pytest.raises(OptionError, match="cosim=True needs synth=True"):
        project.build(synth=False, cosim=True)


def test_without_vitis(project: hlsq.HardwareModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HLSQ_VITIS", raising=False)
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(ToolNotFoundError, match=r"vitis-run.*vitis_hls.*HLSQ_VITIS"):
        project.build()


@pytest.mark.skipif(shutil.which("tclsh") is None, reason="no tclsh to run the script with")
def test_the_script_runs_as_tcl(project: hlsq.HardwareModel, tmp_path: Path) -> None:
    """The real script under tclsh, with the commands of Vitis HLS replaced by a recorder."""
    commands = ["open_project", "set_top", "add_files", "open_solution", "set_part", "create_clock", "csim_design"]
    commands.append("set_clock_uncertainty")
    commands += ["csynth_design", "cosim_design", "export_design"]
    stubs = "\n".join(f"proc {c} {{args}} {{ puts [list {c} {{*}}$args] }}" for c in commands)
    harness = tmp_path / "harness.tcl"
    harness.write_text(f"{stubs}\nsource {project.output_dir}/build_prj.tcl\n")
    done = subprocess.run(["tclsh", str(harness)], capture_output=True, text=True, check=True, cwd=tmp_path)
    lines = done.stdout.splitlines()
    assert lines[0] == "open_project hlsq_net_prj"
    assert "set_top hlsq_net" in lines
    assert "set_part xc7a100tcsg324-1" in lines
    assert "create_clock -period 5.0 -name default" in lines
    assert "set_clock_uncertainty 27.0% default" in lines
    assert lines[-2:] == ["csim_design", "csynth_design"]


def test_vitis_component_is_json(project: hlsq.HardwareModel) -> None:
    assert json.loads((project.output_dir / "vitis-comp.json").read_text())["name"] == "hlsq_net"


@pytest.mark.parametrize("option", ["csim", "synth", "cosim", "export", "vsynth", "reset", "log_to_stdout"])
def test_flags_are_bools(project: hlsq.HardwareModel, option: str) -> None:
    values: list[Any] = ["no", 1, None, float("nan"), 10**5000, np.array([True, False])]
    for value in values:
        with pytest.raises(OptionError, match=f"build: {option} is .*; allowed: True, False"):
            project.build(**{option: value})


def test_a_model_takes_bools_for_flags(project: hlsq.HardwareModel) -> None:
    x = np.zeros((1, *project.graph.inputs[0].shape))
    for call in (project.compile, partial(project.predict, x), partial(project.verify, x),
                 partial(project.count_iterations, x)):  # fmt: skip
        with pytest.raises(OptionError, match="ap_types is 'no'; allowed: True, False"):
            call(ap_types="no")
