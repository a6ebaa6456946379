"""A small network for the network designer, and whole searches on it, each once in a process."""

from __future__ import annotations

from functools import cache
from typing import Any

from fxp_plain import refined
from searching import Counting, images, predictions, sure_images

from hlsq.graph import Graph
from hlsq.plan import Plan
from hlsq.schemes import run_scheme

CALIBRATION = images(32, 2)
WIDTHS = {"weight_width": 5, "activation_width": 6, "edge_width": 9, "other_width": 9}


@cache
def small_network() -> Graph:
    return refined(2, 2)


@cache
def judges() -> tuple[Any, Any]:
    """Samples and labels that the float network gets right."""
    x = sure_images(small_network(), 96)
    return x, predictions(small_network(), x)


def design(graph: Graph, evaluation: Any, **options: Any) -> Plan:
    return run_scheme("fxpqnet", graph, CALIBRATION, evaluation=evaluation, **{"max_drop": 0.05, **WIDTHS, **options})


@cache
def whole_search(**options: Any) -> Plan:
    """What a search finds without an executor."""
    return design(small_network(), judges(), **options)


@cache
def tasks_of_search(**options: Any) -> int:
    """Number of tasks of a whole search."""
    complete = Counting()
    design(small_network(), judges(), executor=complete, **options)
    return len(complete.tasks)
