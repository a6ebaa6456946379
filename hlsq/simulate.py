"""Samples through a C simulation: a few at a time, on all cores."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsq.emulate.exact import storage
from hlsq.emulate.threads import spread
from hlsq.graph import QuantizedGraph

Values = NDArray[Any]
Run = Callable[[dict[str, Values]], tuple[dict[str, Values], dict[str, Values]]]
BATCH = 16
"""Samples that a thread hands over at a time: what passes to the simulation and back has eight bytes a value."""


def simulate(
    graph: QuantizedGraph, run: Run, real: Mapping[str, Values], trace: bool, threads: int | None
) -> dict[str, Values]:
    """Integers [samples, ...] of the outputs, or with ``trace`` of every input and block, by name.

    Args:
        graph: the network.
        run: from input integers by name to those of the outputs, and with ``trace`` of all tensors; by several threads
            at once.
        real: inputs [samples, ...] by name.
        trace: what to return.
        threads: at most so many; None for one per core.
    """
    samples = len(next(iter(real.values())))
    names = tuple(graph.shapes) if trace else graph.outputs
    results = {n: np.empty((samples, *graph.shapes[n]), dtype=storage(graph.intervals[n])) for n in names}

    def work(start: int) -> None:
        part = slice(start, start + BATCH)
        outputs, tensors = run({i.name: i.format.quantize(real[i.name][part]) for i in graph.inputs})
        found = tensors if trace else outputs
        for name in names:
            results[name][part] = found[name]

    starts = range(0, samples, BATCH)
    with spread(len(starts), threads) as each:
        for _ in each(work, starts):
            pass
    return results
