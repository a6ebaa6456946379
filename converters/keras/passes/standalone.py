"""A batch norm that stands alone becomes an operation: a depthwise convolution with one tap."""

from __future__ import annotations

from dataclasses import replace

from hlsq.converters.keras.draft import Draft, Node
from hlsq.graph.ops import DepthwiseConv2D, Identity


def batch_norms_as_operations(draft: Draft) -> Draft:
    """Make every identity with a scale a 1x1 ``DepthwiseConv2D`` with bias."""
    return draft.replace_nodes(
        _as_operation(n) for n in draft.nodes if isinstance(n.block.op, Identity) and n.block.scale
    )


def _as_operation(node: Node) -> Node:
    scale = node.block.scale
    if scale is None:
        return node
    block = replace(node.block, op=DepthwiseConv2D(), kernel=scale.multiplier[None, None], bias=scale.shift, scale=None)
    return replace(node, block=block)
