"""Arrays: about the fewest cycles, and of such shapes the one that is cheap."""

from __future__ import annotations

from itertools import product

import pytest
from small import small_network

from hlsq.backends.folded.array_costs import array_luts
from hlsq.backends.folded.engines import EngineSpec
from hlsq.backends.folded.pieces import Array
from hlsq.backends.folded.shapes import NEAR
from hlsq.backends.vitis.folded.design import FoldedDesign
from hlsq.backends.vitis.options import HardwareOptions
from hlsq.errors import OptionError
from hlsq.graph.lowering import quantize_graph

PES = 32


def test_of_shapes_with_about_the_fewest_cycles_the_cheapest_is_chosen() -> None:
    graph = quantize_graph(*small_network())
    found = FoldedDesign(graph, HardwareOptions(architecture="folded", pes=PES))
    engine, *others = found.program.engines
    assert engine.pes <= PES
    cycles, costs = [], []
    for taps, positions in product((1, 2, 4, 8, 16), (1, 2, 4, 8)):
        shape = {"taps": taps, "outputs": PES // (taps * positions), "positions": positions, "kind": engine.kind}
        own = {f"{other.name}": {"taps": 1, "outputs": 1, "positions": 1, "kind": other.kind} for other in others}
        if shape["outputs"]:
            try:
                design = FoldedDesign(graph, HardwareOptions(architecture="folded", engines={"all": shape} | own))
            except OptionError:
                continue
            cycles.append(design.program.cycles)
            costs.append(design.estimate.lut)
    assert len(cycles) > 5
    near = [lut for lut, count in zip(costs, cycles, strict=True) if count <= (1 + NEAR) * min(cycles)]
    assert found.program.cycles <= (1 + NEAR) * min(cycles)
    assert found.estimate.lut <= 1.1 * min(near)


@pytest.mark.parametrize(
    ("cheap", "dear"),
    [
        (Array(4, 16, 4), Array(16, 4, 4)),  # words of four lanes instead of 16
        (Array(16, 8, 2), Array(16, 4, 4)),  # half as many positions that choose among banks
        (Array(16, 16, 1), Array(64, 4, 1)),
    ],
)
def test_wide_words_and_many_positions_cost_most(cheap: Array, dear: Array) -> None:
    assert cheap.pes == dear.pes
    luts = [array_luts(EngineSpec("", "shift", array), array.taps, lanes_alone=True) for array in (cheap, dear)]
    assert luts[0] < 0.95 * luts[1]
