"""Convolutions whose groups are single channels, from Keras to C simulation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hlsq
from hlsq.formats import FixedPoint
from hlsq.plan import BlockPlan, Plan

INPUT, WEIGHT = FixedPoint(6, 2), FixedPoint(6, 3)
CASES: dict[str, tuple[str, tuple[int, ...], dict[str, Any]]] = {
    "one filter a group": ("Conv2D", (6, 5, 3), {"filters": 3, "groups": 3, "padding": "same"}),
    "two filters a group": ("Conv2D", (6, 5, 3), {"filters": 6, "groups": 3, "strides": 2}),
    "three filters, no bias": ("Conv2D", (6, 5, 2), {"filters": 6, "groups": 2, "use_bias": False}),
    "one dimension": ("Conv1D", (9, 4), {"filters": 8, "groups": 4, "dilation_rate": 2}),
}


@pytest.mark.csim
@pytest.mark.parametrize("io_type", ["io_stream", "io_parallel"])
@pytest.mark.parametrize("package", ["keras", "tf_keras"])
@pytest.mark.parametrize("name", CASES)
@pytest.mark.slow(1)
def test_grouped_convolution(name: str, package: str, io_type: str, tmp_path: Path) -> None:
    keras: Any = pytest.importorskip(package)
    kind, shape, options = CASES[name]
    rng = np.random.default_rng(3)
    layer = getattr(keras.layers, kind)(kernel_size=3, activation="relu", name="conv", **options)
    model = keras.Sequential([keras.Input(shape, name="x"), layer])
    for variable in model.weights:
        variable.assign(WEIGHT.fake_quantize(rng.normal(size=tuple(variable.shape))).astype(np.float32))
    # Input, weights and output have so few bits that float32 computes without rounding.
    plan = Plan("exact", "fold", {"x": INPUT}, {"conv": BlockPlan(weight=WEIGHT, output=FixedPoint(16, 5, False))})
    hw = hlsq.convert(model, plan, output_dir=tmp_path / "net", io_type=io_type)
    assert [block.op.kind for block in hw.graph.blocks] == ["depthwise_conv2d"]
    x = INPUT.fake_quantize(rng.normal(0, 3, (7, *shape))).astype(np.float32)
    expected = np.asarray(model(x))
    assert np.abs(expected).max() > 1
    hw.verify(x)
    assert np.array_equal(hw.emulate(x), expected)
    assert np.array_equal(hw.predict(x), expected)
