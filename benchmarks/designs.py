"""What the hardware of known networks asks for in every cycle, and how many cycles an image takes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from networks import convolution_chain, keras_resnet20

import hlsq
from hlsq.backends.vitis.design import Design
from hlsq.backends.vitis.facts import design_facts
from hlsq.backends.vitis.options import HardwareOptions
from hlsq.backends.vitis.render import render_project
from hlsq.graph import QuantizedGraph
from hlsq.graph.lowering import quantize_graph
from hlsq.report.make import make_report


def mlp() -> Any:
    """784 pixels, two layers of 600 units, ten classes."""
    import keras

    sizes = (600, 600, 10)
    hidden = [keras.layers.Dense(n, activation="relu" if n > 10 else None) for n in sizes]
    return keras.Sequential([keras.Input((784,)), *hidden])


def mobilenet() -> Any:
    """MobileNet of a quarter of the width, for images of 96 x 96."""
    import keras

    return keras.applications.MobileNet((96, 96, 3), alpha=0.25, weights=None, classes=10, classifier_activation=None)


def _digits() -> Any:
    from hlsq.zoo.digits import digits_cnn

    return digits_cnn()


def _mnist() -> Any:
    from hlsq.zoo.mnist import mnist_cnn

    return mnist_cnn()


MODELS: dict[str, Callable[[], Any]] = {
    "digits CNN": _digits,
    "MNIST CNN": _mnist,
    "ResNet-20": keras_resnet20,
    "MLP of 600 units": mlp,
    "MobileNet 0.25, 96 x 96": mobilenet,
}
CHAIN = "chain of 200 convolutions"


def quantized_networks(
    scheme: str, more: Mapping[str, Callable[[], Any]] | None = None
) -> Iterator[tuple[str, QuantizedGraph]]:
    """Each network, and ``more``, as integers; weights are random where none come with it, as no count of PEs minds."""
    from hlsq.converters.keras import from_keras

    for name, build in {**MODELS, **(more or {})}.items():
        graph = from_keras(build())
        samples = {i.name: np.random.default_rng(0).uniform(size=(8, *i.shape)) for i in graph.inputs}
        yield f"{name}, {scheme}", quantize_graph(graph, hlsq.quantize(graph, scheme=scheme, calibration=samples))
    yield CHAIN, quantize_graph(*convolution_chain(200))


@dataclass(frozen=True)
class Figures:
    """The hardware of one network at the defaults.

    Attributes:
        iterations: of the slowest block for one image; the cycles between two images at an initiation interval of 1.
        pes: number by kind.
        requantisers: number.
        multipliers: beside those of PEs.
        dsp_candidates: multiplications, those of PEs included.
        window_register_bits: of all windows.
        widest_stream_bits: of one word.
    """

    iterations: int
    pes: dict[str, int]
    requantisers: int
    multipliers: int
    dsp_candidates: int
    window_register_bits: int
    widest_stream_bits: int

    @property
    def cells(self) -> tuple[str, ...]:
        """As a row of a table."""
        pes = ", ".join(f"{count:,} {kind}" for kind, count in self.pes.items())
        numbers = (self.requantisers, self.multipliers, self.dsp_candidates)
        rest = (self.window_register_bits, self.widest_stream_bits)
        return (f"{self.iterations:,}", pes, *(f"{n:,}" for n in (*numbers, *rest)))


HEADER = ("iterations", "PEs", "requantisers", "multipliers", "DSP candidates", "window registers", "widest stream")


def figures(graph: QuantizedGraph) -> Figures:
    """Counts of ``graph`` as streamed hardware."""
    design = Design(graph, HardwareOptions(reuse_factor={}))
    report = make_report(graph, design_facts(design))
    return Figures(
        iterations=max(block.iterations for block in design.blocks),
        pes=report.pes,
        requantisers=report.requantisers.total,
        multipliers=report.multipliers,
        dsp_candidates=report.dsp_candidates,
        window_register_bits=report.window_register_bits,
        widest_stream_bits=report.widest_stream_bits,
    )


def differences_of(graph: QuantizedGraph) -> list[str]:
    """What the C++ of ``graph`` has and the report does not count, and directives that are wrong."""
    sys.path.append(str(Path(__file__).resolve().parents[1] / "tests" / "support"))
    from counted import differences
    from synthesis import check_project

    design = Design(graph, HardwareOptions(reuse_factor={}))
    return differences(design, check_project(render_project(design), design.options.top))
