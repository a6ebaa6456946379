"""Exact emulation of plans that differ from a base plan in some blocks: only what the difference reaches is computed.

Integers of a block depend on its own formats and on its inputs alone, so every block that no changed one feeds keeps
the integers it has under the base plan. Lowering a whole candidate takes far less than running a few samples through
it (ResNet-20: about 16 ms), so it is not done in parts.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from hlsq.emulate.emulator import CHUNK
from hlsq.emulate.exact import carrier
from hlsq.emulate.step import Step, make_step
from hlsq.graph import Graph, Interval, QuantizedGraph
from hlsq.graph.lowering import quantize_graph
from hlsq.plan import BlockPlan, Plan
from hlsq.search.cache import blocks_to_run, compact, reachable, worth_keeping

Values = NDArray[Any]
Rows = NDArray[np.intp]
Allocate = Callable[[str, tuple[int, ...], np.dtype[Any]], Values]
"""Makes the array for a tensor from its name, its shape [samples, ...] and its type."""


@dataclass(frozen=True)
class Candidate:
    """One alternative to a base plan.

    Attributes:
        name: for messages and the state file; unique within a search.
        changes: formats of the blocks that differ, by name.
    """

    name: str
    changes: Mapping[str, BlockPlan]


@dataclass(frozen=True, eq=False)
class Base:
    """A plan and the integers it gives on all evaluation samples.

    Attributes:
        graph: float network; batch norms folded where the plan says so.
        plan: the base plan.
        tensors: integers [samples, ...] of all inputs, all outputs and some blocks.
    """

    graph: Graph
    plan: Plan
    tensors: Mapping[str, Values]

    @property
    def samples(self) -> int:
        """Number of evaluation samples."""
        return len(next(iter(self.tensors.values())))

    @cached_property
    def quantized(self) -> QuantizedGraph:
        """The base plan's integer network."""
        return quantize_graph(self.graph, self.plan)

    def with_changes(self, changes: Mapping[str, BlockPlan]) -> Plan:
        """The base plan with other formats for some blocks."""
        return replace(self.plan, blocks={**self.plan.blocks, **changes})

    def prepare(self, candidate: Candidate) -> Prepared:
        """Lower ``candidate`` and find out what has to be computed for it."""
        changed = [name for name, formats in candidate.changes.items() if formats != self.plan.blocks[name]]
        network = quantize_graph(self.graph, self.with_changes(candidate.changes))
        behind = reachable(self.graph, changed)
        held = set(self.tensors) - behind
        return Prepared(self, network, blocks_to_run(self.graph, self.graph.outputs, held))


@dataclass(frozen=True, eq=False)
class Prepared:
    """A plan that is ready to run on samples of a base.

    Attributes:
        base: the plan it differs from.
        quantized: its integer network.
        blocks: names of the blocks to compute; all others keep the base's integers.
    """

    base: Base
    quantized: QuantizedGraph
    blocks: tuple[str, ...]

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """One prepared step for each block to compute."""
        return tuple(make_step(self.quantized, self.quantized.by_name[name]) for name in self.blocks)

    def evaluations(self, samples: int) -> int:
        """Block evaluations (one block on one sample) of a run on ``samples``."""
        return len(self.blocks) * samples

    def run(self, rows: Rows, threads: int | None = None) -> dict[str, NDArray[np.float32]]:
        """Real outputs of the network, name to [rows, ...], exactly those of a full emulation.

        Args:
            rows: indices of evaluation samples.
            threads: None for one per core.
        """
        network, tensors = self.quantized, self.base.tensors
        names = dict.fromkeys(network.outputs)
        found = {n: np.empty((len(rows), *network.shapes[n]), compact(network.intervals[n])) for n in names}
        self.compute(rows, found, threads)
        for name in names:
            if name not in self.blocks:
                found[name] = tensors[name][rows]
        return {n: network.formats[n].dequantize(found[n].astype(np.int64)).astype(np.float32) for n in names}

    def compute(self, rows: Rows, into: Mapping[str, Values], threads: int | None = None) -> None:
        """Write the integers of computed blocks for ``rows`` into the arrays ``into``, by name."""
        _ = self.steps

        def work(start: int) -> None:
            part = slice(start, start + CHUNK)
            self._run_chunk(rows[part], part, into)

        starts = range(0, len(rows), CHUNK)
        count = min(threads or os.cpu_count() or 1, len(starts))
        with single_threaded_products():
            if count <= 1:
                for start in starts:
                    work(start)
                return
            with ThreadPoolExecutor(count) as pool:
                for _ in pool.map(work, starts):
                    pass

    def _run_chunk(self, rows: Rows, part: slice, into: Mapping[str, Values]) -> None:
        values: dict[str, Values] = {}
        intervals = self.quantized.intervals
        computed = set(self.blocks)
        for step in self.steps:
            for name in step.block.inputs:
                if name not in values:
                    assert name not in computed  # noqa: S101 - the order of blocks_to_run
                    values[name] = self.base.tensors[name][rows].astype(carrier(intervals[name]))
            out = step.run([values[name] for name in step.block.inputs])
            if step.block.name in into:
                into[step.block.name][part] = out
            values[step.block.name] = out
            for name in step.last_use_of:
                values.pop(name, None)


def first_base(
    graph: Graph,
    plan: Plan,
    inputs: Mapping[str, Values],
    alternatives: Sequence[Collection[str]] = (),
    *,
    cache_bytes: int = 2**31,
    allocate: Allocate = lambda _, shape, dtype: np.empty(shape, dtype),
    threads: int | None = None,
) -> tuple[Base, int]:
    """The base of ``plan``, computed in full.

    Args:
        graph: float network, batch norms refined or folded.
        plan: its formats.
        inputs: real evaluation samples, name to [samples, ...].
        alternatives: for every candidate to come the names of the blocks that it changes.
        cache_bytes: most memory for the tensors of blocks.
        allocate: makes the arrays, in memory unless told.
        threads: None for one per core.

    Returns:
        The base and the number of block evaluations it took.
    """
    if plan.batch_norm == "fold":
        graph = graph.fold_batch_norm()
    tensors = {}
    for item in graph.inputs:
        fmt, real = plan.inputs[item.name], inputs[item.name]
        tensors[item.name] = allocate(item.name, real.shape, compact(Interval(fmt.qmin, fmt.qmax)))
        for start in range(0, len(real), 256):
            tensors[item.name][start : start + 256] = fmt.quantize(real[start : start + 256])
    bare = Base(graph, plan, tensors)
    return _filled(bare, bare, alternatives, cache_bytes, allocate, threads)


def next_base(
    base: Base,
    changes: Mapping[str, BlockPlan],
    alternatives: Sequence[Collection[str]] = (),
    *,
    cache_bytes: int = 2**31,
    allocate: Allocate = lambda _, shape, dtype: np.empty(shape, dtype),
    threads: int | None = None,
) -> tuple[Base, int]:
    """The base of another plan, from ``base``; arguments and result as for ``first_base``."""
    changed = [name for name, formats in changes.items() if formats != base.plan.blocks[name]]
    behind = reachable(base.graph, changed)
    kept = {name: values for name, values in base.tensors.items() if name not in behind}
    bare = Base(base.graph, base.with_changes(changes), kept)
    return _filled(bare, base, alternatives, cache_bytes, allocate, threads)


def _filled(
    bare: Base,
    old: Base,
    alternatives: Sequence[Collection[str]],
    cache_bytes: int,
    allocate: Allocate,
    threads: int | None,
) -> tuple[Base, int]:
    network, samples = bare.quantized, old.samples
    always = {i.name for i in network.inputs} | set(network.outputs)
    wanted = worth_keeping(bare.graph, network, alternatives, samples, cache_bytes) | always
    tensors = {name: values for name, values in bare.tensors.items() if name in wanted}
    missing = {
        name: allocate(name, (samples, *network.shapes[name]), compact(network.intervals[name]))
        for name in network.shapes
        if name in wanted and name not in tensors
    }
    prepared = Prepared(bare, network, blocks_to_run(bare.graph, set(missing), set(bare.tensors)))
    prepared.compute(np.arange(samples), missing, threads)
    return replace(bare, tensors=tensors | missing), prepared.evaluations(samples)


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()


@contextmanager
def single_threaded_products() -> Iterator[None]:
    """Matrix products on one core each, because samples are already spread over threads."""
    with _controller().limit(limits=1, user_api="blas"):
        yield
