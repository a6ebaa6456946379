"""What DoubleQExt tells of its search: the paper's Table 4, row by row."""

from __future__ import annotations

from typing import Any

from hlsq.graph import Graph
from hlsq.graph.lowering import quantize_graph
from hlsq.memory import measure
from hlsq.plan import Plan
from hlsq.search import Round


def recovered_share(value: float, first: float, last: float) -> float:
    """The share of the loss from ``last`` (eight bits) to ``first`` (fewest bits) that ``value`` wins back."""
    return 1.0 if last <= first else (value - first) / (last - first)


def weight_bytes(graph: Graph, plan: Plan) -> float:
    """Memory of the codes of all weights; the paper counts those of the convolutions only."""
    return measure(quantize_graph(graph, plan)).weights.after / 8


def reduction(memory: float, highest: float) -> float:
    """By how much less ``memory`` is than ``highest``, as a share."""
    return 1 - memory / highest if highest else 0.0


def row(number: int, found: Round, plan: Plan, recovered: float, memory: float, highest: float) -> dict[str, Any]:
    """Round ``number``, which led to ``plan``."""
    weight = plan.blocks[found.name].weight
    assert weight is not None  # noqa: S101 - only layers with weights change
    return {
        "round": number,
        "layer": found.index,
        "name": found.name,
        "code_bits": weight.bits,
        "accuracy": found.value,
        "recovered": recovered,
        "memory_bytes": memory,
        "reduction": reduction(memory, highest),
        "evaluations": found.evaluations,
        "plain_evaluations": found.plain_evaluations,
    }
