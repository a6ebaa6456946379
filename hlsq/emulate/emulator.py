"""The bit-exact emulation of a ``QuantizedGraph``: batched, multi-threaded, constant memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hlsq.emulate.exact import carrier, storage
from hlsq.emulate.inputs import as_inputs
from hlsq.emulate.step import Step, make_step
from hlsq.emulate.threads import spread
from hlsq.errors import OptionError
from hlsq.formats import Format
from hlsq.graph import QuantizedGraph
from hlsq.progress import progress_bar

Values = NDArray[Any]
CHUNK = 32
GROUP = 64
"""Chunks that wait for a thread at a time."""


@dataclass(frozen=True, eq=False)
class Result:
    """Integers of a run.

    Attributes:
        outputs: integers of every network output, name to [samples, ...].
        blocks: integers of every input and block where a trace was asked for, else empty.
    """

    outputs: dict[str, Values]
    blocks: dict[str, Values]


@dataclass(frozen=True, eq=False)
class Emulator:
    """Runs a quantised network on integers.

    Args:
        graph: the network.
        batch_size: most samples that one thread takes through the network at a time; bounds the memory. More than
            ``CHUNK`` are never taken, because their feature maps would not stay in the cache.
        threads: worker threads; None for one per core.
    """

    graph: QuantizedGraph
    batch_size: int = 32
    threads: int | None = None

    def __post_init__(self) -> None:
        for name, value in (("batch_size", self.batch_size), ("threads", 1 if self.threads is None else self.threads)):
            if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
                raise OptionError(f"{name} is {value!r}; allowed: a whole number from 1")

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """One prepared step for each block."""
        return tuple(make_step(self.graph, block) for block in self.graph.blocks)

    def quantize_inputs(self, inputs: ArrayLike | Mapping[str, ArrayLike]) -> dict[str, Values]:
        """Integers that the host hands to the hardware for real ``inputs``; nothing beside them takes memory."""
        real = as_inputs(self.graph.inputs, inputs)
        return {
            i.name: quantized(i.format, real[i.name], storage(self.graph.intervals[i.name])) for i in self.graph.inputs
        }

    def run(
        self, inputs: ArrayLike | Mapping[str, ArrayLike], *, trace: bool = False, progress: bool | None = None
    ) -> Result:
        """Emulate real ``inputs``: an array [samples, ...], or one per input by name.

        Args:
            inputs: real values; they are quantised by the network's input formats.
            trace: also return the integers of every input and block.
            progress: show a progress bar; None shows one on a terminal when the run takes longer than a second.

        Raises:
            InputError: wrong shape, names or number of samples, or values that are not finite.
        """
        real = as_inputs(self.graph.inputs, inputs)
        samples = len(next(iter(real.values())))
        names = (*self.graph.shapes,) if trace else tuple(dict.fromkeys(self.graph.outputs))
        intervals, shapes = self.graph.intervals, self.graph.shapes
        results = {n: np.empty((samples, *shapes[n]), dtype=storage(intervals[n])) for n in names}
        chunk = min(self.batch_size, CHUNK)
        starts = range(0, samples, chunk)

        def work(start: int) -> int:
            part = slice(start, min(start + chunk, samples))
            batch = {i.name: i.format.quantize(real[i.name][part]) for i in self.graph.inputs}
            self._run_batch(batch, part, results)
            return part.stop - part.start

        _ = self.steps
        bar = progress_bar(samples, "emulate", "sample", progress)
        # Each thread takes whole batches through the network.
        with bar, spread(len(starts), self.threads) as each:
            # Not all at once, or the waiting batches of a large data set would fill the memory.
            for first in range(0, len(starts), GROUP):
                for done in each(work, starts[first : first + GROUP]):
                    bar.update(done)
        return Result({o: results[o] for o in self.graph.outputs}, results if trace else {})

    def _run_batch(self, batch: dict[str, NDArray[np.int64]], part: slice, results: dict[str, Values]) -> None:
        values: dict[str, Values] = {}
        for item in self.graph.inputs:
            integers = batch[item.name]
            if item.name in results:
                results[item.name][part] = integers
            values[item.name] = integers.astype(carrier(self.graph.intervals[item.name]))
        for step in self.steps:
            out = step.run([values[name] for name in step.block.inputs])
            if step.block.name in results:
                results[step.block.name][part] = out
            values[step.block.name] = out
            for name in step.last_use_of:
                values.pop(name, None)


def quantized(fmt: Format, real: Values, dtype: np.dtype[Any]) -> Values:
    """The integers of ``real`` [samples, ...] in ``dtype``, by chunks, because quantising takes copies in float64."""
    integers = np.empty(real.shape, dtype=dtype)
    for start in range(0, len(real), CHUNK):
        integers[start : start + CHUNK] = fmt.quantize(real[start : start + CHUNK])
    return integers
