"""Weights before and after quantisation, counted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hlsq.graph import Graph, QBlock
from hlsq.plan import Plan

BINS = 60
MOST_LEVELS = 128
"""More integers than that are counted in bins, as the float weights are."""


@dataclass(frozen=True)
class WeightHistogram:
    """Weights of one block, in steps of their format (of each output channel's own step, where there are several).

    Attributes:
        name: of the block.
        edges: of the bins of ``before``, one more than there are bins.
        before: float weights in each bin; empty where the float network is not known (a loaded project).
        levels: quantised values, ascending.
        after: weights at each level.
    """

    name: str
    edges: tuple[float, ...]
    before: tuple[int, ...]
    levels: tuple[float, ...]
    after: tuple[int, ...]


def weight_histograms(blocks: tuple[QBlock, ...], graph: Graph | None, plan: Plan | None) -> list[WeightHistogram]:
    """Histograms of all ``blocks`` with weights; ``graph`` is the float network, batch norms as ``plan`` has them."""
    if graph is not None and plan is not None and plan.batch_norm == "fold":
        graph = graph.fold_batch_norm()
    return [_histogram(block, graph) for block in blocks if block.weights is not None]


def _histogram(block: QBlock, graph: Graph | None) -> WeightHistogram:
    assert block.weights is not None  # noqa: S101 - the caller looked
    values, step = block.weights.values.astype(np.float64), block.weights.format.step
    source = graph.by_name.get(block.name) if graph is not None else None
    real = source.kernel / step if source is not None and source.kernel is not None else None
    low, high = float(values.min()), float(values.max())
    if real is not None:
        low, high = min(low, float(real.min())), max(high, float(real.max()))
    edges = np.linspace(low, high, BINS + 1) if high > low else np.array([low - 0.5, high + 0.5])
    levels, counts = np.unique(values, return_counts=True)
    if len(levels) > MOST_LEVELS:
        counts, _ = np.histogram(values, edges)
        levels = (edges[:-1] + edges[1:]) / 2
    return WeightHistogram(
        name=block.name,
        edges=tuple(float(e) for e in edges),
        before=() if real is None else tuple(int(n) for n in np.histogram(real, edges)[0]),
        levels=tuple(float(v) for v in levels),
        after=tuple(int(n) for n in counts),
    )
