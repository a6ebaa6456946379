"""hls4ml's own layers through the backend, and the plugin's registration."""

import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import hls4ml
import keras
import numpy as np
import pytest
import tf_keras

from hlsq.backends.vitis.legacy import tf_keras_as_keras


def plain_model(package: Any) -> Any:
    layers = package.layers
    return package.Sequential(
        [
            layers.Input((6, 6, 1)),
            layers.Conv2D(3, 3, activation="relu", name="conv"),
            layers.MaxPooling2D(2, name="pool"),
            layers.Flatten(name="flatten"),
            layers.Dense(4, name="dense"),
        ]
    )


@pytest.mark.csim
@pytest.mark.filterwarnings("ignore")
@pytest.mark.slow(12)
@pytest.mark.parametrize(
    ("package", "parsing"), [(keras, nullcontext), (tf_keras, tf_keras_as_keras)], ids=["keras", "tf_keras"]
)
def test_a_plain_model_converts_and_simulates(package: Any, parsing: Any, tmp_path: Path) -> None:
    model = plain_model(package)
    rng = np.random.default_rng(0)
    model.set_weights([np.round(rng.normal(size=w.shape) * 16) / 32 for w in model.get_weights()])
    x = np.round(rng.normal(size=(20, 6, 6, 1)) * 16) / 16
    results = []
    for backend in ("Vitis", "HLSQ"):
        with parsing():
            config = hls4ml.utils.config_from_keras_model(
                model, granularity="name", backend=backend, default_precision="ap_fixed<20,8>"
            )
            converted = hls4ml.converters.convert_from_keras_model(
                model, hls_config=config, backend=backend, output_dir=str(tmp_path / backend), io_type="io_stream"
            )
        converted.compile()
        results.append(converted.predict(np.ascontiguousarray(x)))
    assert np.array_equal(results[0], results[1])
    assert np.abs(results[1] - np.asarray(model(x))).max() < 0.1
    assert np.ptp(results[1]) > 0.5


def test_the_backend_is_a_vitis_backend() -> None:
    from hls4ml.backends import VitisBackend, get_available_backends, get_backend

    assert "hlsq" in get_available_backends()
    backend = get_backend("HLSQ")
    assert isinstance(backend, VitisBackend)
    assert backend.name == "HLSQ"


def test_keras_is_itself_again_afterwards() -> None:
    with tf_keras_as_keras():
        assert sys.modules["keras"] is tf_keras
    assert sys.modules["keras"] is keras
