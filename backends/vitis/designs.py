"""Designs of both architectures."""

from __future__ import annotations

from hlsq.backends.vitis.design import Design
from hlsq.backends.vitis.folded.design import FoldedDesign
from hlsq.backends.vitis.options import HardwareOptions
from hlsq.graph import QuantizedGraph

AnyDesign = Design | FoldedDesign


def make_design(graph: QuantizedGraph, options: HardwareOptions, made: bool = False) -> AnyDesign:
    """The design of ``graph`` in the architecture that ``options`` name; for its arguments see there."""
    if options.architecture == "folded":
        return FoldedDesign(graph, options, made=made)
    return Design(graph, options, made=made)
