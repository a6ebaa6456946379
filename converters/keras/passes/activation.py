"""An activation joins the accumulating block before it."""

from __future__ import annotations

from hlsq.converters.keras.draft import Draft, Node
from hlsq.graph.ops import Identity, MaxPool2D, Reshape, ZeroPad2D


def merge_activations(draft: Draft) -> Draft:
    """Give every activation to the block that makes its values, if that is linear so far and nothing else reads it.

    In between there may be max pooling, reshapes and zero padding: an activation never decreases and keeps zero, so it
    may as well come first, where it needs no block of its own. (A quantizer may move zero; then padding is a barrier.)
    """
    for name in [node.name for node in draft.nodes]:
        node = draft.by_name[name]
        if not isinstance(node.block.op, Identity) or node.block.scale is not None or node.host is not None:
            continue
        source = _maker(draft, node)
        if source is not None:
            joined = source.joined(node, activation=node.block.activation)
            draft = draft.bypass(name).replace_nodes([joined])
    return draft


def _maker(draft: Draft, node: Node) -> Node | None:
    """The open block whose values reach ``node`` and nothing else."""
    passed = (MaxPool2D, Reshape) if node.quantizers else (MaxPool2D, Reshape, ZeroPad2D)
    name = node.block.inputs[0]
    while name in draft.by_name and draft.has_one_reader(name):
        source = draft.by_name[name]
        if source.is_open:
            return source
        if not isinstance(source.block.op, passed):
            return None
        name = source.block.inputs[0]
    return None
