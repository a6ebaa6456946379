"""Softmax and sigmoid at the outputs are left to the host."""

from __future__ import annotations

from hlsq.converters.keras.draft import Draft
from hlsq.graph.ops import Identity


def merge_host_functions(draft: Draft) -> Draft:
    """Note every host function at the block whose values it reads.

    Raises:
        UnsupportedLayerError: the network goes on behind one.
    """
    for node in draft.nodes:
        if node.host is not None and (node.name not in draft.outputs or node.name in draft.readers):
            where = "in the middle of the network" if node.name in draft.readers else "at no output"
            raise node.refuse(
                f"{node.host} {where}",
                "softmax and sigmoid as the last layer before an output, where the host computes them",
            )
    for name in [node.name for node in draft.nodes if node.host is not None]:
        node = draft.by_name[name]
        source = draft.by_name.get(node.block.inputs[0])
        if isinstance(node.block.op, Identity) and source is not None and source.host is None:
            if not draft.has_one_reader(source.name):
                continue
            draft = draft.bypass(name).replace_nodes([source.joined(node, host=node.host)])
    return draft
