"""Exploring a network that is small enough to do it several times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

import hlsq
from hlsq.exploration import Exploration
from hlsq.graph import Graph

SCHEMES = ["quant8", {"scheme": "doubleq_ef", "code_bits": 3}]
TARGETS = ["interval=600", "reuse=4", "interval=1"]


@dataclass(frozen=True, eq=False)
class Case:
    """What is explored: a network, and labelled samples by the network's own integers."""

    graph: Graph
    x: NDArray[Any]
    labels: NDArray[Any]

    def explore(self, schemes: Any = SCHEMES, targets: Any = TARGETS, **options: Any) -> Exploration:
        given = {"calibration": self.x[:40], "evaluation": (self.x[40:], self.labels[40:]), "progress": False}
        return hlsq.explore(self.graph, schemes, targets, **(given | options))
