"""Running Vitis HLS, or Yosys, on a written project."""

from __future__ import annotations

from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np

from hlsq.backends.verilog.synthesis import synthesise
from hlsq.backends.vitis.designs import AnyDesign
from hlsq.backends.vitis.integrity import check_design
from hlsq.backends.vitis.project import PATIENCE, building, reading
from hlsq.backends.vitis.render import render_build_options
from hlsq.errors import OptionError, ToolFailedError
from hlsq.escape import shown
from hlsq.files.write import write_file
from hlsq.report.synthesis import SynthesisReport
from hlsq.toolchain import find_vitis, run_tool, vitis_command

STEPS = ("csim", "synth", "cosim", "export", "vsynth")


def run_build(
    folder: Path,
    *,
    design: AnyDesign | None = None,
    reset: bool = False,
    csim: bool = True,
    synth: bool = True,
    cosim: bool = False,
    export: bool = False,
    vsynth: bool = False,
    log_to_stdout: bool = True,
    **unknown: Any,
) -> dict[str, Any]:
    """Run the chosen steps of Vitis HLS in ``folder``; the log goes to ``vitis_hls.log`` there.

    Args:
        folder: project folder.
        design: what the project must hold, if that could have changed.
        reset: begin anew instead of going on with what an earlier run left.
        csim: C simulation.
        synth: C synthesis.
        cosim: co-simulation.
        export: an IP core.
        vsynth: logic synthesis.
        log_to_stdout: show what the tool prints.
        unknown: none.

    Returns:
        The synthesis report as hls4ml parses it; empty if there was no synthesis.

    Raises:
        OptionError: an option that does not exist or is no bool, or cosim, export or vsynth without synth.
        ToolNotFoundError: neither ``vitis-run`` nor ``vitis_hls`` is installed.
        ToolFailedError: Vitis HLS failed, or another process is building the project.
        GraphError: the folder does not hold the project of ``design``.
    """
    if unknown:
        raise OptionError.unknown("build", next(iter(unknown)), ["reset", "log_to_stdout", *STEPS])
    steps = {"csim": csim, "synth": synth, "cosim": cosim, "export": export, "vsynth": vsynth}
    for name, chosen in {"reset": reset, "log_to_stdout": log_to_stdout, **steps}.items():
        if not isinstance(chosen, (bool, np.bool_)):
            raise OptionError(f"build: {name} is {shown(chosen)}; allowed: True, False")
    if not synth:
        for step, wanted in (("cosim", cosim), ("export", export), ("vsynth", vsynth)):
            if wanted:
                raise OptionError(f"build: {step}=True needs synth=True, because it works on the synthesised design")
    tool = find_vitis()
    text = render_build_options(reset=reset, **steps)
    with building(folder, ToolFailedError, PATIENCE):
        if design is not None:
            with reading(folder):
                check_design(folder, design)
        write_file(folder / "build_opt.tcl", text, ToolFailedError, "the options of Vitis HLS")
        run_tool(vitis_command(tool, "build_prj.tcl"), cwd=folder, log_file="vitis_hls.log", stream=log_to_stdout)
    return _report(folder) if synth else {}


def run_synthesis(
    folder: Path,
    *,
    design: AnyDesign,
    synth: bool = True,
    cosim: bool = False,
    log_to_stdout: bool = True,
    **unknown: Any,
) -> SynthesisReport:
    """Synthesise SystemVerilog in ``folder`` with Yosys; the log goes to ``rtl/yosys.log`` there.

    Args:
        folder: project folder.
        design: what the project must hold.
        synth: has to be True, since this does nothing else.
        cosim: has to be False.
        log_to_stdout: show what Yosys prints.
        unknown: none.

    Raises:
        OptionError: a step that there is no C++ for, or an option that does not exist or is no bool.
        ToolNotFoundError: no Yosys.
        ToolFailedError: Yosys failed, or another process is building the project.
        GraphError: the folder does not hold the project of ``design``.
    """
    if step := next((name for name in unknown if name in STEPS and unknown[name]), None):
        raise OptionError(f"build: {step}=True is a step of Vitis HLS, which takes C++; leave it out")
    if others := [name for name in unknown if name not in (*STEPS, "reset")]:
        raise OptionError.unknown("build", others[0], ["synth", "log_to_stdout"])
    for name, chosen in {"synth": synth, "cosim": cosim, "log_to_stdout": log_to_stdout}.items():
        if not isinstance(chosen, (bool, np.bool_)):
            raise OptionError(f"build: {name} is {shown(chosen)}; allowed: True, False")
    if cosim or not synth:
        raise OptionError(
            "build synthesises SystemVerilog with Yosys and does nothing else, so it takes synth=True; hw.cosim(x) and "
            "hw.verify(x) simulate it"
        )
    with building(folder, ToolFailedError, PATIENCE):
        with reading(folder):
            check_design(folder, design)
        return synthesise(folder, stream=bool(log_to_stdout))


def _report(folder: Path) -> dict[str, Any]:
    if not any(folder.glob("*_prj/*hls.app")):  # where hls4ml's parser looks for solutions
        return {}
    from hls4ml.report import parse_vivado_report

    with redirect_stdout(StringIO()):  # it prints which reports there are not
        report = parse_vivado_report(str(folder))
    return dict(report) if report else {}
