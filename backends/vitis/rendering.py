"""From a design of either architecture to files."""

from __future__ import annotations

from hlsq.backends.vitis.designs import AnyDesign
from hlsq.backends.vitis.folded.design import FoldedDesign
from hlsq.backends.vitis.folded.pipelined import PipelinedDesign
from hlsq.backends.vitis.folded.pipelined_render import render_pipelined
from hlsq.backends.vitis.folded.render import render_folded
from hlsq.backends.vitis.render import render_project


def render_design(design: AnyDesign) -> dict[str, str | bytes]:
    """All generated files of ``design``: path in the project to content."""
    if isinstance(design, PipelinedDesign):
        return render_pipelined(design)
    if isinstance(design, FoldedDesign):
        return render_folded(design)
    return dict(render_project(design))
