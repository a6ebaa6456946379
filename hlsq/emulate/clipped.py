"""Where the formats of a plan clip more than they should, as one that was edited by hand may."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsq.formats.fit import Clipping, clipping
from hlsq.graph import Graph
from hlsq.plan import Plan

INFO = "clipped"
"""What a plan's ``info`` calls them."""


def clipped_parameters(graph: Graph, plan: Plan) -> Iterator[tuple[str, Clipping]]:
    """Names, as in ``conv1.weight``, of the weights and biases of ``graph`` that their formats clip too much.

    Args:
        graph: the float network, its batch norms as the plan leaves them.
        plan: its formats.
    """
    for block in graph.blocks:
        formats = plan.blocks[block.name]
        if block.kernel is not None and formats.weight is not None and formats.values is None:
            yield from _found(f"{block.name}.weight", clipping(formats.weight, block.kernel))
        if block.bias is not None and formats.bias is not None and formats.bias_values is None:
            yield from _found(f"{block.name}.bias", clipping(formats.bias, np.asarray(block.bias)))


def clipped_inputs(plan: Plan, samples: Mapping[str, NDArray[Any]]) -> Iterator[tuple[str, Clipping]]:
    """Names, as in ``image.input``, of the inputs whose samples their formats clip too much."""
    for name, values in samples.items():
        yield from _found(f"{name}.input", clipping(plan.inputs[name], values.astype(np.float64)))


def noted(plan: Plan, found: Mapping[str, Clipping]) -> Plan:
    """``plan`` with what was found in its ``info``, and without what was found there earlier."""
    if not found and INFO not in plan.info:
        return plan
    info = {key: value for key, value in plan.info.items() if key != INFO}
    if found:
        info[INFO] = {name: {"share": c.clipped, "times_worse": c.worse} for name, c in found.items()}
    return Plan(plan.scheme, plan.batch_norm, plan.inputs, plan.blocks, plan.options, info)


def _found(name: str, clipping: Clipping | None) -> Iterator[tuple[str, Clipping]]:
    if clipping is not None:
        yield name, clipping
