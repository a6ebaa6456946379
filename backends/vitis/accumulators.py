"""Widths of partial sums that a user fixes instead of taking those of interval analysis."""

from __future__ import annotations

from collections.abc import Mapping

from hlsq.backends.vitis.options import BlockAccumulator, HardwareOptions
from hlsq.errors import OptionError
from hlsq.graph import Interval, QuantizedGraph
from hlsq.graph.sums import EDGE_BITS, INNER_BITS, edge_layers, partial_sums


def wanted_widths(graph: QuantizedGraph, options: HardwareOptions) -> dict[str, int]:
    """Bits of the signed type of a block's partial sums, by name, for those blocks where ``accumulator`` fixes it.

    Raises:
        OptionError: an unknown block.
    """
    weighted = [block for block in graph.blocks if block.weights is not None]
    if isinstance(options.accumulator, Mapping):
        for name in options.accumulator:
            if name != "default" and name not in [block.name for block in weighted]:
                raise OptionError.unknown("accumulator", name, [*(block.name for block in weighted), "default"])
    edges = edge_layers(graph)
    widths: dict[str, int] = {}
    for block in weighted:
        wanted = options.accumulator_for(block.name)
        if wanted == "fxpqnet":
            widths[block.name] = EDGE_BITS if block.name in edges else INNER_BITS
        elif wanted != "interval":
            widths[block.name] = int(wanted)
    return widths


def sum_widths(graph: QuantizedGraph, options: HardwareOptions) -> dict[str, int]:
    """The same as ``wanted_widths``, which are enough.

    Raises:
        OptionError: an unknown block, or widths at which partial sums could overflow; names all these blocks.
    """
    widths = wanted_widths(graph, options)
    check_widths(options, widths, {name: partial_sums(graph, graph.by_name[name]) for name in widths})
    return widths


def check_widths(options: HardwareOptions, widths: Mapping[str, int], sums: Mapping[str, Interval]) -> None:
    """Refuse widths at which partial sums, by block, could overflow.

    Raises:
        OptionError: names all these blocks, what each needs and has.
    """
    needed = {name: sums[name].width + (not sums[name].signed) for name in widths}
    beyond = {name: bits for name, bits in needed.items() if bits > widths[name]}
    if beyond:
        raise OptionError(_overflow(options.accumulator, beyond, widths))


def _overflow(
    given: BlockAccumulator | Mapping[str, BlockAccumulator], needed: Mapping[str, int], widths: Mapping[str, int]
) -> str:
    listed = "; ".join(f"{name!r} needs {bits} bits and has {widths[name]}" for name, bits in needed.items())
    remedy = {**(given if isinstance(given, Mapping) else {"default": given}), **needed}
    return (
        f"accumulator: partial sums could overflow in {len(needed)} of {len(widths)} layers: {listed}. Use "
        f"accumulator={remedy!r}, narrower weights or activations there, or 'interval', which takes what is needed"
    )
