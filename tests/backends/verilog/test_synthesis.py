"""Synthesis of SystemVerilog: what Yosys counts, Vivado's script, and what its reports say, beside the estimate."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from networks import NetworkBuilder

import hlsq
from hlsq.backends.verilog import synthesis
from hlsq.cli import main
from hlsq.errors import OptionError, ToolFailedError, ToolNotFoundError
from hlsq.formats import Affine, PowerOfTwo
from hlsq.graph.ops import Dense
from hlsq.plan import BlockPlan
from hlsq.report.synthesis import SynthesisReport
from hlsq.toolchain import find_yosys

VIVADO = """# random: synthesis, placement and routing, without a Vivado project and out of context, as a part of a
# larger design. Run in this folder: vivado -mode batch -source vivado.tcl
set_part xc7a35tcpg236-1
read_verilog -sv [list {files}]
read_xdc constraints.xdc
synth_design -top hlsq_net -part xc7a35tcpg236-1 -mode out_of_context
opt_design
place_design
phys_opt_design
route_design
write_checkpoint -force vivado_routed.dcp
report_utilization -file vivado_utilization.rpt
report_utilization -hierarchical -file vivado_modules.rpt
report_timing_summary -file vivado_timing.rpt
report_power -file vivado_power.rpt
"""
UTILISATION = """
| Slice LUTs*                |  812 |     0 |     20800 |  3.90 |
|   LUT as Logic             |  700 |     0 |     20800 |  3.37 |
|   LUT as Memory            |  112 |     0 |      9600 |  1.17 |
| Slice Registers            | 1034 |     0 |     41600 |  2.49 |
| Block RAM Tile |  2.5 |     0 |        50 |  5.00 |
|   RAMB36/FIFO* |    2 |     0 |        50 |  4.00 |
|   RAMB18       |    1 |     0 |       100 |  1.00 |
| DSPs      |    3 |     0 |        90 |  3.33 |
| CARRY4   |   72 |          CarryLogic |
"""
TIMING = """
    WNS(ns)      TNS(ns)  TNS Failing Endpoints  TNS Total Endpoints
    -------      -------  ---------------------  -------------------
     -0.250       -3.100                     12                 2340
"""
POWER = "| Total On-Chip Power (W)  | 0.131        |\n"


@pytest.fixture(scope="module")
def hw(tmp_path_factory: pytest.TempPathFactory) -> hlsq.HardwareModel:
    """A dense layer on two shift PEs."""
    b = NetworkBuilder(np.random.default_rng(3))
    b.input("image", (4,), Affine(8, 0.03, 120, signed=False))
    weight = PowerOfTwo(scale=0.01)
    b.add("class", Dense(), ["image"], kernel=b.kernel(4, 2), plan=BlockPlan(weight=weight))
    graph, plan = b.build(["class"])
    folder = tmp_path_factory.mktemp("synthesis") / "tiny"
    options = {"part": "xc7a35tcpg236-1", "clock_period": 8.0, "pes": 2}
    return hlsq.convert(graph, plan, output_dir=folder, architecture="folded", language="systemverilog", **options)


def test_yosys_counts_cells_which_the_report_has_beside_the_estimate(
    hw: hlsq.HardwareModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    try:
        find_yosys()
    except ToolNotFoundError as error:
        pytest.skip(str(error))
    assert "\nSynthesis\n" not in str(hw.report())
    ran = CliRunner().invoke(main, ["build", str(hw.output_dir), "--synth", "--quiet"])
    assert ran.exit_code == 0, ran.output
    monkeypatch.setenv("HLSQ_YOSYS", "/bin/false")  # not run again for the same sources
    found = hw.build()
    assert isinstance(found, SynthesisReport)
    # At least the registers and carry chains of two shift PEs, a sum and an accumulator; nothing that multiplies.
    assert 200 < found.lut < 2_000
    assert 300 < found.ff < 2_000
    assert found.carry4 > 10
    assert (found.tool, found.dsp, found.bram18, found.bram36) == ("Yosys", 0, 0, 0)
    assert found.path is not None
    assert 3 <= found.path <= 20
    shown = {line.split()[0]: line.split()[-1] for line in ran.stdout.splitlines()[1:]}
    assert shown["FF"] == f"{found.ff:,}"
    report = hlsq.load_project(hw.output_dir).report()
    assert report.synthesis == (found,)
    row = next(line for line in str(report).split("\nSynthesis\n")[1].splitlines() if line.startswith("FF"))
    assert row.split() == ["FF", f"{report.estimate.ff:,.0f}", f"{found.ff:,}"]
    assert report.to_dict()["synthesis"][0]["carry4"] == found.carry4

    memory = next(hw.output_dir.glob("rtl/image/*weights*.hex"))
    before = memory.read_text()
    memory.write_text(before.replace("0", "1"))
    try:
        assert hw.report().synthesis == ()  # of other sources than there are now
        with pytest.raises(ToolFailedError, match="failed with exit code 1"):
            hw.build()
    finally:
        memory.write_text(before)


def test_cells_are_added_up_by_what_they_take(tmp_path: Path) -> None:
    (tmp_path / "rtl").mkdir()
    cells = {"LUT2": 3, "LUT6": 4, "INV": 1, "SRL16E": 5, "RAM32M": 2, "FDRE": 7, "FDSE": 2, "CARRY4": 6, "MUXF7": 9}
    blocks = {"DSP48E1": 2, "RAMB18E1": 3, "RAMB36E1": 1}
    (tmp_path / "rtl/yosys_cells.json").write_text(json.dumps({"design": {"num_cells_by_type": cells | blocks}}))
    (tmp_path / "rtl/yosys_path.txt").write_text("Longest topological path in hlsq_net (length=7):\n")
    (tmp_path / "rtl/yosys.sources").write_text(synthesis._digest(tmp_path / "rtl"))
    expected = SynthesisReport("Yosys", lut=21, lutram=13, ff=9, carry4=6, dsp=2, bram18=3, bram36=1, path=7)
    assert synthesis.read_synthesis(tmp_path) == (expected,)
    assert dict(expected.rows())["BRAM"] == "2.5"


def test_vivado_has_a_script_and_constraints(hw: hlsq.HardwareModel) -> None:
    rtl = hw.output_dir / "rtl"
    files = " ".join((rtl / "files.f").read_text().split())
    assert (rtl / "vivado.tcl").read_text() == VIVADO.format(files=files)
    assert "create_clock -name aclk -period 8.0 [get_ports aclk]\n" in (rtl / "constraints.xdc").read_text()
    assert "  input logic aclk,\n" in (rtl / "hlsq_net.sv").read_text()


def test_vivados_reports_are_read_back(hw: hlsq.HardwareModel) -> None:
    rtl = hw.output_dir / "rtl"
    reports = {"utilization": UTILISATION, "timing": TIMING, "power": POWER}
    for name, text in reports.items():
        (rtl / f"vivado_{name}.rpt").write_text(text)
    try:
        found = hw.report().synthesis[-1]
        expected = {"lut": 812, "lutram": 112, "ff": 1034, "carry4": 72, "dsp": 3, "bram18": 1, "bram36": 2}
        assert found == SynthesisReport("Vivado", **expected, slack=-0.25, power=0.131)
        assert "Vivado" in str(hlsq.load_project(hw.output_dir).report())
    finally:
        for name in reports:
            (rtl / f"vivado_{name}.rpt").unlink()


def test_a_missing_yosys_is_named(hw: hlsq.HardwareModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HLSQ_YOSYS", "/nowhere/yosys")
    with pytest.raises(ToolNotFoundError, match="no Yosys: HLSQ_YOSYS is '/nowhere/yosys'"):
        hw.build()
    ran = CliRunner().invoke(main, ["build", str(hw.output_dir)])
    assert ran.exit_code == 1
    assert "no Yosys" in ran.stderr


def test_steps_of_vitis_hls_are_refused(hw: hlsq.HardwareModel) -> None:
    with pytest.raises(OptionError, match=r"hw\.cosim\(x\)"):
        hw.build(cosim=True)
    with pytest.raises(OptionError, match=r"takes synth=True"):
        hw.build(synth=False)
    with pytest.raises(OptionError, match="export=True is a step of Vitis HLS"):
        hw.build(export=True)
    with pytest.raises(OptionError, match="'simulate' is unknown"):
        hw.build(simulate=True)
