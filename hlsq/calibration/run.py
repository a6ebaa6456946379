"""Running a network on calibration samples, batch by batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hlsq.calibration.stats import StatsBuilder, TensorStats
from hlsq.emulate.inputs import as_inputs
from hlsq.emulate.real import iterate_blocks
from hlsq.emulate.threads import one_blas_thread
from hlsq.errors import CalibrationError, OptionError
from hlsq.graph import Graph
from hlsq.progress import progress_bar

CalibrationData = ArrayLike | Mapping[str, ArrayLike] | Sequence[ArrayLike]


@dataclass(frozen=True, eq=False)
class Calibration:
    """What a network's tensors look like on samples.

    Attributes:
        samples: number of samples.
        tensors: statistics of every input and block by name.
    """

    samples: int
    tensors: Mapping[str, TensorStats]


def calibrate(graph: Graph, data: CalibrationData, batch_size: int = 64, progress: bool | None = None) -> Calibration:
    """Run ``graph`` in floating point on ``data`` and collect the statistics of every tensor.

    Memory does not grow with the number of samples (beyond ``data`` itself), and neither the samples' order nor
    ``batch_size`` changes the result.

    Args:
        graph: the network.
        data: samples [samples, ...]; for several inputs a dict by name, or a list in the network's order.
        batch_size: samples per forward pass.
        progress: True or False shows or hides the progress bar; None shows it on a terminal, once the run has taken two
            seconds.

    Raises:
        CalibrationError: no samples, an input missing or unknown, a wrong shape, values that are not finite; names the
            input and what it expects.
        OptionError: ``batch_size`` is not positive.
    """
    if isinstance(batch_size, bool) or not isinstance(batch_size, (int, np.integer)) or batch_size < 1:
        raise OptionError(f"batch_size is {batch_size!r}; allowed: a whole number from 1")
    inputs = as_inputs(graph.inputs, data, CalibrationError)
    samples = len(next(iter(inputs.values())))
    builders = {name: StatsBuilder() for name in graph.shapes}
    bar = progress_bar(samples, "calibrate", "sample", progress)
    # Matrix products of a batch are too small for several threads, which mostly wait for each other.
    with bar, one_blas_thread():
        for start in range(0, samples, batch_size):
            batch = {name: real_samples(name, x, start, batch_size) for name, x in inputs.items()}
            for name, values in iterate_blocks(graph, batch):
                add_values(builders[name], name, values, start)
            bar.update(min(batch_size, samples - start))
    return Calibration(samples, {name: builder.finish() for name, builder in builders.items()})


def add_values(builder: StatsBuilder, name: str, values: NDArray[Any], start: int) -> None:
    """Take in the values that block ``name`` has for the samples from ``start`` on.

    Raises:
        CalibrationError: one is not finite; names block and samples.
    """
    try:
        builder.add(values)
    except CalibrationError as error:
        raise CalibrationError(
            f"block {name!r}, calibration samples {start} to {start + len(values) - 1}: {error}; the network overflows "
            "float32 there, so check its weights and the scale of the samples"
        ) from None


def real_samples(name: str, x: NDArray[Any], start: int, size: int) -> NDArray[np.float32]:
    """So many samples ``x`` of input ``name`` from ``start`` on.

    Raises:
        CalibrationError: a value is beyond float32; names input and samples.
    """
    with np.errstate(over="ignore"):
        batch = x[start : start + size].astype(np.float32)
    if not np.isfinite(batch).all():
        bad = int((~np.isfinite(batch)).sum())
        raise CalibrationError(
            f"calibration data of input {name!r}: {bad} values of samples {start} to {start + len(batch) - 1} are "
            "beyond float32; allowed are magnitudes up to 3.4e38"
        )
    return batch
