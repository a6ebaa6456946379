"""Designs as wholes: sums agree, no operation is free, what grows costs more, options move what they say."""

from __future__ import annotations

from dataclasses import fields, replace
from functools import cache

import numpy as np
import pytest
from networks import NetworkBuilder, quantized_network
from random_designs import random_design

from hlsq.backends.vitis.design import Design
from hlsq.backends.vitis.options import HardwareOptions
from hlsq.cost import split, valid_reuse_factors
from hlsq.cost.estimate import Choices, Resources
from hlsq.cost.estimate.blocks import KNOWN, block_parts
from hlsq.cost.parts import given_part
from hlsq.errors import UnsupportedLayerError
from hlsq.formats import Affine
from hlsq.graph import QuantizedGraph
from hlsq.graph.lowering import quantize_graph
from hlsq.graph.ops import Conv2D, Reshape
from hlsq.graph.ops.base import Op
from hlsq.plan import BlockPlan

FIELDS = [field.name for field in fields(Resources)]
SEEDS = range(15)
PART = given_part("some", {"lut": 10_000, "ff": 20_000, "dsp": 20, "bram36": 10, "uram": 0})


@cache
def designs() -> tuple[Design, ...]:
    """In both io_types, of all schemes, from one PE to as many as there can be."""
    return tuple(random_design(seed)[1] for seed in SEEDS)


def figures(found: Resources) -> list[float]:
    return [getattr(found, name) for name in FIELDS]


def summed(found: list[Resources]) -> list[float]:
    return [sum(getattr(item, name) for item in found) for name in FIELDS]


@pytest.mark.parametrize("seed", SEEDS)
def test_parts_sum_to_blocks_and_blocks_to_the_whole(seed: int) -> None:
    found = designs()[seed].estimate
    assert list(found.blocks) == [block.name for block in designs()[seed].graph.blocks]
    for block in found.blocks.values():
        assert figures(block) == pytest.approx(summed(list(block.components.values())))
    assert figures(found) == pytest.approx(summed(list(found.blocks.values())))
    assert figures(found) == pytest.approx(summed(list(found.components.values())))
    assert found.pes == sum(block.pes for block in found.blocks.values())
    assert found.memories == tuple(memory for block in found.blocks.values() for memory in block.memories)
    assert found.bram18 == sum(memory.bram18 for memory in found.memories)
    assert found.useful == pytest.approx(sum(b.useful * b.pes for b in found.blocks.values()) / max(1, found.pes))


@pytest.mark.parametrize("seed", SEEDS)
def test_no_block_is_free_but_wires(seed: int) -> None:
    design = designs()[seed]
    for block in design.blocks:
        found = design.estimate.blocks[block.block.name]
        assert min(figures(found)) >= 0
        assert all(min(figures(part)) >= 0 for part in found.components.values()), found.components
        if block.is_wire:
            assert (found.latency, found.interval) == (0, 0)
            continue
        assert found.lut > 0
        assert found.ff > 0
        assert found.interval == block.iterations < found.latency
        assert 0 <= found.useful <= 1
        assert found.pes == block.pes


def test_all_operations_are_among_these_designs() -> None:
    found = {type(block.block.op) for design in designs() for block in design.functions}
    assert found | {Reshape} == set(KNOWN)  # which is a wire in most networks


def test_an_operation_of_unknown_cost_is_refused() -> None:
    class Softsign(Op):
        kind = "softsign"

        def output_shape(self, inputs: list[tuple[int, ...]], kernel: object = None) -> tuple[int, ...]:
            return inputs[0]

    graph = designs()[0].graph
    block = replace(graph.blocks[0], op=Softsign())
    with pytest.raises(UnsupportedLayerError, match=f"{block.name}.*Softsign.*no known cost.*conv2d"):
        block_parts(graph, block, None, None, Choices())


@pytest.mark.parametrize("seed", [0, 1, 4, 5, 6, 9])
def test_more_pes_cost_more(seed: int) -> None:
    graph = quantized_network(seed)
    design = Design(graph, HardwareOptions(multipliers="fabric"))
    choices = design.options.choices
    for hardware in design.blocks:
        if hardware.mac is None or hardware.split is None:
            continue
        products, costs = hardware.split.products, hardware.mac.costs
        splits = [split(hardware.block.name, products, factor) for factor in valid_reuse_factors(products)]
        splits = [s for s in splits if s.reuse_factor > 1]  # weights that are constants cost less
        found = [(s.pes, block_parts(design.graph, hardware.block, s, costs, choices)["PEs"].lut) for s in splits]
        assert sorted(found) == sorted(found, key=lambda pair: pair[1])


@pytest.mark.parametrize(
    ("options", "resource", "less"),
    [
        ({"multipliers": "dsp"}, "dsp", {"multipliers": "fabric"}),
        ({"multipliers": "fabric"}, "lut", {"multipliers": "dsp"}),
        ({"rom_storage": "bram"}, "bram18", {"rom_storage": "lutram"}),
        ({"rom_storage": "lutram"}, "lut", {"rom_storage": "bram"}),
        ({"line_storage": "bram"}, "bram18", {"line_storage": "lutram"}),
        ({"line_storage": "lutram"}, "lutram", {"line_storage": "bram"}),
    ],
)
def test_options_say_where_products_and_memories_are(options: dict, resource: str, less: dict) -> None:
    graph = convolution()
    more, fewer = (Design(graph, HardwareOptions(reuse_factor=9, **given)).estimate for given in (options, less))
    assert getattr(more, resource) > getattr(fewer, resource)


def convolution() -> QuantizedGraph:
    """A 3x3 convolution of 16 x 16 positions from 2 channels of 8 bits to 6."""
    b = NetworkBuilder(np.random.default_rng(0))
    b.input("x", (16, 16, 2), Affine(8, 2.0**-4))
    plan = BlockPlan(weight=Affine(8, 0.03, symmetric=True), output=Affine(8, 0.05))
    b.add("conv", Conv2D((1, 1), (0, 0, 0, 0)), ["x"], kernel=b.kernel(3, 3, 2, 6), plan=plan)
    return quantize_graph(*b.build(["conv"]))


def test_cycles_and_useful_pes_by_hand() -> None:
    found = Design(convolution(), HardwareOptions(reuse_factor=9)).estimate
    # 14 x 14 windows of nine steps, and one iteration for each other place: 108 products a window, 12 PEs.
    assert found.interval == 14 * 14 * 9 + 16 * 16 - 14 * 14
    assert found.pes == 12
    assert found.useful == 14 * 14 * 108 / (12 * found.interval)
    assert found.fps == 1e9 / (found.interval * 5.0)
    assert found.gops == 2 * 12 / 5.0


@pytest.mark.parametrize(("limit", "fits"), [(0.8, True), (0.01, False)])
def test_whether_it_fits(limit: float, fits: bool) -> None:
    found = Design(convolution(), HardwareOptions(reuse_factor=9)).estimate
    there = replace(found, capacity=PART, limit=limit)
    assert there.fits is fits
    assert there.utilization["lut"] == found.lut / 10_000
    assert there.utilization["uram"] == 0
    assert there.utilization["lutram"] == found.lutram / 2500 > 0
    assert replace(there, lutram=2001, limit=0.8).fits is False
    assert replace(found, capacity=None).fits is None
    assert replace(there, uram=1, limit=1.0).fits is False
