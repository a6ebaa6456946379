"""What a folded project has in common with any other: pytest's fixture, hls4ml's model graph, the stored project."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from small import small_network

import hlsq
from hlsq.errors import InputError, OptionError

SAMPLES = np.random.default_rng(5).normal(size=(20, 6, 6, 2)).astype(np.float32)
Factory = Callable[..., hlsq.HardwareModel]


@pytest.mark.csim
def test_fixture_model_graph_and_loaded_project_compute_the_same(hls_project: Factory) -> None:
    hw = hls_project(*small_network(), calibration=SAMPLES, architecture="folded", pes=24)
    assert hw.verify().mismatches == 0  # the stored vectors
    expected = hw.emulate(SAMPLES)
    model = hw.model_graph
    assert [layer.name for layer in model.get_layers()] == ["image", *hw.graph.by_name]
    model.compile()
    real = model.predict(np.ascontiguousarray(SAMPLES, dtype=np.float64))
    assert np.array_equal(real.astype(np.float32).reshape(expected.shape), expected)
    loaded = hlsq.load_project(hw.output_dir)
    assert np.array_equal(loaded.predict(SAMPLES), expected)
    assert str(loaded.program) == str(hw.program)
    assert repr(loaded) == repr(hw)
    assert "folded" in repr(hw)
    with pytest.raises(InputError):
        hw.predict(SAMPLES[:, :5])
    with pytest.raises(OptionError, match="not for a folded accelerator"):
        hw.simulate_streams()
