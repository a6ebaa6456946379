"""What the float network does on the samples by which formats are judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsq.calibration.run import Calibration
from hlsq.emulate.real import iterate_blocks
from hlsq.progress import progress_bar
from hlsq.schemes.fxp.structures import Structures

Floats = NDArray[np.float64]
BATCH = 64


@dataclass(frozen=True, eq=False)
class Extent:
    """Statistics of one data-structure's real values.

    Attributes:
        low, high: extremes.
        spread: standard deviation; of an activation the mean of those of its samples (eq. 16).
    """

    low: float
    high: float
    spread: float

    @property
    def range(self) -> float:
        """Eq. 18; for values that are all the same their magnitude, or 1 for zeros."""
        return self.high - self.low or abs(self.high) or 1.0


@dataclass(frozen=True, eq=False)
class References:
    """Real values of all tensors that have a format, and of the network's outputs.

    Attributes:
        structures: of the network.
        reals: float32 [samples, ...] by name of input or block.
        extents: by key of data-structure, and ``"<name>.activation"`` for the outputs; activations' extremes are those
            of all calibration samples.
    """

    structures: Structures
    reals: Mapping[str, NDArray[np.float32]]
    extents: Mapping[str, Extent]

    @property
    def samples(self) -> int:
        """Number of samples."""
        return len(next(iter(self.reals.values())))


def references(
    structures: Structures, inputs: Mapping[str, NDArray[Any]], calibration: Calibration, progress: bool | None
) -> References:
    """Run the float network on ``inputs`` (name to [samples, ...]) and keep what costs are computed from.

    Memory: four bytes for every value of every feature map of every sample.
    """
    graph = structures.graph
    samples = len(next(iter(inputs.values())))
    names = {s.name for s in structures.all if s.kind == "activation"} | set(graph.outputs)
    reals = {name: np.empty((samples, *graph.shapes[name]), dtype=np.float32) for name in names}
    spreads = dict.fromkeys(names, 0.0)
    with progress_bar(samples, "float network", "sample", progress) as bar:
        for start in range(0, samples, BATCH):
            part = slice(start, min(start + BATCH, samples))
            batch = {name: x[part].astype(np.float32) for name, x in inputs.items()}
            for name, values in iterate_blocks(graph, batch):
                if name in names:
                    reals[name][part] = values
                    spreads[name] += float(values.reshape(len(values), -1).std(axis=1, dtype=np.float64).sum())
            bar.update(part.stop - part.start)
    extents = {}
    for name in names:
        stats = calibration.tensors[name]
        extents[f"{name}.activation"] = Extent(stats.minimum, stats.maximum, spreads[name] / samples)
    for structure in structures.all:
        if structure.kind != "activation":
            exact = structures.values(structure)
            extents[structure.key] = Extent(float(exact.min()), float(exact.max()), float(exact.std()))
    return References(structures, reals, extents)
