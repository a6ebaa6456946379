"""Comparing two sets of integers of the same network, tensor by tensor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsq.emulate.emulator import Emulator
from hlsq.errors import VerificationError
from hlsq.progress import progress_bar
from hlsq.simulate import Run

Values = NDArray[Any]
BATCH = 16


@dataclass(frozen=True)
class Expected:
    """Stored outputs [samples, ...] by name, and the files they stand in, one line per sample."""

    outputs: Mapping[str, Values]
    files: Mapping[str, Path]


@dataclass(frozen=True)
class Verification:
    """What ``HardwareModel.verify`` compared; there were no differences.

    Attributes:
        samples: number of samples, one at least.
        tensors: number of inputs and blocks compared.
        integers: number of their integers compared.
    """

    samples: int
    tensors: int
    integers: int
    mismatches: int = 0


def verify(
    emulator: Emulator,
    simulate: Run,
    real: Mapping[str, Values],
    stored: Expected | None = None,
    progress: bool | None = None,
    what: str = "C simulation",
) -> Verification:
    """Compare emulation, simulation and, where they are given, ``stored`` outputs on the samples ``real``.

    Args:
        emulator: of the network.
        simulate: from input integers by name to those of the outputs, and of all tensors.
        real: inputs [samples, ...] by name, one sample at least.
        stored: what the outputs should be.
        progress: a progress bar; None shows one on a terminal for long runs.
        what: simulates, for messages.

    Raises:
        VerificationError: the first block, in the order of the network, with a difference.
    """
    graph = emulator.graph
    samples = len(next(iter(real.values())))
    integers = 0
    bar = progress_bar(samples, "verify", "sample", progress)
    with bar:
        for start in range(0, samples, BATCH):
            part = {name: values[start : start + BATCH] for name, values in real.items()}
            expected = emulator.run(part, trace=True, progress=False).blocks
            for name, values in (stored.outputs if stored else {}).items():
                _compare(name, start, expected[name], values[start : start + BATCH], what, stored)
            outputs, actual = simulate({item.name: expected[item.name] for item in graph.inputs})
            for name in graph.shapes:
                _compare(name, start, expected[name], actual[name], what)
                integers += expected[name].size
            # What leaves the top function, too: it could differ from what its last blocks made.
            for name in graph.outputs:
                _compare(name, start, expected[name], outputs[name], what)
            bar.update(len(next(iter(part.values()))))
    return Verification(samples, len(graph.shapes), integers)


def _compare(
    name: str, start: int, expected: Values, actual: Values, what: str, stored: Expected | None = None
) -> None:
    different = np.argwhere(expected != actual)
    if len(different):
        index = tuple(int(i) for i in different[0])
        sample = start + index[0]
        source = what if stored is None else f"stored vectors ({stored.files[name]}, line {sample + 1})"
        raise VerificationError(
            name, (sample, *index[1:]), int(expected[index]), int(actual[index]), len(different), source
        )
