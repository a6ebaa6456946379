"""Networks of keras.applications on the folded accelerator: converted, compiled, and simulated exactly."""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

import hlsq

NETWORKS = ("MobileNet", "MobileNetV2", "DenseNet121", "ResNet50")
HEADER = ("network", "weights", "blocks", "PEs", "cycles", "plan", "convert", "compile", "simulate", "integers", "GiB")
SIDE = 96
PART = "xcvu9p"
"""Whose block RAMs hold the feature maps of all of them."""
CALIBRATION = 4


def network(name: str) -> Any:
    """A network for images of 96 x 96, with random weights, its logits as output."""
    import keras

    return getattr(keras.applications, name)(
        input_shape=(SIDE, SIDE, 3), weights=None, classes=1000, classifier_activation=None
    )


def rows(names: tuple[str, ...], scheme: str, pes: int) -> Iterator[tuple[str, ...]]:
    """A row of the table for each network; seconds of every step, and the most memory that Python has had so far.

    Raises:
        VerificationError: an integer of some block differs.
    """
    x = np.random.default_rng(0).uniform(-1, 1, size=(CALIBRATION, SIDE, SIDE, 3)).astype(np.float32)
    for name in names:
        graph, _ = hlsq.api.read_network(network(name), {})
        with tempfile.TemporaryDirectory() as folder:
            start = time.perf_counter()
            plan = hlsq.quantize(graph, scheme=scheme, calibration=x, progress=False)
            planned = time.perf_counter()
            hw = hlsq.convert(
                graph, plan, output_dir=Path(folder) / "net", architecture="folded", pes=pes, part=PART, progress=False
            )
            converted = time.perf_counter()
            hw.compile()
            compiled = time.perf_counter()
            found = hw.verify(x[:1])
            verified = time.perf_counter()
        weights = sum(b.weights.values.size for b in hw.graph.blocks if b.weights is not None)
        times = np.diff([start, planned, converted, compiled, verified])
        yield (
            name,
            f"{weights:,}",
            str(len(hw.graph.blocks)),
            str(hw.program.pes),
            f"{hw.program.cycles:,}",
            *(f"{seconds:.1f} s" for seconds in times),
            f"{found.integers:,}",
            f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.1f}",
        )
