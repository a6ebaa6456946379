"""From a design of either architecture, in either language, to files."""

from __future__ import annotations

from hlsq.backends.verilog.ports import Port
from hlsq.backends.verilog.render import render_rtl
from hlsq.backends.vitis.designs import AnyDesign
from hlsq.backends.vitis.folded.design import FoldedDesign
from hlsq.backends.vitis.folded.images import FOLDER
from hlsq.backends.vitis.folded.pipelined import PipelinedDesign
from hlsq.backends.vitis.folded.pipelined_render import render_pipelined
from hlsq.backends.vitis.folded.render import render_folded
from hlsq.backends.vitis.render import render_project


def render_design(design: AnyDesign) -> dict[str, str | bytes]:
    """All generated files of ``design``: path in the project to content."""
    if isinstance(design, PipelinedDesign):
        return render_pipelined(design)
    if not isinstance(design, FoldedDesign):
        return dict(render_project(design))
    if design.options.language == "systemverilog":
        return _render_rtl(design)
    return render_folded(design)


def _render_rtl(design: FoldedDesign) -> dict[str, str | bytes]:
    """Modules, and the program that they run."""
    inputs = [_port(design, item.name) for item in design.graph.inputs]
    outputs = [_port(design, name) for name in design.graph.outputs]
    files = render_rtl(
        design.program,
        design.graph.name,
        design.options.top,
        inputs,
        outputs,
        part=design.options.part,
        clock_period=design.options.clock_period,
    )
    return files | {f"{FOLDER}/{name}": content for name, content in design.program.files.items()}


def _port(design: FoldedDesign, name: str) -> Port:
    tensor = design.tensors[name]
    return Port(tensor.ident, tensor.positions, tensor.packet, tensor.word, tensor.interval)
