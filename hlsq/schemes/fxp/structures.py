"""The data-structures of a network: every tensor that has a word length and a fraction length of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from hlsq.formats import FixedPoint
from hlsq.graph import Block, Graph
from hlsq.graph.ops import AveragePool2D, Conv2D, Dense, DepthwiseConv2D
from hlsq.graph.ops.pool2d import average_weights
from hlsq.plan import BlockPlan, Plan
from hlsq.schemes.activations import is_raw
from hlsq.search import Candidate

Floats = NDArray[np.float64]
Kind = Literal["weight", "activation", "bias", "scale", "shift"]

FIELDS: Mapping[Kind, str] = {
    "weight": "weight",
    "bias": "bias",
    "scale": "scale",
    "shift": "scale_shift",
    "activation": "output",
}
"""Field of a ``BlockPlan`` that holds the format, in the order in which a block's formats are optimised."""


@dataclass(frozen=True)
class Structure:
    """One data-structure.

    Attributes:
        kind: ``"weight"``, ``"activation"`` (of an input, or what a block hands on), ``"bias"``, or multiplier
            (``"scale"``) and ``"shift"`` of a batch norm refined to a Scale layer; an average pool's reciprocal is a
            ``"scale"`` too.
        name: of the block or network input.
        layer: number of the block, from 1; 0 for an input.
        size: values (an activation's per sample), nu in the paper.
        computes: whether it is the weight of a convolution or a dense layer, or an activation (the paper's G1).
    """

    kind: Kind
    name: str
    layer: int
    size: int
    computes: bool

    @property
    def key(self) -> str:
        """Unique name, e.g. ``"conv1.weight"``."""
        return f"{self.name}.{self.kind}"


@dataclass(frozen=True, eq=False)
class Structures:
    """All data-structures of ``graph``, whose batch norms are folded or refined as they will be in hardware."""

    graph: Graph

    @cached_property
    def all(self) -> tuple[Structure, ...]:
        """By layer, and within a layer in the order of ``FIELDS``."""
        found = [Structure("activation", i.name, 0, prod(i.shape), True) for i in self.graph.inputs]
        for layer, block in enumerate(self.graph.blocks, start=1):
            computes = isinstance(block.op, (Conv2D, DepthwiseConv2D, Dense))
            for kind in FIELDS:
                if kind == "activation":
                    if block.op.accumulates and not is_raw(self.graph, block):
                        found.append(Structure(kind, block.name, layer, prod(self.graph.shapes[block.name]), True))
                elif (values := self.parameter(block, kind)) is not None:
                    found.append(Structure(kind, block.name, layer, values.size, kind == "weight" and computes))
        return tuple(found)

    @cached_property
    def by_key(self) -> dict[str, Structure]:
        """Data-structures by ``key``."""
        return {s.key: s for s in self.all}

    @property
    def edges(self) -> frozenset[str]:
        """Keys of the first and last layers' weights and input activations, which start with a longer word length.

        Section IV-A3: ``a_0``, ``w_1``, ``a_(L-1)`` and ``w_L``; of a network with several inputs or outputs all.
        """
        blocks = self.graph.blocks
        inputs = {i.name for i in self.graph.inputs}
        weighted = [b for b in blocks if b.kernel is not None]
        first = [b for b in weighted if inputs.intersection(b.inputs)] or weighted[:1]
        last = [b for b in weighted if b.name in self.graph.outputs] or weighted[-1:]
        keys = {f"{name}.activation" for name in inputs} | {f"{b.name}.weight" for b in (*first, *last)}
        sources = {self.source(name) for b in last for name in b.inputs}
        return frozenset(keys | {f"{name}.activation" for name in sources})

    def source(self, name: str) -> str:
        """The block (or input) whose format tensor ``name`` has."""
        while name in self.graph.by_name and not self.graph.by_name[name].op.accumulates:
            name = self.graph.by_name[name].inputs[0]
        return name

    def parameter(self, block: Block, kind: Kind) -> Floats | None:
        """Real values of a block's parameter; None where it has none."""
        if kind == "weight":
            return block.kernel
        if kind == "bias":
            return block.bias
        if isinstance(block.op, AveragePool2D) and block.scale is None:
            divisor = average_weights(block.op, self.graph.shapes[block.inputs[0]]).divisor
            return np.array([1 / divisor]) if kind == "scale" else None
        if block.scale is None:
            return None
        return block.scale.multiplier if kind == "scale" else block.scale.shift

    def values(self, structure: Structure) -> Floats:
        """Real values of a parameter."""
        found = self.parameter(self.graph.by_name[structure.name], structure.kind)
        assert found is not None  # noqa: S101 - activations have none, and nobody asks for theirs
        return found


def format_of(plan: Plan, structure: Structure) -> FixedPoint:
    """The format that ``plan`` gives to ``structure``."""
    if structure.layer == 0:
        found = plan.inputs[structure.name]
    else:
        found = getattr(plan.blocks[structure.name], FIELDS[structure.kind])
    assert isinstance(found, FixedPoint)  # noqa: S101 - plans of these schemes have no others
    return found


def candidate(plan: Plan, structure: Structure, fmt: FixedPoint) -> Candidate:
    """``plan`` with another format for one data-structure."""
    name = f"{structure.key} {fmt}"
    if structure.layer == 0:
        return Candidate(name, {}, {structure.name: fmt})
    return Candidate(name, {structure.name: _with(plan.blocks[structure.name], structure, fmt)})


def with_format(plan: Plan, structure: Structure, fmt: FixedPoint) -> Plan:
    """``plan`` with another format for one data-structure."""
    change = candidate(plan, structure, fmt)
    return replace(plan, blocks={**plan.blocks, **change.changes}, inputs={**plan.inputs, **change.inputs})


def _with(formats: BlockPlan, structure: Structure, fmt: FixedPoint) -> BlockPlan:
    change: dict[str, Any] = {FIELDS[structure.kind]: fmt}
    return replace(formats, **change)
