"""Designs of both architectures."""

from __future__ import annotations

from pathlib import Path

from hlsq.backends.folded import FoldedProgram
from hlsq.backends.folded.pipeline import PipelinedProgram
from hlsq.backends.vitis.design import Design
from hlsq.backends.vitis.folded.design import FoldedDesign
from hlsq.backends.vitis.folded.images import FOLDER as IMAGE
from hlsq.backends.vitis.folded.pipelined import PipelinedDesign
from hlsq.backends.vitis.options import HardwareOptions
from hlsq.graph import QuantizedGraph

AnyDesign = Design | FoldedDesign | PipelinedDesign


def make_design(graph: QuantizedGraph, options: HardwareOptions) -> AnyDesign:
    """The design of ``graph`` in the architecture that ``options`` name."""
    if options.pipeline:
        return PipelinedDesign(graph, options)
    return FoldedDesign(graph, options) if options.architecture == "folded" else Design(graph, options)


def made_design(graph: QuantizedGraph, options: HardwareOptions, folder: Path) -> AnyDesign:
    """The design of the project in ``folder``, which has been made with ``options``.

    Raises:
        GraphError: its program is damaged, or that of another network.
    """
    if options.pipeline:
        return PipelinedDesign(graph, options, made=True, given=PipelinedProgram.load(folder / IMAGE, graph))
    if options.architecture == "folded":
        return FoldedDesign(graph, options, made=True, given=FoldedProgram.load(folder / IMAGE, graph))
    return Design(graph, options, made=True)
