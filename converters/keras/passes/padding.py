"""Zero padding joins the convolutions that read it."""

from __future__ import annotations

from dataclasses import replace

from hlsq.converters.keras.draft import Draft, Node
from hlsq.graph.ops import Conv2D, DepthwiseConv2D, ZeroPad2D
from hlsq.graph.ops.base import Pads


def merge_padding(draft: Draft) -> Draft:
    """Add every zero padding to the padding of its readers, if all of them can pad and it is no output."""
    for name in [node.name for node in draft.nodes]:
        node = draft.by_name[name]
        readers = draft.readers.get(name, ())
        if not isinstance(node.block.op, ZeroPad2D) or name in draft.outputs or not readers:
            continue
        if all(isinstance(r.block.op, Conv2D | DepthwiseConv2D | ZeroPad2D) for r in readers):
            padded = [_padded(reader, node) for reader in readers]
            draft = draft.replace_nodes(padded).bypass(name)
    return draft


def _padded(reader: Node, padding: Node) -> Node:
    op, zeros = reader.block.op, padding.block.op
    if not isinstance(op, Conv2D | DepthwiseConv2D | ZeroPad2D) or not isinstance(zeros, ZeroPad2D):
        return reader
    top, bottom, left, right = (a + b for a, b in zip(zeros.padding, op.padding, strict=True))
    pads: Pads = (top, bottom, left, right)
    return reader.joined(padding, before=True, op=replace(op, padding=pads))
