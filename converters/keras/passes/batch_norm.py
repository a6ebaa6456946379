"""A batch norm joins the linear operation before it as its per-channel scale."""

from __future__ import annotations

from hlsq.converters.keras.draft import Draft, Node
from hlsq.graph import ChannelScale


def merge_batch_norms(draft: Draft) -> Draft:
    """Give every scale to its input's block, if that is linear so far and nothing else reads it.

    Several batch norms in a row compose to one. A block that multiplies by a quantised number of its own (the
    reciprocal of an average) takes none.
    """
    for name in [node.name for node in draft.nodes]:
        node = draft.by_name[name]
        if node.block.scale is None:
            continue
        source = draft.by_name.get(node.block.inputs[0])
        if (
            source is not None
            and source.is_open
            and "scale" not in source.quantizers
            and draft.has_one_reader(source.name)
        ):
            draft = draft.bypass(name).replace_nodes([_joined(source, node)])
    return draft


def _joined(source: Node, node: Node) -> Node:
    scale = node.block.scale
    if scale is not None and source.block.scale is not None:
        first = source.block.scale
        scale = ChannelScale(first.multiplier * scale.multiplier, first.shift * scale.multiplier + scale.shift)
    return source.joined(node, scale=scale, activation=node.block.activation)
