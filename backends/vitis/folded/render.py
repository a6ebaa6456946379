"""From a folded design to files: templates of the top function and its constants, static headers, images."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hlsq.backends.folded.program import FoldedProgram
from hlsq.backends.folded.widths import pointer_bits, signed_bits
from hlsq.backends.vitis.demands import check_rules
from hlsq.backends.vitis.folded.arrays import image_arrays
from hlsq.backends.vitis.folded.constants import EngineCode
from hlsq.backends.vitis.folded.counters import counter_bits
from hlsq.backends.vitis.folded.design import FoldedDesign
from hlsq.backends.vitis.folded.images import image_files, program_bytes
from hlsq.backends.vitis.folded.overlay import overlay_context
from hlsq.backends.vitis.folded.pipelined import PipelinedDesign
from hlsq.backends.vitis.host import HostInput, HostOutput
from hlsq.backends.vitis.render import PROJECT, STATIC, OutputPort, make_environment
from hlsq.backends.vitis.vectors import output_port
from hlsq.errors import QuantizationError

TEMPLATES = Path(__file__).parent / "templates"
HEADERS = TEMPLATES / "firmware" / "hlsq" / "folded"
BASE_HEADERS = ("count.h", "requantise.h", "trace.h", "types.h")
MOST_BITS = 63
"""Of a value in C simulation's machine integers, without its sign."""
MULTIPLICATION = "multiplication.h"
"""What PEs include that multiply."""
FIELD_READERS = ("array.h", "engine.h", "finisher.h", "post.h", "ports.h", "walk.h")
"""Headers that read fields of instructions."""
OPERAND_FIELDS = ("memory", "address", "pitch")


def render_folded(design: FoldedDesign) -> dict[str, str | bytes]:
    """All generated files of ``design``: path in the project to content.

    Raises:
        QuantizationError: integers that do not fit 64 bits.
    """
    check_products(design.program)
    project = design.options.top
    images = image_files(design.program, design.tensors)
    context = project_context(design) | program_context(design, images, project) | {"linked": linked(project, images)}
    files: dict[str, str | bytes] = {}
    environment = make_environment(TEMPLATES / "project", PROJECT)
    axi = "_axi" if design.program.overlay else ""
    if not axi:
        files["firmware/image.cpp"] = environment.get_template("image.cpp.j2").render(context)
    for template, target in {
        "program.h.j2": "firmware/program.h",
        f"project{axi}.cpp.j2": f"firmware/{project}.cpp",
        f"image{axi}.h.j2": "firmware/image.h",
        "build_lib.sh.j2": "build_lib.sh",
        "defines.h.j2": "firmware/defines.h",
        "project.h.j2": f"firmware/{project}.h",
        f"bridge{axi}.cpp.j2": f"{project}_bridge.cpp",
        "test.cpp.j2": f"{project}_test.cpp",
        "build_prj.tcl.j2": "build_prj.tcl",
        "build_opt.tcl.j2": "build_opt.tcl",
        "project.tcl.j2": "project.tcl",
        "hls_config.cfg.j2": "hls_config.cfg",
        "vitis-comp.json.j2": "vitis-comp.json",
    }.items():
        files[target] = environment.get_template(template).render(context)
    files |= static_headers(context["engines"])
    check_rules({name: text for name, text in files.items() if isinstance(text, str)})
    files |= images
    return files


def check_products(program: FoldedProgram) -> None:
    """Refuse post-processing that C simulation's machine integers do not hold.

    Raises:
        QuantizationError: names the engine, its bits and the remedy.
    """
    for engine in program.engines:
        if signed_bits(engine.product) > MOST_BITS + 1:
            raise QuantizationError(
                f"post-processing of {engine.name} needs integers of {signed_bits(engine.product)} bits; at most "
                f"{MOST_BITS + 1} are possible: a plan with narrower scales, or architecture='dataflow'"
            )


def project_context(design: FoldedDesign | PipelinedDesign) -> dict[str, Any]:
    """What templates have of the project as a whole."""
    graph = design.graph
    return {
        "design": design,
        "options": design.options,
        "project": design.options.top,
        "streaming": True,
        "folded": True,
        "inputs": [design.tensors[i.name] for i in graph.inputs],
        "outputs": [OutputPort(output_port(design, o), design.tensors[o]) for o in graph.outputs],
        "host_inputs": [HostInput(i.format) for i in graph.inputs],
        "host_outputs": [HostOutput(graph.formats[o], graph.shapes[o]) for o in graph.outputs],
        "partition_size": None,
        "build_options": {"reset": 0, "csim": 1, "synth": 1, "cosim": 0, "export": 0, "vsynth": 0},
    }


def program_context(design: FoldedDesign, images: Iterable[str], symbols: str, scope: str = "") -> dict[str, Any]:
    """What templates have of a program, its engines and memories.

    Args:
        design: whose program it is.
        images: files with the content of its memories.
        symbols: with which the names of memories begin where their content is linked in.
        scope: C++ namespace of a stage, and folder of its images; empty where there is one program alone.
    """
    program = design.program
    engines = [EngineCode(engine, program, i) for i, engine in enumerate(program.engines)]
    return {
        "program": program,
        "scope": scope,
        "suffix": f"_{scope}" if scope else "",
        "folder": f"{scope}/" if scope else "",
        "symbols": symbols,
        "engines": engines,
        "images": sorted(Path(name).stem for name in images if name.endswith(".bin")),
        **pointer_bits(program),
        "counters": counter_bits(program),
        "fields": _placed(program),
        "arrays": [] if program.overlay else image_arrays(symbols, engines, program_bytes(program).shape),
        **overlay_context(program),
        "needed": _needed(
            max(code.operands for code in engines), max((code.thresholds for code in engines), default=0)
        ),
        "present": {field.name for field in program.fields if field.width},
        "levels": max((code.thresholds for code in engines), default=0),
        "operands": max(code.operands for code in engines),
    }


def linked(symbols: str, images: Mapping[str, bytes]) -> list[tuple[str, str, int]]:
    """The symbol, the file and the bytes of every image that C simulation links in."""
    names = sorted(name for name in images if name.endswith(".bin"))
    return [(f"{symbols}_{Path(name).stem}", name, len(images[name])) for name in names]


def static_headers(engines: Iterable[EngineCode]) -> dict[str, str]:
    """Headers that are the same in all projects, and those of the PEs of ``engines``."""
    files = {f"firmware/hlsq/{name}": (STATIC / name).read_text(encoding="utf-8") for name in BASE_HEADERS}
    pes = {source.name: source.read_text(encoding="utf-8") for source in (code.pe_source for code in engines)}
    multiplies = any(f'#include "{MULTIPLICATION}"' in text for text in pes.values())
    shared = {header.name: header.read_text(encoding="utf-8") for header in HEADERS.glob("*.h")}
    for name, text in sorted((shared | pes).items()):
        if name != MULTIPLICATION or multiplies:
            files[f"firmware/hlsq/folded/{name}"] = text
    return files


def _needed(operands: int, levels: int) -> list[str]:
    """Fields that the C++ reads, whether or not a network's instructions have them."""
    text = "".join((HEADERS / name).read_text(encoding="utf-8") for name in FIELD_READERS)
    names = set(re.findall(r"\bop\.(\w+)\b(?!\()", text)) | {"opcode", "port", "engine"}
    names |= {f"operand{k}_{part}" for k in range(1, operands + 1) for part in OPERAND_FIELDS}
    names |= {f"add_weight{k}" for k in range(operands + 1)} | {f"level{k}" for k in range(levels + 1)}
    return sorted(names)


@dataclass(frozen=True)
class Placed:
    """A field and where its lowest bit lies."""

    name: str
    width: int
    signed: bool
    position: int


def _placed(program: FoldedProgram) -> list[Placed]:
    found, position = [], 0
    for field in program.fields:
        found.append(Placed(field.name, field.width, field.signed, position))
        position += field.width
    return found
