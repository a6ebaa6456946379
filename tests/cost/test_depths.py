"""Depths of streams: samples come through whatever the pipelines do, and not with less."""

import os

import numpy as np
import pytest
from flowing import convolution, random_splits, several_inputs_and_outputs
from networks import NetworkBuilder, quantized_network

from hlsq.backends.vitis.design import Design
from hlsq.backends.vitis.options import HardwareOptions
from hlsq.cost import Split
from hlsq.cost.dataflow import Channel, processes
from hlsq.cost.depths import COPY_DEPTH, PIPELINE_DEPTH, stream_depths
from hlsq.cost.stalls import Style, run
from hlsq.formats import Affine
from hlsq.graph import QuantizedGraph
from hlsq.graph.lowering import quantize_graph
from hlsq.graph.ops import Add
from hlsq.plan import BlockPlan

NETWORKS = int(os.environ.get("HLSQ_RANDOM_NETWORKS", "12"))


def residual(kernels: list[int], shape: tuple[int, int, int] = (8, 8, 2)) -> QuantizedGraph:
    """A skip connection around convolutions with these kernel sizes."""
    b = NetworkBuilder(np.random.default_rng(0))
    last = start = b.input("x", shape, Affine(8, 0.1))
    for i, k in enumerate(kernels):
        last = convolution(b, f"c{i}", last, k)
    b.add("sum", Add(), [last, start], plan=BlockPlan(output=Affine(8, 0.1)))
    return quantize_graph(*b.build(["sum"]))


def standstills(
    graph: QuantizedGraph,
    splits: dict[str, Split],
    depths: dict[tuple[str, int], int],
    style: Style | dict[str, Style],
    pipeline: int | dict[str, int],
    samples: int = 3,
) -> list[tuple[str, ...]]:
    """Who waits for what, for loops that break between samples and for those that do not."""
    network = processes(graph, splits)
    channels = {c: depths[c.reader] for p in network for c in p.inputs if c.reader in depths}
    if isinstance(pipeline, int):
        pipeline = {p.name: min(pipeline, COPY_DEPTH) if p.name.startswith("copies") else pipeline for p in network}
    flows = [
        run(network, channels, style=style, pipeline=pipeline, samples=samples, rewind=rewind)
        for rewind in (False, True)
    ]
    return [flow.waiting for flow in flows if flow.waiting]


def splits_of(graph: QuantizedGraph) -> dict[str, Split]:
    """What a user gets who asks for nothing."""
    return {
        b.block.name: b.split for b in Design(graph, HardwareOptions(reuse_factor={})).blocks if b.split is not None
    }


def fastest(graph: QuantizedGraph) -> dict[str, Split]:
    """As few steps as possible: a cycle for a position."""
    return random_splits(graph, np.random.default_rng(0), 0)


def test_a_shortcut_beside_two_convolutions_bridges_their_pipelines_too() -> None:
    graph = residual([3, 3])
    splits = fastest(graph)
    # What line buffers need: a row of 8 and a position for each convolution, and what lies in front of the two.
    buffers = {("sum", 0): 2, ("sum", 1): 21}
    for pipeline in (1, 2, 6, 12, PIPELINE_DEPTH):
        stopped = standstills(graph, splits, buffers, "stp", pipeline)
        assert len(stopped) == (0 if pipeline == 1 else 2)
        assert all(waiting[0] == "host's x waits for room (x to its copies)" for waiting in stopped)
        assert all("sum waits for packets (c1 to sum, input 0)" in waiting for waiting in stopped)
        assert not standstills(graph, splits, buffers, "flp", pipeline)
    depths = stream_depths(graph, splits)
    # Two pipelines of 40 take 80 positions; at 36 cycles a position it is 4.
    assert depths == {("sum", 0): 2, ("sum", 1): 84}
    assert stream_depths(graph, splits_of(graph)) == {("sum", 0): 2, ("sum", 1): 24}
    for pipeline in range(1, PIPELINE_DEPTH + 1):
        assert not standstills(graph, splits, depths, "stp", pipeline)


@pytest.mark.parametrize("kernels", [[1], [3], [5], [3, 3], [3, 1, 5]])
def test_depths_are_no_larger_than_the_deepest_pipelines_need(kernels: list[int]) -> None:
    graph = residual(kernels, (16, 10, 2))
    splits = fastest(graph)
    depths = stream_depths(graph, splits)
    assert not standstills(graph, splits, depths, "stp", PIPELINE_DEPTH)
    less = {**depths, ("sum", 1): depths["sum", 1] - 2}
    assert standstills(graph, splits, less, "stp", PIPELINE_DEPTH)


@pytest.mark.parametrize("seed", range(NETWORKS))
def test_random_networks_never_stand_still(seed: int) -> None:
    rng = np.random.default_rng(seed)
    graph = quantized_network(seed, blocks=int(rng.integers(4, 12)))
    splits = random_splits(graph, rng)
    depths = stream_depths(graph, splits)
    names = [p.name for p in processes(graph, splits)]
    blocks, copies = [n for n in names if n in graph.shapes], [n for n in names if n.startswith("copies of")]

    def stages(most: int, *, ends: bool = False) -> dict[str, int]:
        """Random depths of all pipelines, or as small or as large as can be."""

        def one(most: int) -> int:
            return int(rng.choice([1, most]) if ends else rng.integers(1, most + 1))

        return {**{name: one(most) for name in blocks}, **{name: one(COPY_DEPTH) for name in copies}}

    assert not standstills(graph, splits, depths, "stp", stages(PIPELINE_DEPTH))
    assert not standstills(graph, splits, depths, "stp", stages(PIPELINE_DEPTH, ends=True))
    assert not standstills(graph, splits, depths, "flp", stages(2 * PIPELINE_DEPTH))
    mixed: dict[str, Style] = {name: ("stp", "flp")[rng.integers(2)] for name in (*blocks, *copies)}
    assert not standstills(graph, splits, depths, mixed, stages(PIPELINE_DEPTH))


def test_depths_shrunk_by_hand_are_noticed() -> None:
    found = 0
    for seed in range(12):
        graph = quantized_network(seed)
        splits = splits_of(graph)
        depths = stream_depths(graph, splits)
        for key in (key for key, depth in depths.items() if depth > 12):
            waiting = standstills(graph, splits, {**depths, key: depths[key] // 2 - 2}, "stp", PIPELINE_DEPTH)
            assert waiting, (seed, key)
            found += 1
    assert found > 4


def test_several_inputs_and_outputs_and_a_tensor_that_nobody_reads() -> None:
    graph = several_inputs_and_outputs()
    splits = splits_of(graph)
    depths = stream_depths(graph, splits)
    # The host keeps what of y is not taken yet.
    assert ("sum", 1) not in depths
    assert depths["sum", 2] > 4 * 8
    for style in ("stp", "flp"):
        for pipeline in (1, 13, 40):
            assert not standstills(graph, splits, depths, style, pipeline)
    assert standstills(graph, splits, {**depths, ("sum", 2): 4 * 8}, "flp", 1)


def test_the_design_uses_the_depths() -> None:
    graph = residual([3, 3])
    design = Design(graph, HardwareOptions(reuse_factor={}))
    assert {
        c.reader: d for c, d in design.channel_depths.items() if c.reader and c.reader[0] == "sum"
    } == stream_depths(graph, splits_of(graph))
    assert design.channel_depths[Channel("x", ("c0", 0))] == 2
