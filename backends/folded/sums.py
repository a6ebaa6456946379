"""How large the sums of products of an accumulator get, and the taps that go into them."""

from __future__ import annotations

import numpy as np

from hlsq.backends.folded.parameters import border_factors, fill_value, start_value
from hlsq.backends.folded.tasks import Task, Work, make_tasks
from hlsq.graph import Interval, QuantizedGraph


def taps_of(work: Work, task: Task) -> Interval:
    """Integers that a tap of ``task`` can be, what fills up borders and lanes included."""
    fill = fill_value(work, task)
    return work.interval(task.source).union(Interval(fill, fill)).with_zero()


def sums_of(work: Work, task: Task) -> Interval:
    """Integers that accumulators of ``task`` and all their partial sums can take.

    Taps are added as they are: what their zero point adds to a sum is taken away with the bias.
    """
    tap = taps_of(work, task)
    start = start_value(work, task)
    if task.mode in ("sum", "max"):
        count = task.window.taps if task.mode == "sum" else 1
        low, high = tap.lo * count + min(start, 0), tap.hi * count + max(start, 0)
    else:
        values = task.weights
        assert values is not None  # noqa: S101 - these modes have some
        w = values.reshape(-1, values.shape[-1]).astype(object)
        ends = np.stack([w * tap.lo, w * tap.hi])
        low = int(np.minimum(ends.min(axis=0), 0).sum(axis=0).min())
        high = int(np.maximum(ends.max(axis=0), 0).sum(axis=0).max())
    factors = border_factors(task)
    most = 1 if factors is None else max(factors[0]) * max(factors[1])
    return Interval(low * most, high * most)


def block_sums(graph: QuantizedGraph) -> dict[str, Interval]:
    """Integers that accumulators of blocks with weights can take, by block."""
    work = make_tasks(graph)
    weighted = [task for task in work.tasks if task.block is not None and task.block.weights is not None]
    return {task.block.name: sums_of(work, task) for task in weighted if task.block is not None}
