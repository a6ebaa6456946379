"""Base plans with their tensors: the first one computed in full, the next ones from those before them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np

from hlsq.formats import Format
from hlsq.graph import Graph, Interval
from hlsq.plan import BlockPlan, Plan
from hlsq.search.cache import blocks_to_run, compact, reachable, worth_keeping
from hlsq.search.incremental import Allocate, Base, Prepared, Values


def first_base(
    graph: Graph,
    plan: Plan,
    inputs: Mapping[str, Values],
    alternatives: Sequence[Collection[str]] = (),
    *,
    reals: Mapping[str, Values] | None = None,
    cache_bytes: int = 2**31,
    allocate: Allocate = lambda _, shape, dtype: np.empty(shape, dtype),
    threads: int | None = None,
) -> tuple[Base, int]:
    """The base of ``plan``, computed in full.

    Args:
        graph: float network, batch norms refined or folded.
        plan: its formats.
        inputs: real evaluation samples, name to [samples, ...].
        alternatives: for every candidate to come the names of the blocks and inputs that it changes.
        reals: float32 values of inputs and blocks, as ``Base`` describes them; copied into arrays of ``allocate``.
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
    kept = {}
    for name, values in (reals or {}).items():
        kept[name] = allocate(f"real {name}", values.shape, np.dtype(np.float32))
        kept[name][...] = values
    bare = Base(graph, plan, tensors, kept)
    return _filled(bare, bare, alternatives, cache_bytes, allocate, threads)


def next_base(
    base: Base,
    changes: Mapping[str, BlockPlan],
    alternatives: Sequence[Collection[str]] = (),
    *,
    inputs: Mapping[str, Format] | None = None,
    cache_bytes: int = 2**31,
    allocate: Allocate = lambda _, shape, dtype: np.empty(shape, dtype),
    threads: int | None = None,
) -> tuple[Base, int]:
    """The base of another plan, from ``base``; ``inputs`` as for ``Candidate``, the rest as for ``first_base``."""
    inputs = inputs or {}
    behind = reachable(base.graph, base.changed(changes, inputs))
    kept = {name: values for name, values in base.tensors.items() if name not in behind}
    for name in behind.intersection(inputs):
        fmt = inputs[name]
        kept[name] = allocate(name, base.reals[name].shape, compact(Interval(fmt.qmin, fmt.qmax)))
        for start in range(0, base.samples, 256):
            kept[name][start : start + 256] = fmt.quantize(base.reals[name][start : start + 256])
    bare = Base(base.graph, base.with_changes(changes, inputs), kept, base.reals)
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
