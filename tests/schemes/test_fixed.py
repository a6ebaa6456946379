"""Fixed point of any width."""

from collections.abc import Mapping

import numpy as np
import pytest
from numpy.typing import NDArray

from hlsq.emulate.emulator import Emulator
from hlsq.errors import PlanError
from hlsq.formats import FixedPoint, Rounding
from hlsq.graph import Graph
from hlsq.graph.lowering import quantize_graph
from hlsq.graph.quantized import DyadicRequant
from hlsq.schemes import run_scheme
from hlsq.schemes.weights import fixed_point

Samples = Mapping[str, NDArray[np.float64]]


@pytest.mark.parametrize("batch_norm", ["fold", "refine"])
@pytest.mark.parametrize("activation_width", [1, 2, 3, 7, 8, 16])
@pytest.mark.parametrize("weight_width", [1, 2, 5, 8, 16])
def test_every_width_makes_a_network(
    zoo: Graph, samples: Samples, weight_width: int, activation_width: int, batch_norm: str
) -> None:
    plan = run_scheme(
        "fixed",
        zoo,
        samples,
        weight_width=weight_width,
        activation_width=activation_width,
        widths={"image": (None, max(activation_width, 2))},
        batch_norm=batch_norm,
    )
    for name, block in plan.blocks.items():
        assert block.weight is None or block.weight.bits == weight_width, name
        assert block.output is None or block.output.bits == activation_width, name
    quantized = quantize_graph(zoo, plan)
    result = Emulator(quantized).run({n: x[:4] for n, x in samples.items()}, trace=True)
    for name, values in result.blocks.items():
        interval = quantized.intervals[name]
        assert interval.lo <= values.min(), name
        assert values.max() <= interval.hi, name


def test_signs_cannot_be_padded(zoo: Graph, samples: Samples) -> None:
    plan = run_scheme("fixed", zoo, samples, activation_width=1)
    assert plan.inputs["image"] == FixedPoint(1, plan.inputs["image"].frac, rounding="half_up")  # type: ignore[attr-defined, arg-type]
    with pytest.raises(PlanError, match="'pad' pads with zeros"):
        quantize_graph(zoo, plan)


def test_requantisation_is_a_shift(zoo: Graph, samples: Samples) -> None:
    """Eq. 3 and 9: the product's scale is a power of two, and so is every format's."""
    quantized = quantize_graph(zoo, run_scheme("fixed", zoo, samples))
    requants = [b.requant for b in quantized.blocks if b.requant is not None and b.name != "mean"]
    assert len(requants) >= 5
    for requant in requants:
        assert isinstance(requant, DyadicRequant)
        assert requant.is_shift
        assert requant.rounding is Rounding.HALF_UP


def test_equation_1(zoo: Graph, samples: Samples) -> None:
    """The integer part is the shortest that holds the largest magnitude; n - l - 1 bits remain for the fraction."""
    plan = run_scheme(
        "fixed", zoo, samples, calibration_method="minmax", weight_range="minmax", unsigned=False, weight_width=6
    )
    kernel = zoo.fold_batch_norm().by_name["conv"].kernel
    assert kernel is not None
    integer_bits = int(np.floor(np.log2(np.abs(kernel).max()))) + 1
    assert plan.blocks["conv"].weight == FixedPoint(6, 6 - integer_bits - 1, rounding=Rounding.HALF_UP)
    assert all(b.output is None or b.output.signed for b in plan.blocks.values())  # type: ignore[attr-defined]


def test_widths_of_single_tensors(zoo: Graph, samples: Samples) -> None:
    widths = {"conv": (4, 6), "fc": (3, None), "image": (None, 5), "add": (None, 12)}
    plan = run_scheme("fixed", zoo, samples, widths=widths)
    bits = {n: (b.weight and b.weight.bits, b.output and b.output.bits) for n, b in plan.blocks.items()}
    assert bits["conv"] == (4, 6)
    assert bits["fc"] == (3, None)
    assert bits["add"] == (None, 12)
    assert bits["deep"] == (8, 8)
    assert plan.inputs["image"].bits == 5
    assert plan.inputs["extra"].bits == 8


def test_bias_width(zoo: Graph, samples: Samples) -> None:
    plan = run_scheme("fixed", zoo, samples, bias_width=10)
    fmt = plan.blocks["fc"].bias
    bias = zoo.by_name["fc"].bias
    assert isinstance(fmt, FixedPoint)
    assert bias is not None
    assert fmt.width == 10
    assert np.abs(fmt.fake_quantize(bias) - bias).max() <= float(fmt.step)
    assert plan.blocks["side"].bias is None, "no bias, no format"
    assert run_scheme("fixed", zoo, samples).blocks["fc"].bias is None
    quantize_graph(zoo, plan)


@pytest.mark.parametrize("width", range(2, 17))
def test_mse_never_loses_to_minmax(width: int) -> None:
    kernel = np.random.default_rng(0).standard_t(3, size=(3, 3, 8, 16))
    kernel[..., 3] *= 0.01
    errors = {}
    for per_channel in (False, True):
        for method in ("mse", "minmax"):
            fmt = fixed_point(kernel, width, method, per_channel, Rounding.HALF_UP)
            errors[per_channel, method] = float(np.square(fmt.fake_quantize(kernel) - kernel).sum())
    assert errors[False, "mse"] <= errors[False, "minmax"]
    assert errors[True, "mse"] <= errors[False, "mse"]


@pytest.mark.parametrize("mean", [0.001, 0.3, 0.7, 40.0])
def test_one_bit_weights_are_signs_of_the_mean_magnitude(mean: float) -> None:
    kernel = np.random.default_rng(0).normal(size=(4, 4))
    kernel *= mean / np.abs(kernel).mean()
    fmt = fixed_point(kernel, 1, "mse", False, Rounding.HALF_UP)
    assert fmt.is_sign
    assert 2**-0.5 <= float(fmt.step) / mean <= 2**0.5
    assert np.array_equal(np.sign(fmt.fake_quantize(kernel)), np.sign(kernel))


def test_channels_without_weights() -> None:
    kernel = np.zeros((3, 3))
    kernel[:, 1] = 0.25
    kernel[:, 2] = 1e-9
    fracs = fixed_point(kernel, 8, "minmax", True, Rounding.HALF_UP).frac
    assert fracs == (8, 8, 18)
    assert fixed_point(np.zeros((3, 3)), 8, "mse", True, Rounding.HALF_UP).channels == 3
