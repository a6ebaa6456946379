"""Whether the memories of feature maps fit the part, whatever the number of PEs, and which maps take most of them."""

from __future__ import annotations

from math import ceil, prod

from hlsq.backends.folded import FoldedProgram
from hlsq.cost.estimate import Estimate
from hlsq.cost.fit import larger_part
from hlsq.cost.folded.whole import BUFFERS
from hlsq.errors import ResourceError
from hlsq.graph import QuantizedGraph

LARGEST = 3


def check_buffers(estimate: Estimate, program: FoldedProgram, graph: QuantizedGraph) -> None:
    """Refuse feature maps that take more block RAMs than the part has.

    Raises:
        ResourceError: names the largest maps, need, capacity and remedies.
    """
    part = estimate.capacity
    need = estimate.blocks[BUFFERS].bram18
    if part is None or need <= part.bram18:
        return
    raise ResourceError(
        f"the feature maps do not fit {part.name}: they take {need:,} block RAMs of 18 Kb, and it has {part.bram18:,}; "
        f"{largest_maps(program, graph)}; what helps: {larger_part(estimate)}; smaller inputs; fewer bits of "
        "activations; architecture='dataflow', which keeps a few rows of each"
    )


def largest_maps(program: FoldedProgram, graph: QuantizedGraph) -> str:
    """Those that take most memory, in words."""
    taken = {name: bits for name, (_, bits) in map_sizes(program, graph).items()}
    largest = sorted(taken, key=lambda name: -taken[name])[:LARGEST]
    told = ", ".join(f"{name!r} {ceil(taken[name] / 1024):,} Kb" for name in largest)
    return f"the largest feature maps are those of {told}, of {ceil(program.map.bits / 1024):,} Kb at once"


def map_sizes(program: FoldedProgram, graph: QuantizedGraph) -> dict[str, tuple[int, int]]:
    """Words of a bank that a tensor lies in, those between its pixels included, and the bits of its own words.

    Left out are tensors that are others looked at with other channels.
    """
    found = {}
    for name, place in program.places.items():
        if name not in graph.shapes or sum(lane >= 0 for lane in place.layout) != graph.shapes[name][-1]:
            continue
        pixels = prod(graph.shapes[name][:-1])
        bits = pixels * len(place.layout) * program.map.lane.width
        found[name] = -(-pixels // program.map.banks) * place.pitch, bits
    return found
