"""Depths of streams: a simulated dataflow with bounded FIFOs runs through with them, and not with less."""

from dataclasses import dataclass, field

import numpy as np
import pytest
from networks import NetworkBuilder, quantized_network

from hlsq.backends.vitis.design import Design
from hlsq.backends.vitis.options import HardwareOptions
from hlsq.cost.streams import MINIMUM_DEPTH, last_needed, positions, stream_depths
from hlsq.formats import Affine, PowerOfTwo
from hlsq.graph import QuantizedGraph
from hlsq.graph.lowering import quantize_graph
from hlsq.graph.ops import Add, Conv2D
from hlsq.plan import BlockPlan


@dataclass
class Fifo:
    depth: int
    level: int = 0


@dataclass
class Process:
    """Reads packets in order, as far as the next output packet needs them, then writes it."""

    inputs: list[Fifo]
    outputs: list[Fifo]
    needed: np.ndarray
    in_count: int
    read: list[int] = field(default_factory=list)
    written: int = 0

    def step(self) -> bool:
        done = self.written == len(self.needed)
        wanted = self.in_count if done else int(self.needed[self.written]) + 1
        moved = False
        # A position needs one packet of every input at the same time, as the generated loop reads them together.
        if any(r < wanted for r in self.read) and all(f.level > 0 for f in self.inputs):
            for fifo in self.inputs:
                fifo.level -= 1
            self.read = [r + 1 for r in self.read]
            moved = True
        if not done and all(r >= wanted for r in self.read) and all(f.level < f.depth for f in self.outputs):
            for fifo in self.outputs:
                fifo.level += 1
            self.written += 1
            moved = True
        return moved


def runs_through(graph: QuantizedGraph, depths: dict[tuple[str, int], int]) -> bool:
    """Whether one sample flows through ``graph`` without a standstill."""
    count = positions(graph)
    fifos: dict[tuple[str, int], Fifo] = {}
    readers: dict[str, list[Fifo]] = {name: [] for name in graph.shapes}
    for block in graph.blocks:
        for number, source in enumerate(block.inputs):
            fifo = Fifo(depths.get((block.name, number), MINIMUM_DEPTH))
            fifos[block.name, number] = fifo
            readers[source].append(fifo)
    processes: list[Process] = []

    def connect(name: str, inputs: list[Fifo], needed: np.ndarray, in_count: int) -> None:
        targets = readers[name]
        if len(targets) > 1:  # a tensor with several readers is copied by a process of its own
            between = Fifo(MINIMUM_DEPTH)
            processes.append(Process([between], targets, np.arange(count[name]), count[name], [0]))
            targets = [between]
        processes.append(Process(inputs, targets, needed, in_count, [0] * len(inputs)))

    for item in graph.inputs:
        connect(item.name, [], np.full(count[item.name], -1), 0)
    for block in graph.blocks:
        inputs = [fifos[block.name, n] for n in range(len(block.inputs))]
        connect(block.name, inputs, last_needed(graph, block), count[block.inputs[0]])
    while sum(process.step() for process in processes):
        pass
    return all(p.written == len(p.needed) and all(r == p.in_count for r in p.read) for p in processes)


def residual(kernels: list[int]) -> QuantizedGraph:
    """A skip connection around convolutions with these kernel sizes."""
    b = NetworkBuilder(np.random.default_rng(0))
    last = start = b.input("x", (12, 10, 2), Affine(8, 0.1))
    for i, k in enumerate(kernels):
        pads = (k // 2, k // 2, k // 2, k // 2)
        plan = BlockPlan(weight=PowerOfTwo(scale=0.1), output=Affine(8, 0.1))
        last = b.add(f"c{i}", Conv2D((1, 1), pads), [last], kernel=b.kernel(k, k, 2, 2), plan=plan)
    b.add("sum", Add(), [last, start], plan=BlockPlan(output=Affine(8, 0.1)))
    return quantize_graph(*b.build(["sum"]))


@pytest.mark.parametrize("kernels", [[1], [3], [5], [3, 3], [3, 1, 5]])
def test_a_skip_connection_needs_its_depth(kernels: list[int]) -> None:
    graph = residual(kernels)
    depths = stream_depths(graph)
    assert runs_through(graph, depths)
    # The branch's line buffers hold about (k - 1) / 2 rows and columns of 10 positions for each convolution.
    held = sum(k // 2 * 10 + k // 2 for k in kernels)
    assert held <= depths["sum", 1] <= held + 1 + MINIMUM_DEPTH
    assert depths["sum", 0] <= 1 + MINIMUM_DEPTH
    if held > 10:
        assert not runs_through(graph, {**depths, ("sum", 1): held - 6 * len(kernels)})
        assert not runs_through(graph, {})


@pytest.mark.parametrize("seed", range(40))
def test_random_networks_never_stand_still(seed: int) -> None:
    graph = quantized_network(seed, blocks=9)
    assert runs_through(graph, stream_depths(graph))


def test_the_design_uses_the_depths() -> None:
    graph = residual([3, 3])
    design = Design(graph, HardwareOptions())
    found = {(s.reader, s.number): s.depth for s in design.streams if s.reader == "sum"}
    assert found == stream_depths(graph)
