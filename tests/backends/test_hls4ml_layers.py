"""hls4ml's own layers through the backend, and the plugin's registration."""

from pathlib import Path

import hls4ml
import numpy as np
import pytest
import tf_keras
from qkeras import QActivation, QConv2D, QDense, quantized_bits, quantized_relu

from hlsq.backends.vitis.legacy import tf_keras_as_keras


def plain_model() -> tf_keras.Model:
    bits = quantized_bits(6, 1, alpha=1)
    layers = tf_keras.layers
    return tf_keras.Sequential(
        [
            layers.Input((6, 6, 1)),
            QConv2D(3, 3, kernel_quantizer=bits, bias_quantizer=bits, name="conv"),
            QActivation(quantized_relu(6, 2), name="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            QDense(4, kernel_quantizer=bits, bias_quantizer=bits, name="dense"),
        ]
    )


@pytest.mark.csim
@pytest.mark.filterwarnings("ignore")
def test_a_plain_qkeras_model_converts_and_simulates(tmp_path: Path) -> None:
    model = plain_model()
    rng = np.random.default_rng(0)
    model.set_weights([rng.normal(size=w.shape) / 2 for w in model.get_weights()])
    x = np.round(rng.normal(size=(20, 6, 6, 1)) * 16) / 16
    results = []
    for backend in ("Vitis", "HLSQ"):
        with tf_keras_as_keras():
            config = hls4ml.utils.config_from_keras_model(model, granularity="name", backend=backend)
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
    import sys

    import keras

    with tf_keras_as_keras():
        assert sys.modules["keras"] is tf_keras
    assert sys.modules["keras"] is keras
