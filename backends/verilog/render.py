"""From a program to SystemVerilog: a package of constants, the top module, and modules that are the same for all."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import jinja2

from hlsq.backends.folded.program import FoldedProgram
from hlsq.backends.folded.widths import EngineNumbers
from hlsq.backends.pes import kinds
from hlsq.backends.verilog.constants import bit, engine_parameters, shared_numbers
from hlsq.backends.verilog.fields import decoded_fields, struct_fields
from hlsq.backends.verilog.images import image_files
from hlsq.backends.verilog.ports import Port
from hlsq.errors import OptionError
from hlsq.escape import line_comment

TEMPLATES = Path(__file__).parent / "templates"
FOLDER = "rtl"
"""In a project."""
PACKAGE = "hlsq.sv"
"""Sizes and types that all modules share, read before them."""
LINT = "hlsq.vlt"
"""What Verilator need not warn of."""
SLOWEST = 4
"""Times the program's cycles after which a simulation is taken to have stopped."""


def render_rtl(
    program: FoldedProgram,
    name: str,
    top: str,
    inputs: Sequence[Port],
    outputs: Sequence[Port],
    *,
    part: str,
    clock_period: float,
) -> dict[str, str | bytes]:
    """All generated files of the hardware: path in the project to content.

    Args:
        program: that it runs.
        name: of the network, for comments.
        top: name of the top module.
        inputs: streams in the order of the network's inputs.
        outputs: streams in the order of its outputs.
        part: that Vivado's script is for.
        clock_period: in nanoseconds, which it has to keep.

    Raises:
        OptionError: a program that comes from memory, which there is no SystemVerilog for.
    """
    if program.overlay is not None:
        raise OptionError("language='systemverilog' has its program in ROM; give program='rom', or language='cpp'")
    engines = [EngineNumbers(engine, program, i) for i, engine in enumerate(program.engines)]
    levels = max(e.thresholds for e in engines)
    context = {
        "name": name,
        "top": top,
        "numbers": shared_numbers(program, len(inputs), len(outputs)),
        "lane_signed": program.map.lane.signed,
        "output_signed": program.map.output.signed,
        "instruction_bits": program.bits,
        "instructions": len(program.instructions),
        "fields": struct_fields(max(e.operands for e in engines), levels),
        "decoded": list(decoded_fields(program)),
        "inputs": list(inputs),
        "outputs": list(outputs),
        "engines": [
            {
                "comment": f"{e.engine.name}: {e.engine.pes} {e.engine.kind} PEs.",
                "parameters": engine_parameters(e),
            }
            for e in engines
        ],
        "part": part,
        "clock_period": clock_period,
        "limit": SLOWEST * program.cycles + 1000 * len(program.instructions),
    }
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES / "project"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["comment"] = line_comment
    environment.globals["bit"] = bit
    files: dict[str, str | bytes] = {
        source.name: source.read_text(encoding="utf-8")
        for folder in (TEMPLATES / "rtl", *(pe.folder / "templates" / "folded" for pe in kinds()))
        for source in sorted(folder.glob("*.sv"))
    }
    for template, target in {
        "hlsq.sv.j2": PACKAGE,
        "hlsq_decoder.sv.j2": "hlsq_decoder.sv",
        "top.sv.j2": f"{top}.sv",
        "harness.cpp.j2": "harness.cpp",
        "build_simulation.sh.j2": "build_simulation.sh",
    }.items():
        files[target] = environment.get_template(template).render(context)
    modules = sorted(file for file in files if file.endswith(".sv") and file != PACKAGE)
    for tool in ("yosys.ys", "vivado.tcl", "constraints.xdc"):
        files[tool] = environment.get_template(f"{tool}.j2").render(context, package=PACKAGE, modules=modules)
    files[LINT] = (TEMPLATES / "rtl" / LINT).read_text(encoding="utf-8")
    files["files.f"] = "\n".join((PACKAGE, *modules)) + "\n"
    return {f"{FOLDER}/{file}": content for file, content in {**files, **image_files(program)}.items()}
