"""Choosing the formats of inputs and outputs, the same way for every scheme."""

from __future__ import annotations

from collections.abc import Callable

from hlsq.calibration import Target, choose_range
from hlsq.calibration.run import Calibration
from hlsq.formats import Format
from hlsq.graph import Block, Graph
from hlsq.graph.ops import Concatenate
from hlsq.schemes.base import Scheme


def input_formats(
    scheme: Scheme, graph: Graph, calibration: Calibration, target: Callable[[str], Target]
) -> dict[str, Format]:
    """Format of every network input; ``target`` gives the kind of format by tensor name."""
    return {i.name: activation_format(scheme, calibration, i.name, target(i.name)) for i in graph.inputs}


def output_format(
    scheme: Scheme, graph: Graph, calibration: Calibration, block: Block, target: Target
) -> Format | None:
    """Format of the output of ``block``.

    None for an operation that keeps its input's format, and for a last block (``is_raw``).
    """
    if not block.op.accumulates or is_raw(graph, block):
        return None
    return activation_format(scheme, calibration, block.name, target)


def activation_format(scheme: Scheme, calibration: Calibration, name: str, target: Target) -> Format:
    """Format of tensor ``name`` for the range that the scheme's calibration method chooses."""
    lo, hi = choose_range(calibration.tensors[name], scheme.calibration_method, target, scheme.calibration_options)
    return target(lo, hi)


def is_raw(graph: Graph, block: Block) -> bool:
    """Whether the network returns the accumulator of ``block`` as it is, so that logits lose nothing.

    True for an output that no block reads, as long as it has an accumulator (a concatenation has none) and no
    activation (which acts in the requantisation).
    """
    return (
        block.name in graph.outputs
        and block.op.accumulates
        and not isinstance(block.op, Concatenate)
        and block.activation.is_linear
        and not graph.consumers(block.name)
    )
