"""Synthesis of the SystemVerilog: running Yosys, and reading what it and Vivado found."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from hlsq.backends.verilog.render import FOLDER
from hlsq.errors import ToolFailedError
from hlsq.files.write import write_file
from hlsq.report.synthesis import SynthesisReport
from hlsq.toolchain import find_yosys, run_tool

SCRIPT = "yosys.ys"
CELLS, PATH, LOG, SOURCES = "yosys_cells.json", "yosys_path.txt", "yosys.log", "yosys.sources"
UTILISATION, TIMING, POWER = "vivado_utilization.rpt", "vivado_timing.rpt", "vivado_power.rpt"
VIVADO = (UTILISATION, TIMING, POWER, "vivado_modules.rpt", "vivado_routed.dcp")
BUILT = tuple(f"{FOLDER}/{name}" for name in (CELLS, PATH, LOG, SOURCES, *VIVADO))
"""What synthesis writes into a project."""
LUTS_OF = {**{f"LUT{inputs}": 1 for inputs in range(1, 7)}, "INV": 1}
"""Each takes so many LUTs."""
LUTRAMS_OF = {
    **dict.fromkeys(("SRL16E", "SRLC16E", "SRLC32E", "RAM32X1S", "RAM64X1S"), 1),
    **dict.fromkeys(("RAM32X1D", "RAM64X1D", "RAM128X1S"), 2),
    **dict.fromkeys(("RAM32M", "RAM64M", "RAM128X1D", "RAM256X1S"), 4),
}
"""Each takes so many LUTs that are memories or shift registers."""


def synthesise(folder: Path, *, stream: bool = False) -> SynthesisReport:
    """Run Yosys on the project in ``folder``, unless that has been done with the same sources.

    Args:
        folder: of the project.
        stream: show what it prints.

    Raises:
        ToolNotFoundError: no Yosys.
        ToolFailedError: it failed, or its result cannot be read.
    """
    tool = find_yosys()
    rtl = folder / FOLDER
    digest, stamp = _digest(rtl), rtl / SOURCES
    if (found := _read_yosys(rtl)) is not None:
        return found
    for name in (SOURCES, CELLS, PATH):
        (rtl / name).unlink(missing_ok=True)
    run_tool([tool, SCRIPT], cwd=rtl, log_file=LOG, stream=stream)
    write_file(stamp, digest, ToolFailedError, "what was synthesised")
    found = _read_yosys(rtl)
    if found is None:
        raise ToolFailedError(
            f"{tool} ended without a fault, but {rtl / CELLS} and {rtl / PATH} are not what {SCRIPT} lets it write; "
            f"what it printed is in {rtl / LOG}. Convert again, and use Yosys 0.40 or later"
        )
    return found


def read_synthesis(folder: Path) -> tuple[SynthesisReport, ...]:
    """What Yosys, and Vivado, found for the project in ``folder``; nothing where neither has run.

    A result of Yosys for other sources than there are now is left out.
    """
    rtl = folder / FOLDER
    return tuple(found for found in (_read_yosys(rtl), _read_vivado(rtl)) if found is not None)


def _digest(rtl: Path) -> str:
    """Fingerprint of all that is synthesised: memories' content as well."""
    digest = hashlib.sha256()
    for path in sorted(rtl.rglob("*")):
        if path.suffix in (".sv", ".hex", ".ys"):
            digest.update(path.relative_to(rtl).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _read_yosys(rtl: Path) -> SynthesisReport | None:
    stamp, cells, path = _text(rtl / SOURCES), _text(rtl / CELLS), _text(rtl / PATH)
    if not stamp or stamp != _digest(rtl):
        return None
    length = re.search(r"\(length=(-?\d+)\)", path)
    try:
        counts = json.loads(cells)["design"]["num_cells_by_type"]
    except (ValueError, KeyError, TypeError):
        return None
    if length is None or not isinstance(counts, dict):
        return None
    lutram = _sum(counts, LUTRAMS_OF)
    return SynthesisReport(
        tool="Yosys",
        lut=_sum(counts, LUTS_OF) + lutram,
        lutram=lutram,
        ff=sum(counts.get(name, 0) for name in ("FDRE", "FDSE", "FDCE", "FDPE")),
        carry4=counts.get("CARRY4", 0),
        dsp=counts.get("DSP48E1", 0),
        bram18=counts.get("RAMB18E1", 0),
        bram36=counts.get("RAMB36E1", 0),
        path=max(0, int(length[1])),
    )


def _sum(counts: Mapping[str, int], each: Mapping[str, int]) -> int:
    return sum(counts.get(name, 0) * luts for name, luts in each.items())


def _read_vivado(rtl: Path) -> SynthesisReport | None:
    used = dict(_rows(_text(rtl / UTILISATION)))
    if "Slice LUTs" not in used:
        return None
    # Worst slack of setup: the first number of the row under heading and rule.
    slack = re.search(r"WNS\(ns\).*\n[ -]+\n\s*(-?[\d.]+)", _text(rtl / TIMING))
    power = dict(_rows(_text(rtl / POWER)))
    return SynthesisReport(
        tool="Vivado",
        lut=int(used["Slice LUTs"]),
        lutram=int(used.get("LUT as Memory", 0)),
        ff=int(used.get("Slice Registers", 0)),
        carry4=int(used.get("CARRY4", 0)),
        dsp=int(used.get("DSPs", 0)),
        bram18=int(used.get("RAMB18", 0)),
        bram36=int(used.get("RAMB36/FIFO", 0)),
        slack=None if slack is None else float(slack[1]),
        power=power.get("Total On-Chip Power (W)"),
    )


def _rows(report: str) -> Iterator[tuple[str, float]]:
    """Name and first number of every row of a report's tables; marks of footnotes are left out."""
    for line in reversed(report.splitlines()):  # so that the first of a name is the one that stays
        if found := re.match(r"\|\s*([^|]+?)\*?\s*\|\s*([\d.]+)\s*\|", line):
            yield found[1], float(found[2])


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
