"""Error feedback: what it minimises, on what it is based, and that the integers are what the plan says."""

import json
import re
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import hlsq
from hlsq.emulate.emulator import Emulator
from hlsq.emulate.real import run_float
from hlsq.errors import OptionError, QuantizationError
from hlsq.formats import Affine, FixedPoint, PowerOfTwo
from hlsq.graph import Activation, Block, ChannelScale, Graph, GraphInput
from hlsq.graph.lowering import quantize_graph
from hlsq.graph.ops import Add, AveragePool2D, Conv2D, Dense, DepthwiseConv2D
from hlsq.graph.quantized import DyadicRequant
from hlsq.plan import Plan
from hlsq.schemes import run_scheme, threads

RELU = Activation(relu=True)
PADS = (1, 1, 1, 1)
Floats = NDArray[np.float64]


def small_graph(seed: int = 0) -> Graph:
    """A residual block, a depthwise convolution of two channels each, global average pooling, dense."""
    rng = np.random.default_rng(seed)

    def kernel(*shape: int) -> Floats:
        return rng.normal(size=shape) / np.sqrt(np.prod(shape[:-1]))

    norm = ChannelScale(rng.uniform(0.5, 2, 8), rng.normal(size=8))
    return Graph(
        "residual",
        (GraphInput("image", (8, 8, 3)),),
        (
            Block("first", Conv2D(padding=PADS), ("image",), kernel(3, 3, 3, 8), scale=norm, activation=RELU),
            Block("second", Conv2D(padding=PADS), ("first",), kernel(3, 3, 8, 8), rng.normal(size=8)),
            Block("sum", Add(), ("second", "first"), activation=RELU),
            Block("deep", DepthwiseConv2D((2, 2), PADS), ("sum",), kernel(3, 3, 16), activation=RELU),
            Block("pool", AveragePool2D((4, 4), (4, 4), squeeze=True), ("deep",)),
            Block("fc", Dense(), ("pool",), kernel(16, 5), rng.normal(size=5)),
        ),
        ("fc",),
    )


def images(count: int = 200, seed: int = 1) -> NDArray[np.float32]:
    """Smooth images, whose neighbouring pixels are alike as in photographs."""
    noise = np.random.default_rng(seed).normal(size=(count, 10, 10, 3))
    smooth = sum(noise[:, i : i + 8, j : j + 8] for i in range(3) for j in range(3)) / 3
    return np.asarray(smooth, dtype=np.float32)


GRAPH = small_graph()
TRAIN = images()
TEST = images(100, seed=2)


def output_error(plan: Plan) -> float:
    """Root mean square error on unseen samples, in parts of the output's own deviation."""
    quantized = quantize_graph(GRAPH, plan)
    raw = Emulator(quantized).run(TEST).outputs["fc"]
    real = run_float(GRAPH, {"image": TEST})["fc"]
    error = quantized.by_name["fc"].format.dequantize(raw) - real
    return float(np.sqrt(np.square(error).mean()) / real.std())


def without_values(plan: Plan) -> Plan:
    """The same formats, every weight rounded on its own."""
    for name in plan.blocks:
        plan = plan.with_block(name, values=None, bias_values=None)
    return plan


@pytest.mark.parametrize("scale", ["free", "power_of_two"])
@pytest.mark.parametrize("bits", [3, 4, 5])
def test_feedback_beats_plain_rounding(bits: int, scale: str) -> None:
    plan = run_scheme("doubleq_ef", GRAPH, TRAIN, code_bits=bits, scale=scale)
    error = output_error(plan)
    assert error < 0.6 * output_error(without_values(plan))
    assert error < 0.6 * output_error(run_scheme("doubleq", GRAPH, TRAIN, last_layer="doubleq"))
    for block in quantize_graph(GRAPH, plan).blocks:
        if block.weights is not None:
            assert isinstance(block.weights.format, PowerOfTwo)
            assert block.weights.format.bits == bits


def test_more_bits_are_better() -> None:
    errors = [output_error(run_scheme("doubleq_ef", GRAPH, TRAIN, code_bits=bits, scale="free")) for bits in (3, 4, 8)]
    assert errors[0] > errors[1] > errors[2]


def test_statistics_of_other_inputs_are_worse() -> None:
    """The feedback must depend on the samples; noise that has nothing to do with the images misleads it."""
    noise = np.random.default_rng(3).uniform(-1, 1, size=TRAIN.shape).astype(np.float32) ** 5
    right = run_scheme("doubleq_ef", GRAPH, TRAIN, code_bits=3)
    wrong = run_scheme("doubleq_ef", GRAPH, noise, code_bits=3)
    for name, block in right.blocks.items():
        wrong = wrong.with_block(name, output=block.output)
    assert output_error(wrong) > 1.3 * output_error(right)


def test_bias_correction_removes_the_mean_error() -> None:
    def bias(plan: Plan) -> float:
        quantized = quantize_graph(GRAPH, plan)
        real = run_float(GRAPH, {"image": TRAIN})["fc"]
        error = quantized.by_name["fc"].format.dequantize(Emulator(quantized).run(TRAIN).outputs["fc"]) - real
        return float(np.abs(error.mean(axis=0)).max())

    corrected = run_scheme("doubleq_ef", GRAPH, TRAIN, code_bits=3)
    plain = run_scheme("doubleq_ef", GRAPH, TRAIN, code_bits=3, bias_correction=False)
    assert all(block.bias_values is None for block in plain.blocks.values())
    assert bias(corrected) < 1e-3 < bias(plain)


@pytest.mark.parametrize(
    "options",
    [
        {"order": "natural"},
        {"reference": "layer"},
        {"bias_correction": False},
        {"sweeps": 0},
        {"damping": 1.0},
        {"batch_norm": "refine", "scale": "free"},
        {"calibration_method": "minmax"},
        {"activation_width": 10},
        {"samples": 50},
    ],
)
def test_every_option_changes_the_weights_and_keeps_the_feedback(options: dict[str, Any]) -> None:
    usual = run_scheme("doubleq_ef", GRAPH, TRAIN, code_bits=3)
    other = run_scheme("doubleq_ef", GRAPH, TRAIN, code_bits=3, **options)
    assert other.blocks != usual.blocks
    assert output_error(other) < 0.75 * output_error(without_values(other))


def test_the_same_plan_every_time_and_from_its_file(tmp_path: Path) -> None:
    plan = run_scheme("doubleq_ef", GRAPH, TRAIN, code_bits=4)
    assert run_scheme("doubleq_ef", GRAPH, TRAIN, code_bits=4) == plan
    plan.save(tmp_path / "plan.json")
    assert Plan.load(tmp_path / "plan.json").blocks == plan.blocks
    assert json.loads((tmp_path / "plan.json").read_text())["info"]["signal_to_noise_db"]["fc"] > 10


def test_only_the_first_samples_are_used() -> None:
    few = run_scheme("doubleq_ef", GRAPH, TRAIN, samples=50)
    assert few.blocks == run_scheme("doubleq_ef", GRAPH, TRAIN[:50]).blocks
    assert few.info["calibration"]["samples"] == 50


def test_width_of_every_block() -> None:
    plan = run_scheme("doubleq_ef", GRAPH, TRAIN, code_bits={"first": 5, "fc": 8, "default": 3}, scale="free")
    bits = {name: block.weight.bits for name, block in plan.blocks.items() if block.weight is not None}
    assert bits == {"first": 5, "second": 3, "deep": 3, "fc": 8}
    assert isinstance(plan.blocks["fc"].weight, Affine)
    plan = run_scheme("doubleq_ef", GRAPH, TRAIN, code_bits={"fc": 8})
    assert isinstance(plan.blocks["fc"].weight, FixedPoint)
    assert plan.blocks["first"].weight is not None
    assert plan.blocks["first"].weight.bits == 4


def test_a_last_layer_has_one_scale() -> None:
    plan = run_scheme("doubleq_ef", GRAPH, TRAIN)
    assert plan.blocks["fc"].weight is not None
    assert plan.blocks["fc"].weight.channels is None
    assert plan.blocks["first"].weight is not None
    assert plan.blocks["first"].weight.channels == 8


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"code_bits": 6}, "code_bits is 6; allowed: 3, 4, 5, 8, or a dict"),
        ({"code_bits": {"fc": 2}}, r"code_bits\['fc'\] is 2; allowed: 3, 4, 5, 8"),
        ({"code_bits": {"pool": 4}}, r"block in code_bits: 'pool' is unknown; valid: deep, default, fc, first, second"),
        ({"scale": "binary"}, "scale is 'binary'; allowed: 'free', 'power_of_two'"),
        ({"scale": "power_of_two", "batch_norm": "refine"}, "batch_norm is 'refine', which multiplies"),
        ({"damping": 0}, "damping is 0; allowed: a positive number"),
        ({"order": "random"}, "order is 'random'; allowed: 'natural', 'activation'"),
        ({"reference": "me"}, "reference is 'me'; allowed: 'network', 'layer'"),
        ({"samples": 0}, "samples is 0; allowed: a whole number from 1"),
        ({"sweeps": -1}, "sweeps is -1; allowed: a whole number from 0"),
        ({"bias_correction": 1}, "bias_correction is 1; allowed: True, False"),
        ({"activation_width": 1}, "activation_width is 1; allowed: a whole number from 2 to 16"),
    ],
)
def test_wrong_options(options: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        run_scheme("doubleq_ef", GRAPH, TRAIN, **options)


def test_samples_that_do_not_determine_the_weights() -> None:
    with pytest.raises(QuantizationError, match=r"layer '\w+': its 2 calibration samples .* larger damping"):
        run_scheme("doubleq_ef", GRAPH, TRAIN, samples=2, damping=1e-300)
    run_scheme("doubleq_ef", GRAPH, TRAIN, samples=2)


def test_inputs_that_are_always_zero() -> None:
    plan = run_scheme("doubleq_ef", GRAPH, np.zeros_like(TRAIN), code_bits=3)
    assert np.isfinite(Emulator(quantize_graph(GRAPH, plan)).run(TEST).outputs["fc"]).all()


@pytest.mark.slow(2)
def test_memory_of_a_wide_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few arrays of taps times taps for every thread, however many samples and windows there are."""
    rng = np.random.default_rng(0)
    taps = 9 * 64
    graph = Graph(
        "wide",
        (GraphInput("x", (6, 6, 64)),),
        (Block("conv", Conv2D(padding=PADS), ("x",), rng.normal(size=(3, 3, 64, 32)), activation=RELU),),
        ("conv",),
    )
    x = np.maximum(rng.normal(size=(500, 6, 6, 64)), 0).astype(np.float32)

    def peak(samples: int) -> int:
        tracemalloc.start()
        run_scheme("doubleq_ef", graph, x, code_bits=3, sweeps=1, samples=samples)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    assert peak(300) < 10 * taps**2 * 8 * threads.AHEAD
    # How many results wait for each other at the peak is chance with several threads; with one it is not.
    monkeypatch.setattr(threads, "AHEAD", 1)
    monkeypatch.setattr(threads, "CORES", 1)
    all_windows = 200 * 6 * 6 * taps * 4
    assert peak(500) - peak(300) < 2 * x[300:].nbytes < all_windows


@pytest.mark.slow(2)
@pytest.mark.csim
@pytest.mark.parametrize(("bits", "scale"), [(3, "free"), (4, "power_of_two"), (5, "power_of_two")])
def test_c_simulation_is_exact(bits: int, scale: str, tmp_path: Path) -> None:
    hardware = hlsq.convert(
        GRAPH, scheme="doubleq_ef", calibration=TRAIN, code_bits=bits, scale=scale, output_dir=tmp_path / "net"
    )
    assert hardware.verify(TEST[:10])
    for name in ("first", "second", "deep", "fc"):
        weights = hardware.graph.by_name[name].weights
        assert weights is not None
        assert weights.format.bits == bits


def multiplications(folder: Path) -> list[str]:
    """Lines of the blocks' C++ that multiply data, or take a PE that does."""
    found = []
    for path in sorted((folder / "firmware" / "blocks").glob("*.h")):
        for line in path.read_text().splitlines():
            code = line.split("//")[0]
            if "multiply" in code or re.search(r"\w\)? \* \(?\w", re.sub(r"\[[^]]*\]", "", code)):
                found.append(f"{path.name}: {code.strip()}")
    return found


def test_the_default_leaves_no_multiplication(tmp_path: Path) -> None:
    folder = tmp_path / "shifts"
    hardware = hlsq.convert(GRAPH, calibration=TRAIN, output_dir=folder)
    for block in hardware.graph.blocks:
        assert block.requant is None or (isinstance(block.requant, DyadicRequant) and block.requant.is_shift)
        assert all(factor & (factor - 1) == 0 for factor in block.input_multipliers)
        assert block.scale is None
    assert list((folder / "firmware" / "blocks").glob("*.h"))
    assert multiplications(folder) == []
    other = tmp_path / "multiplies"
    hlsq.convert(GRAPH, scheme="doubleq_ef", calibration=TRAIN, scale="free", output_dir=other)
    assert multiplications(other), "with free scales the requantisation multiplies"
