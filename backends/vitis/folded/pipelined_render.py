"""From a pipeline of folded accelerators to files: a header and images for each stage, and the top that joins them."""

from __future__ import annotations

from hlsq.backends.folded.pipeline import STAGES, folder
from hlsq.backends.vitis.demands import check_rules
from hlsq.backends.vitis.folded.images import FOLDER, image_files
from hlsq.backends.vitis.folded.pipelined import PipelinedDesign
from hlsq.backends.vitis.folded.pipelined_links import steps
from hlsq.backends.vitis.folded.render import (
    TEMPLATES,
    check_products,
    linked,
    program_context,
    project_context,
    static_headers,
)
from hlsq.backends.vitis.render import PROJECT, OutputPort, make_environment
from hlsq.backends.vitis.vectors import output_port

STAGE_TEMPLATES = {
    "stage.h.j2": "firmware/{}.h",
    "program.h.j2": "firmware/program_{}.h",
    "image.h.j2": "firmware/image_{}.h",
}


def render_pipelined(design: PipelinedDesign) -> dict[str, str | bytes]:
    """All generated files of ``design``: path in the project to content.

    Raises:
        QuantizationError: integers that do not fit 64 bits.
    """
    environment = make_environment(TEMPLATES / "project", PROJECT)
    project = design.options.top
    files: dict[str, str | bytes] = {}
    images: dict[str, bytes] = {f"{FOLDER}/{STAGES}": design.program.files[STAGES]}
    symbols, engines, first = [], [], 0
    for number, (stage, own) in enumerate(zip(design.program.stages, design.stages, strict=True)):
        check_products(stage.program)
        scope = folder(number)
        content = {
            name.replace(FOLDER, f"{FOLDER}/{scope}", 1): data
            for name, data in image_files(stage.program, design.tensors).items()
        }
        images |= content
        symbols += linked(f"{project}_{scope}", content)
        context = {
            **project_context(design),
            **program_context(own, content, f"{project}_{scope}", scope),
            "stage": stage,
            "counts_from": first,
            "inputs": [own.tensors[item.name] for item in stage.graph.inputs],
            "outputs": [OutputPort(output_port(own, name), own.tensors[name]) for name in stage.graph.outputs],
        }
        first += len(stage.program.instructions)
        engines += context["engines"]
        for template, target in STAGE_TEMPLATES.items():
            files[target.format(scope)] = environment.get_template(template).render(context)
    stages = [folder(number) for number in range(len(design.stages))]
    context = project_context(design) | {"linked": symbols, "stages": stages, "steps": steps(design), "overlay": None}
    for template, target in {
        "image.cpp.j2": "firmware/image.cpp",
        "project_pipelined.cpp.j2": f"firmware/{project}.cpp",
        "build_lib_pipelined.sh.j2": "build_lib.sh",
        "defines.h.j2": "firmware/defines.h",
        "project.h.j2": f"firmware/{project}.h",
        "bridge.cpp.j2": f"{project}_bridge.cpp",
        "test.cpp.j2": f"{project}_test.cpp",
        "build_prj.tcl.j2": "build_prj.tcl",
        "build_opt.tcl.j2": "build_opt.tcl",
        "project.tcl.j2": "project.tcl",
        "hls_config.cfg.j2": "hls_config.cfg",
        "vitis-comp.json.j2": "vitis-comp.json",
    }.items():
        files[target] = environment.get_template(template).render(context)
    files |= static_headers(engines)
    check_rules({name: text for name, text in files.items() if isinstance(text, str)})
    files |= images
    return files
