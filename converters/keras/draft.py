"""A network under construction: the blocks that handlers make, before and after the merging passes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from hlsq.errors import UnsupportedLayerError
from hlsq.graph import Block, GraphInput
from hlsq.graph.ops import Add, AveragePool2D, Conv2D, Dense, DepthwiseConv2D, Identity

MERGEABLE = (Conv2D, DepthwiseConv2D, Dense, Add, AveragePool2D, Identity)
"""Operations that take a following batch norm and activation into their block."""


@dataclass(frozen=True, eq=False)
class Node:
    """One block, and what a graph does not hold.

    Args:
        block: the block. Before the passes, a batch norm is an ``Identity`` with a scale, and an activation layer an
            ``Identity`` with an activation.
        kind: class name of the Keras layer that the operation comes from, for messages.
        layer: that layer's name.
        host: function of its output that is left to the host (``"softmax"``, ``"sigmoid"``), or None.
        quantizers: role (``"kernel"``, ``"bias"``, ``"output"``, ...) to the quantizer of a quantised layer. The passes
            keep them with their block, and merge nothing into a block whose ``"output"`` is already quantised.
        classes: class names of the other layers that passes have joined to the block, by layer name.
    """

    block: Block
    kind: str
    layer: str
    host: str | None = None
    quantizers: Mapping[str, Any] = field(default_factory=dict)
    classes: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The block's name."""
        return self.block.name

    @property
    def is_open(self) -> bool:
        """Whether a batch norm or an activation that follows can become part of this block."""
        return (
            isinstance(self.block.op, MERGEABLE)
            and self.block.activation.is_linear
            and self.host is None
            and "output" not in self.quantizers
        )

    def joined(self, other: Node, *, before: bool = False, host: str | None = None, **changes: Any) -> Node:
        """This block standing for the layers of ``other`` too, which come after its own, or ``before`` them.

        Args:
            other: what joins; its quantizers take precedence.
            before: whether its layers come first.
            host: as of a node.
            changes: fields of the block.
        """
        layers = other.block.layers + self.block.layers if before else self.block.layers + other.block.layers
        return replace(
            self,
            block=replace(self.block, layers=layers, **changes),
            host=self.host if host is None else host,
            quantizers={**self.quantizers, **other.quantizers},
            classes={**self.classes, **other.classes, other.layer: other.kind},
        )

    def refuse(self, problem: str, supported: str, *, layer: str | None = None) -> UnsupportedLayerError:
        """The error about ``layer``, one of the block's, under its own class; by default about the operation's own."""
        name = self.layer if layer is None else layer
        return UnsupportedLayerError(name, self.classes.get(name, self.kind), problem, supported)


@dataclass(frozen=True, eq=False)
class Draft:
    """Nodes in topological order; every pass returns a new draft."""

    name: str
    inputs: tuple[GraphInput, ...]
    nodes: tuple[Node, ...]
    outputs: tuple[str, ...]

    @cached_property
    def by_name(self) -> dict[str, Node]:
        """Nodes by the name of their block."""
        return {node.name: node for node in self.nodes}

    @cached_property
    def readers(self) -> dict[str, tuple[Node, ...]]:
        """For every tensor the nodes that read it, once per use."""
        found: dict[str, list[Node]] = {}
        for node in self.nodes:
            for name in node.block.inputs:
                found.setdefault(name, []).append(node)
        return {name: tuple(nodes) for name, nodes in found.items()}

    def has_one_reader(self, name: str) -> bool:
        """Whether ``name`` is read exactly once, and is no output of the network."""
        return len(self.readers.get(name, ())) == 1 and name not in self.outputs

    def replace_nodes(self, new: Iterable[Node]) -> Draft:
        """The draft in which each of ``new`` takes the place of the node with its name."""
        table = {node.name: node for node in new}
        return replace(self, nodes=tuple(table.get(node.name, node) for node in self.nodes))

    def bypass(self, name: str) -> Draft:
        """The draft without the node ``name``, whose readers read its input instead."""
        source = self.by_name[name].block.inputs[0]

        def rename(names: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(source if n == name else n for n in names)

        nodes = []
        for node in self.nodes:
            if node.name == name:
                continue
            if name in node.block.inputs:
                node = replace(node, block=replace(node.block, inputs=rename(node.block.inputs)))
            nodes.append(node)
        return replace(self, nodes=tuple(nodes), outputs=rename(self.outputs))
