"""Accumulators of few bits: which layers of a plan have sums that could overflow them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hlsq.formats import FixedPoint
from hlsq.graph import Graph
from hlsq.graph.lowering import quantize_graph
from hlsq.graph.sums import EDGE_BITS, edge_layers, partial_sums
from hlsq.plan import Plan
from hlsq.schemes.fxp.structures import Structure, Structures, with_format


@dataclass(eq=False)
class SumLimit:
    """Bits of the accumulators of a network: 32 in first and last layers, as many as are given in the others.

    Args:
        graph: float network.
        bits: of the other layers' accumulators, with their sign; None for no limit at all.
    """

    graph: Graph
    bits: int | None
    _last: tuple[Plan, Mapping[str, int]] | None = field(init=False, default=None)

    def beyond(self, plan: Plan) -> Mapping[str, int]:
        """Bits that the sums of layers need with ``plan``, by block, for those where they could overflow."""
        if self.bits is None:
            return {}
        if self._last is None or self._last[0] is not plan:
            self._last = plan, self._needed(plan)
        return self._last[1]

    def allows(self, plan: Plan, structure: Structure, fmt: FixedPoint) -> bool:
        """Whether ``structure`` may get ``fmt`` in ``plan``: no sum that fits may stop to, no other one get longer."""
        if self.bits is None:
            return True
        before, after = self.beyond(plan), self._needed(with_format(plan, structure, fmt))
        return all(bits <= before.get(name, 0) for name, bits in after.items())

    def members(self, plan: Plan, structures: Structures) -> tuple[Structure, ...]:
        """Weights and activations that take part in sums beyond the limit."""
        keys: set[str] = set()
        for name in self.beyond(plan):
            keys |= {f"{name}.weight", f"{structures.source(structures.graph.by_name[name].inputs[0])}.activation"}
        return tuple(structure for structure in structures.all if structure.key in keys)

    def _needed(self, plan: Plan) -> Mapping[str, int]:
        graph = quantize_graph(self.graph, plan)
        edges = edge_layers(graph)
        found = {}
        for block in graph.blocks:
            if block.weights is not None:
                sums = partial_sums(graph, block)
                bits = sums.width + (not sums.signed)
                if bits > (EDGE_BITS if block.name in edges else self.bits or bits):
                    found[block.name] = bits
        return found
