"""``hlsq build``: the steps it asks Vitis HLS for, what it shows, how it ends. A script stands in for the tool."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from small import small_network

from hlsq.backends.vitis.design import Design
from hlsq.backends.vitis.options import HardwareOptions
from hlsq.backends.vitis.project import write_project
from hlsq.cli import main
from hlsq.graph.lowering import quantize_graph

TOOL = """#!/bin/bash
printf '%s\\n' "$@" > "{record}"
cat build_opt.tcl >> "{record}"
mkdir -p hlsq_net_prj/solution1/syn/report
echo '<project><solutions><solution name="solution1"/></solutions></project>' > hlsq_net_prj/hls.app
cat > hlsq_net_prj/solution1/syn/report/hlsq_net_csynth.xml <<END
<profile>
<UserAssignments><TargetClockPeriod>5.00</TargetClockPeriod></UserAssignments>
<PerformanceEstimates>
<SummaryOfTimingAnalysis><EstimatedClockPeriod>3.65</EstimatedClockPeriod></SummaryOfTimingAnalysis>
<SummaryOfOverallLatency><Best-caseLatency>90</Best-caseLatency><Worst-caseLatency>99</Worst-caseLatency>
<Interval-min>60</Interval-min><Interval-max>64</Interval-max></SummaryOfOverallLatency>
</PerformanceEstimates>
<AreaEstimates><Resources><LUT>4321</LUT></Resources><AvailableResources><LUT>63400</LUT></AvailableResources>
</AreaEstimates>
</profile>
END
echo "a line of the tool"
exit {code}
"""


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["build", *arguments])


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    design = Design(quantize_graph(*small_network()), HardwareOptions())
    return write_project(design, tmp_path_factory.mktemp("build") / "net")


@pytest.fixture
def tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A ``vitis_hls`` that comes first on PATH, and the file in which it records how it was called."""
    return install(tmp_path, monkeypatch, 0)


def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int) -> Path:
    program, record = tmp_path / "bin" / "vitis_hls", tmp_path / "record"
    program.parent.mkdir(exist_ok=True)
    program.write_text(TOOL.format(record=record, code=code))
    program.chmod(0o755)
    monkeypatch.delenv("HLSQ_VITIS", raising=False)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    return record


def steps(record: Path) -> set[str]:
    lines = [line.split() for line in record.read_text().splitlines() if line.startswith("    ")]
    return {name for name, chosen in lines if chosen == "1"}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ([], {"csim", "synth"}),
        (["--csim"], {"csim"}),
        (["--synth"], {"synth"}),
        (["--cosim"], {"synth", "cosim"}),
        (["--export", "--csim", "--reset"], {"csim", "synth", "export", "reset"}),
        (["--synth", "--cosim", "--export", "--vsynth"], {"synth", "cosim", "export", "vsynth"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_steps(written: Path, tool: Path, options: list[str], expected: set[str]) -> None:
    result = run(str(written), "--quiet", *options)
    assert result.exit_code == 0, result.output
    assert tool.read_text().splitlines()[:2] == ["-f", "build_prj.tcl"]
    assert steps(tool) == expected


def test_what_synthesis_found_is_printed(written: Path, tool: Path) -> None:
    result = run(str(written))
    assert "a line of the tool" in result.stdout
    lines = result.stdout.splitlines()
    assert f"{written}: C simulation, synthesis: done; log in {written}/vitis_hls.log" in lines
    shown = {line[:33].strip(): line[33:] for line in lines[-4:]}
    assert shown == {
        "estimated clock period in ns": "3.65",
        "latency in cycles": "99",
        "interval in cycles": "64",
        "LUT": "4321",
    }


def test_quiet_leaves_it_to_the_log(written: Path, tool: Path) -> None:
    assert "a line of the tool" not in run(str(written), "--csim", "-q").output
    assert (written / "vitis_hls.log").read_text() == "a line of the tool\n"


def test_a_failing_run_exits_with_1(written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch, 3)
    result = run(str(written), "-q")
    assert result.exit_code == 1
    assert result.stderr.startswith("error: ")
    assert "failed with exit code 3" in result.stderr


def test_without_vitis_nothing_is_read(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.delenv("HLSQ_VITIS", raising=False)
    result = run(str(written))
    assert result.exit_code == 1
    assert "vitis-run" in result.stderr
    assert "settings64.sh" in result.stderr


@pytest.mark.parametrize("arguments", [[], ["missing"], ["--cosim"], [".", "--synthesis"]])
def test_wrong_usage(arguments: list[str], tool: Path) -> None:
    assert run(*arguments).exit_code == 2
    assert not tool.exists()
