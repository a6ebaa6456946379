"""QKeras models as hardware: the C simulation computes what the model computes.

Power-of-two weights, biases and activations, batch norm behind a quantised convolution, global average pooling and
activations on their own are what other flows lose accuracy on.
"""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import qkeras
from keras import layers

import hlsq
import hlsq.quantizers as hq
from hlsq.zoo.reference import keras_outputs

NETWORKS: dict[str, tuple[Any, Any, Any, bool]] = {
    "powers of two everywhere": ("quantized_po2(4,1)", "quantized_po2(6,1)", "quantized_relu_po2(4,4)", False),
    "binary": ("binary()", "quantized_bits(6,1,0,alpha=1)", "binary()", False),
    "ternary with batch norm": ("ternary()", "quantized_bits(6,1,0,alpha=1)", "ternary()", True),
    "hlsq with batch norm": (
        hq.power_of_two(5, 7, scale=2**-7),
        hq.fixed_point(8, 6),
        hq.power_of_two(4, 6, scale=2**-4, signed=False),
        True,
    ),
}


@pytest.mark.csim
@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.slow(2)
def test_c_simulation_equals_the_model(name: str, tmp_path: Path) -> None:
    keras.utils.set_random_seed(1)
    kernel, bias, activation, batch_norm = NETWORKS[name]
    weights = {"kernel_quantizer": kernel, "bias_quantizer": bias, "bias_initializer": "he_normal"}
    x = inputs = keras.Input((8, 8, 2), name="image")
    x = qkeras.QActivation("fixed_point(8,4)", name="a0")(x)
    x = qkeras.QConv2D(4, 3, padding="same", name="c1", **weights)(x)
    x = layers.BatchNormalization(name="bn")(x) if batch_norm else x
    x = qkeras.QActivation(activation, name="a1")(x)
    x = qkeras.QConv2D(3, 3, padding="same", name="c2", **weights)(x)
    x = qkeras.QActivation("quantized_relu(6,3)", name="a2")(x)
    x = layers.GlobalAveragePooling2D(name="mean")(x)
    model = keras.Model(inputs, qkeras.QDense(3, name="logits", **weights)(x))
    if batch_norm:
        rng = np.random.default_rng(0)
        norm = model.get_layer("bn")
        norm.set_weights([rng.uniform(0.5, 2, 4), rng.normal(size=4), rng.normal(size=4), rng.uniform(0.5, 2, 4)])
    samples = np.random.default_rng(1).normal(size=(5, 8, 8, 2)).astype(np.float32)
    hardware = hlsq.convert(model, output_dir=tmp_path / "net")
    hardware.compile()
    hardware.verify(samples)
    simulated = np.asarray(hardware.predict(samples)).reshape(len(samples), 3)
    np.testing.assert_array_equal(simulated, np.asarray(hardware.emulate(samples)).reshape(simulated.shape))
    own = keras_outputs(model, samples)
    if batch_norm:  # its factors are no dyadic numbers, so a unit in the last place of one activation may differ
        np.testing.assert_allclose(simulated, own, atol=0.02 * np.abs(own).max())
    else:
        np.testing.assert_allclose(simulated, own, rtol=1e-6, atol=1e-6)
