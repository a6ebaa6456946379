"""Inputs of a layer that are the same on all calibration samples say nothing about its weights, and disturb nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import hlsq
from hlsq.emulate.emulator import Emulator
from hlsq.emulate.real import run_float
from hlsq.graph import Activation, Block, Graph, GraphInput
from hlsq.graph.lowering import quantize_graph
from hlsq.graph.ops import AveragePool2D, Concatenate, Conv2D, Dense
from hlsq.schemes import run_scheme

RELU = Activation(relu=True)
PADS = (1, 1, 1, 1)
RNG = np.random.default_rng(0)
IMAGES = RNG.normal(size=(60, 6, 6, 3)).astype(np.float32)
FEATURES = RNG.normal(size=(60, 5)).astype(np.float32)
Floats = NDArray[np.float64]
Samples = dict[str, NDArray[np.float32]]


def kernel(*shape: int) -> Floats:
    return np.random.default_rng(sum(shape)).normal(size=shape) / np.sqrt(np.prod(shape[:-1]))


def pruned(channels: tuple[int, ...], bias: float) -> Graph:
    """A convolution of which some channels have no weights but ``bias``, before one of 1x1, another of 3x3, dense."""
    first, offset = kernel(3, 3, 3, 8), np.linspace(-1, 1, 8)
    first[..., channels] = 0
    offset[list(channels)] = bias
    return Graph(
        "pruned",
        (GraphInput("image", (6, 6, 3)),),
        (
            Block("first", Conv2D(padding=PADS), ("image",), first, offset, activation=RELU),
            Block("single", Conv2D(), ("first",), kernel(1, 1, 8, 8), np.ones(8), activation=RELU),
            Block("wide", Conv2D(padding=PADS), ("first",), kernel(3, 3, 8, 8), activation=RELU),
            Block("both", Concatenate(), ("single", "wide")),
            Block("pool", AveragePool2D((6, 6), (6, 6), squeeze=True), ("both",)),
            Block("fc", Dense(), ("pool",), kernel(16, 4), np.ones(4)),
        ),
        ("fc",),
    )


def two_inputs() -> Graph:
    """Dense layers of two inputs side by side."""
    return Graph(
        "two",
        (GraphInput("left", (5,)), GraphInput("right", (3,))),
        (
            Block("both", Concatenate(), ("left", "right")),
            Block("hidden", Dense(), ("both",), kernel(8, 12), np.linspace(-1, 1, 12), activation=RELU),
            Block("fc", Dense(), ("hidden",), kernel(12, 4)),
        ),
        ("fc",),
    )


def fixed(values: float | Floats, count: int = 60) -> Samples:
    """The second input is always the same."""
    return {"left": FEATURES[:count], "right": np.tile(np.broadcast_to(values, 3), (count, 1)).astype(np.float32)}


NETWORKS: dict[str, tuple[Graph, Samples]] = {
    "a pruned channel": (pruned((2,), 0.7), {"image": IMAGES}),
    "several pruned channels": (pruned((0, 3, 5), 1.3), {"image": IMAGES}),
    "all channels pruned": (pruned(tuple(range(8)), 0.4), {"image": IMAGES}),
    "dead channels": (pruned((1, 6), -0.5), {"image": IMAGES}),
    "a second input of ones": (two_inputs(), fixed(1.0)),
    "a second input of zeros": (two_inputs(), fixed(0.0)),
    "a second input of other constants": (two_inputs(), fixed(np.array([-0.3, 0.2, 1.7]))),
    "one sample": (pruned((), 0.0), {"image": IMAGES[:1]}),
    "one sample of features": (two_inputs(), fixed(1.0, 1)),
    "the same sample again": (two_inputs(), {n: np.repeat(x[:1], 20, axis=0) for n, x in fixed(1.0).items()}),
}
OPTIONS: list[dict[str, Any]] = [
    {"code_bits": 3},
    {"code_bits": 4, "scale": "power_of_two"},
    {"code_bits": 4, "bias_correction": False},
    {"code_bits": 8, "reference": "layer", "damping": 1e-4},
    {"code_bits": 5, "activation_width": 16, "damping": 1e-6},
]


def error(graph: Graph, samples: Samples, options: dict[str, Any]) -> tuple[float, float]:
    """Largest error of the output on the calibration samples, and the largest output."""
    quantized = quantize_graph(graph, run_scheme("doubleq_ef", graph, samples, **options))
    real = run_float(graph, samples)["fc"]
    made = quantized.by_name["fc"].format.dequantize(Emulator(quantized).run(samples).outputs["fc"])
    return float(np.abs(made - real).max()), float(np.abs(real).max())


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("name", NETWORKS)
def test_results_are_right(name: str, options: dict[str, Any]) -> None:
    worst, largest = error(*NETWORKS[name], options)
    assert worst < (0.5 if options["code_bits"] == 3 else 0.3) * largest


@pytest.mark.parametrize("name", [n for n in NETWORKS if n.startswith(("one sample of", "the same", "all"))])
def test_what_never_changes_comes_out_exactly(name: str) -> None:
    """The corrected biases alone make the output, whatever the weights have lost."""
    worst, largest = error(*NETWORKS[name], {"code_bits": 3})
    assert worst < 0.01 * largest


@pytest.mark.parametrize("value", [0.0, 1.0, -5.0])
def test_weights_of_constant_inputs_are_rounded_on_their_own(value: float) -> None:
    graph = two_inputs()
    plan = run_scheme("doubleq_ef", graph, fixed(value), code_bits=8, damping=1e-6)
    weights = quantize_graph(graph, plan).by_name["hidden"].weights
    assert weights is not None
    hidden = graph.by_name["hidden"].kernel
    alone = weights.format.quantize(hidden)  # type: ignore[arg-type]
    assert np.array_equal(weights.values[5:], alone[5:])
    assert not np.array_equal(weights.values[:5], alone[:5])
    assert np.abs(weights.values[:5] - alone[:5]).max() < 8


@pytest.mark.csim
@pytest.mark.parametrize("name", ["several pruned channels", "a second input of ones", "one sample"])
@pytest.mark.parametrize("options", OPTIONS[:2])
@pytest.mark.slow(2)
def test_c_simulation_is_exact(name: str, options: dict[str, Any], tmp_path: Path) -> None:
    graph, samples = NETWORKS[name]
    hardware = hlsq.convert(
        graph, scheme="doubleq_ef", calibration=samples, output_dir=tmp_path / "net", io_type="io_stream", **options
    )
    other = {n: np.random.default_rng(9).normal(size=(10, *x.shape[1:])) for n, x in samples.items()}
    assert hardware.verify(other)
