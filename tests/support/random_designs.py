"""Random networks as hardware: would a synthesis tool build them well, as they are reported, live and exact?

``make random`` runs this by hand over many; the suite takes a few.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, get_args

import click
import numpy as np
from counted import differences
from networks import random_inputs, random_network
from synthesis import check_project

from hlsq.backends.vitis.design import Design
from hlsq.backends.vitis.options import HardwareOptions, IOType
from hlsq.backends.vitis.project import write_project
from hlsq.backends.vitis.render import render_project
from hlsq.backends.vitis.simulation import Simulation, compile_library
from hlsq.cost import products_of, split, valid_reuse_factors
from hlsq.cost.depths import COPY_DEPTH, PIPELINE_DEPTH
from hlsq.cost.pacing import PIPELINE
from hlsq.cost.stalls import Style, run
from hlsq.emulate.emulator import Emulator
from hlsq.graph import QuantizedGraph
from hlsq.graph.lowering import quantize_graph
from hlsq.progress import track
from hlsq.schemes import run_scheme

SCHEMES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("", {}),
    ("quant8", {"per_channel": True}),
    ("doubleq", {}),
    ("doubleq_ef", {"code_bits": 4, "scale": "power_of_two", "sweeps": 0}),
    ("fixed", {"weight_width": 5}),
    ("fxp_uniform", {"weight_width": 1}),
)
"""Of a random network; the first stands for formats that are random as well. Searches end in formats of these."""
ONE_PE = 10**9
SAMPLES = 4
STYLES: tuple[Style, ...] = ("flp", "stp")


def random_design(seed: int, io_type: IOType | None = None, target: bool = False) -> tuple[str, Design]:
    """A random network and what it is: all schemes, both io_types, from a single PE to as many as there can be.

    Args:
        seed: of the network; it also decides what follows.
        io_type: in place of the one that it has by its seed.
        target: balance it for a random pace; else every fourth one is.
    """
    scheme = SCHEMES[seed % len(SCHEMES)][0]
    io_type = io_type or ("io_parallel" if seed % 5 == 2 else "io_stream")
    quantized = random_quantized(seed)
    hardware = HardwareOptions(io_type=io_type)
    if target or seed % 4 == 3:
        hardware = replace(hardware, target_interval=random_interval(quantized, seed))
    else:
        usual = in_memories(quantized) if seed % 8 == 4 else None
        hardware = replace(hardware, reuse_factor=(usual, fastest(quantized), ONE_PE)[seed % 4])
    asked = f", {hardware.asked}" if hardware.has_target else ""
    return f"network {seed} ({scheme or 'random formats'}, {io_type}{asked})", Design(quantized, hardware)


def random_quantized(seed: int) -> QuantizedGraph:
    """A random network, in random formats or in those of a scheme."""
    scheme, options = SCHEMES[seed % len(SCHEMES)]
    graph, plan = random_network(seed)
    if scheme:
        samples = {i.name: np.random.default_rng(seed).normal(size=(8, *i.shape)) for i in graph.inputs}
        plan = run_scheme(scheme, graph, samples, progress=False, **options)
    return quantize_graph(graph, plan)


def random_interval(graph: QuantizedGraph, seed: int) -> int:
    """Cycles that every block can keep, from the fewest there are to what the slowest takes with one PE."""
    tasks = Design(graph, HardwareOptions(reuse_factor={})).parallelism.tasks
    least, most = max(task.fastest for task in tasks), max(max(task.intervals) for task in tasks)
    return int(least * (most / least) ** np.random.default_rng(seed).random())


def fastest(graph: QuantizedGraph) -> dict[str, int]:
    """Reuse factors at which every block is as parallel as it can be."""
    found = {block.name: products_of(block, graph) for block in graph.blocks}
    return {name: valid_reuse_factors(products)[0] for name, products in found.items() if products is not None}


def in_memories(graph: QuantizedGraph) -> dict[str, int]:
    """Reuse factors at which memories hold the windows of all blocks that can have theirs in one."""
    found = {}
    for block in graph.blocks:
        if (products := products_of(block, graph)) is not None:
            held = [f for f in valid_reuse_factors(products) if split(block.name, products, f).window_words > 1]
            found |= {block.name: held[len(held) // 2]} if held else {}
    return found


def faults(design: Design) -> list[str]:
    """What is wrong with the C++ of a design, and where its counts differ from those of the design."""
    return differences(design, check_project(render_project(design), design.options.top))


def mismatches(design: Design) -> Iterator[str]:
    """Tensors whose integers in C simulation are not the emulation's, and loops that run more or less often."""
    emulator = Emulator(design.graph)
    inputs = random_inputs(design.graph, SAMPLES)
    expected = emulator.run(inputs, trace=True).blocks
    with TemporaryDirectory() as folder:
        write_project(design, Path(folder) / "net")
        simulation = Simulation.load(design, compile_library(Path(folder) / "net"))
        integers = emulator.quantize_inputs(inputs)
        _, traced = simulation.run(integers, trace=True)
        counts = simulation.iterations(integers)
    for name, values in expected.items():
        if not np.array_equal(traced[name], values):
            yield f"{name}: {int((traced[name] != values).sum())} integers differ"
    for block in design.functions:
        counted, told = counts[block.block.name], SAMPLES * block.iterations
        if counted != told:
            yield f"{block.ident}: {counted} iterations for {SAMPLES} samples, not {told}"


def deadlocks(design: Design, seed: int) -> Iterator[str]:
    """Stall rules and pipelines' depths with which samples do not come through."""
    if design.options.io_type != "io_stream":
        return
    rng = np.random.default_rng(seed)
    for style in STYLES:
        depths = {
            process.name: int(rng.integers(1, 1 + (PIPELINE_DEPTH if process.name in design.by_name else COPY_DEPTH)))
            for process in design.processes
        }
        flow = run(design.processes, design.channel_depths, style=style, pipeline=depths, samples=2)
        if flow.waiting:
            yield f"{style}: stands still with pipelines of {depths}: {flow.waiting[0]}"


def delays(design: Design, seed: int) -> Iterator[str]:
    """Where samples of a balanced design follow each other later than its slowest block and pipeline allow."""
    if design.options.io_type == "io_stream" and design.options.has_target:
        rng = np.random.default_rng(seed)
        stages = {name: int(rng.integers(1, 1 + PIPELINE)) for name in design.by_name}
        most = min([COPY_DEPTH, *stages.values()])  # copies are no deeper than blocks
        between = [p for p in design.processes if p.inputs and p.outputs]
        stages = {p.name: int(rng.integers(1, 1 + most)) if p.copies else stages[p.name] for p in between}
        slowest = max(p.schedule.iterations + stages.get(p.name, 1) for p in design.processes)
        took = run(design.processes, design.channel_depths, pipeline=stages, samples=6).interval
        if took > slowest:
            yield f"{took} cycles a sample, not {slowest}, with pipelines of {stages}"


@click.command()
@click.option("--count", default=200, help="Networks.")
@click.option("--first", default=0, help="Seed of the first one.")
@click.option("--exact/--no-exact", default=True, help="Compile and simulate each, which takes some seconds.")
@click.option("--targets", is_flag=True, help="Balance each for a random pace, in both io_types.")
def main(count: int, first: int, exact: bool, targets: bool) -> None:
    """Check random networks: directives, counts, deadlocks under both stall rules, delays, integers, iterations."""
    found = 0
    for seed in track(range(first, first + count), "random networks", "network"):
        for io_type in get_args(IOType) if targets else (None,):
            what, design = random_design(seed, io_type, targets)
            waiting = *deadlocks(design, seed), *delays(design, seed)
            for fault in (*faults(design), *waiting, *(mismatches(design) if exact else ())):
                click.echo(f"{what}: {fault}")
                found += 1
    click.echo(f"{count} networks, {found} faults")
    raise SystemExit(found > 0)


if __name__ == "__main__":
    main()
