"""Eight bits."""

from collections.abc import Mapping

import numpy as np
import pytest
from numpy.typing import NDArray

from hlsq.formats import Affine
from hlsq.graph import Graph
from hlsq.schemes import run_scheme

Samples = Mapping[str, NDArray[np.float64]]


@pytest.mark.parametrize("batch_norm", ["fold", "refine"])
def test_weights_are_symmetric_around_zero(zoo: Graph, samples: Samples, batch_norm: str) -> None:
    """DoubleQ eq. 1-2 with a symmetric range: the largest weight is the integer 127."""
    plan = run_scheme("quant8", zoo, samples, batch_norm=batch_norm)
    source = zoo.fold_batch_norm() if batch_norm == "fold" else zoo
    for name in ("conv", "deep", "hidden", "fc"):
        kernel = source.by_name[name].kernel
        fmt = plan.blocks[name].weight
        assert kernel is not None
        assert fmt == Affine(8, float(np.abs(kernel).max()) / 127, 0, symmetric=True)
        assert np.abs(fmt.quantize(kernel)).max() == 127


def test_per_channel_scales(zoo: Graph, samples: Samples) -> None:
    plan = run_scheme("quant8", zoo, samples, per_channel=True)
    kernel = zoo.fold_batch_norm().by_name["conv"].kernel
    fmt = plan.blocks["conv"].weight
    assert kernel is not None
    assert fmt is not None
    assert fmt.channels == 4
    assert (np.abs(fmt.quantize(kernel)).reshape(-1, 4).max(axis=0) == 127).all()


def test_a_batch_norm_on_its_own_is_exact(zoo: Graph, samples: Samples) -> None:
    fmt = run_scheme("quant8", zoo, samples).blocks["gain"].weight
    kernel = zoo.by_name["gain"].kernel
    assert fmt is not None
    assert kernel is not None
    assert np.allclose(fmt.fake_quantize(kernel), kernel, rtol=1e-12)


def test_activations(zoo: Graph, samples: Samples) -> None:
    """Eq. 2-3 on the range of the samples; zero is an integer."""
    plan = run_scheme("quant8", zoo, samples)
    image = samples["image"].astype(np.float32)
    lo, hi = float(image.min()), float(image.max())
    scale = (hi - lo) / 255
    assert plan.inputs["image"] == Affine(8, scale, round(-128 - lo / scale))
    relu = plan.blocks["conv"].output
    assert isinstance(relu, Affine)
    assert (relu.signed, relu.zero_point) == (False, 0)


def test_percentile_narrows_the_range(zoo: Graph, samples: Samples) -> None:
    full = run_scheme("quant8", zoo, samples)
    less = run_scheme("quant8", zoo, samples, calibration_method="percentile", calibration_options={"p": 95.0})
    assert less.inputs["image"].step < full.inputs["image"].step * 0.8
