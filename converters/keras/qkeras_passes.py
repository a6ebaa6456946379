"""A quantizer joins the block that computes what it quantises, past a plain activation too."""

from __future__ import annotations

from hlsq.converters.keras.draft import MERGEABLE, Draft, Node
from hlsq.graph import Activation
from hlsq.graph.ops import Identity, MaxPool2D, Reshape


def join_quantizers(draft: Draft) -> Draft:
    """Give every quantizer behind a plain ReLU to the block that has the ReLU.

    The merging passes have joined quantizers and linear blocks already. A ReLU and a quantizer never decrease, so
    they may change places with max pooling and reshapes.
    """
    for name in [node.name for node in draft.nodes]:
        node = draft.by_name[name]
        if not isinstance(node.block.op, Identity) or "output" not in node.quantizers:
            continue
        source = _source(draft, node)
        activation = None if source is None else compose(source.block.activation, node.block.activation)
        if source is not None and activation is not None:
            draft = draft.bypass(name).replace_nodes([source.joined(node, activation=activation)])
    return draft


def compose(first: Activation, second: Activation) -> Activation | None:
    """``second`` after ``first`` as one activation, or None where that is none."""
    if second.is_linear:
        return first
    if first.is_linear:
        return second
    if not first.relu:
        return None
    bounds = [a.max_value for a in (first, second) if a.max_value is not None]
    return Activation(relu=True, max_value=min(bounds, default=None))


def _source(draft: Draft, node: Node) -> Node | None:
    """The unquantised block whose values reach ``node`` and nothing else."""
    name = node.block.inputs[0]
    while name in draft.by_name and draft.has_one_reader(name):
        source = draft.by_name[name]
        if isinstance(source.block.op, MERGEABLE):
            return source if "output" not in source.quantizers and source.host is None else None
        if not isinstance(source.block.op, MaxPool2D | Reshape):
            return None
        name = source.block.inputs[0]
    return None
