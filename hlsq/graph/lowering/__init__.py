"""From float blocks and a plan to integers: ``quantize_graph``."""

from hlsq.graph.lowering.lower import quantize_graph

__all__ = ["quantize_graph"]
