"""Makes the files beside it: models as QKeras 0.9 on tf_keras saved them, with samples and what they computed of them.

Run in an environment of its own, since QKeras 0.9 and QKeras for Keras 3 have the same package name::

    pip install "QKeras==0.9" tf_keras tensorflow "setuptools<81"
    python make.py
"""

import os

os.environ["TF_USE_LEGACY_KERAS"] = "1"

from pathlib import Path

import numpy as np
import qkeras
import tf_keras
from tf_keras import layers

HERE = Path(__file__).parent


def residual() -> tf_keras.Model:
    """Most layers of QKeras, quantizers as objects and as texts."""
    x = image = tf_keras.Input((8, 8, 2), name="image")
    x = qkeras.QActivation("quantized_bits(8,2,1,alpha=1)", name="a0")(x)
    bits = {"kernel_quantizer": qkeras.quantized_bits(4, 0, 1, alpha=1), "bias_quantizer": "quantized_bits(6,1,1)"}
    x = qkeras.QConv2D(4, 3, padding="same", name="scope/conv", **bits)(x)
    x = qkeras.QBatchNormalization(name="norm")(x)
    x = short = qkeras.QActivation("quantized_relu(6,2)", name="a1")(x)
    x = qkeras.QDepthwiseConv2D(
        3,
        depthwise_quantizer="quantized_po2(4)",
        bias_quantizer="quantized_po2(4)",
        padding="same",
        activation="quantized_relu(4,2)",
        name="depthwise",
    )(x)
    x = layers.Add(name="sum")([x, short])
    x = qkeras.QActivation(qkeras.quantized_bits(8, 3, alpha=1), name="a2")(x)
    x = qkeras.QConv2DBatchnorm(
        3,
        3,
        kernel_quantizer="quantized_bits(6,1,1,alpha=1)",
        bias_quantizer="quantized_bits(10,3)",
        activation="quantized_relu(4,2)",
        name="folded",
    )(x)
    x = layers.MaxPooling2D(2, name="pool")(x)
    x = qkeras.QGlobalAveragePooling2D(
        average_quantizer="quantized_bits(8,0,1)", activation="quantized_bits(8,2,alpha=1)", name="mean"
    )(x)
    x = qkeras.QDense(3, kernel_quantizer="ternary()", bias_quantizer="quantized_bits(6,1,1)", name="logits")(x)
    return tf_keras.Model(image, layers.Activation("softmax", name="softmax")(x), name="residual")


def nested() -> tf_keras.Model:
    """A Sequential model inside a functional one, a layer that is called twice, and the ``+`` of two tensors."""
    inner = tf_keras.Sequential(
        [
            tf_keras.Input((4,)),
            qkeras.QDense(4, kernel_quantizer="quantized_po2(4)", bias_quantizer="quantized_po2(4)", name="inside"),
            qkeras.QActivation("quantized_relu(5,2)", name="inside_relu"),
        ],
        name="inner",
    )
    a, b = tf_keras.Input((4,), name="a"), tf_keras.Input((4,), name="b")
    shared = qkeras.QDense(4, kernel_quantizer="binary()", bias_quantizer="quantized_bits(6,1,alpha=1)", name="shared")
    quantise = [qkeras.QActivation("quantized_bits(6,2,alpha=1)", name=f"q{i}") for i in range(4)]
    left, right = (quantise[2 + i](shared(quantise[i](x))) for i, x in enumerate((a, b)))
    x = qkeras.QActivation("quantized_bits(8,4,alpha=1)", name="q5")(inner(left) + right)
    x = qkeras.QDense(2, kernel_quantizer="ternary()", bias_quantizer="quantized_bits(6,1,alpha=1)", name="out")(x)
    return tf_keras.Model([a, b], x, name="nested")


def line() -> tf_keras.Model:
    """A Sequential model that was built by its first call, without an Input."""
    quantizers = {"kernel_quantizer": "quantized_bits(5,0,1,alpha='auto_po2')", "bias_quantizer": "quantized_po2(5)"}
    model = tf_keras.Sequential(
        [
            qkeras.QActivation("quantized_bits(8,2,alpha=1)", name="a0", input_shape=(12, 3)),
            qkeras.QConv1D(4, 3, padding="same", name="conv", **quantizers),
            layers.LeakyReLU(0.25, name="leaky"),
            qkeras.QActivation("quantized_bits(6,2,alpha=1)", name="a1"),
            qkeras.QConv1D(3, 3, strides=2, padding="same", name="strided", **quantizers),
            layers.BatchNormalization(name="norm", center=False),
            qkeras.QAdaptiveActivation("quantized_relu", 6, ema_decay=0.5, name="a2"),
            layers.Flatten(name="flatten"),
            qkeras.QDense(3, name="dense", **quantizers),
        ],
        name="line",
    )
    model.build((None, 12, 3))
    return model


def randomise(model: tf_keras.Model, rng: np.random.Generator) -> None:
    """Weights and statistics as after a training."""
    values = []
    for variable, old in zip(model.weights, model.get_weights(), strict=True):
        new = rng.uniform(0.3, 2, old.shape) if "variance" in variable.name else rng.normal(0, 0.5, old.shape)
        values.append(new.astype(old.dtype) if old.shape else old)
    model.set_weights(values)


def main() -> None:
    """Write all files."""
    rng = np.random.default_rng(0)
    for make, suffixes in (
        (residual, (".h5", ".keras", ".json")),
        (nested, (".h5", ".keras")),
        (line, (".h5", ".keras")),
    ):
        tf_keras.utils.set_random_seed(1)
        model = make()
        randomise(model, rng)
        inputs = {i.name: rng.normal(0, 1.5, (16, *i.shape[1:])).astype(np.float32) for i in model.inputs}
        for _ in range(4):  # in which adaptive activations find their range, and batch norms their statistics
            model(list(inputs.values()), training=True)
        for suffix in suffixes:
            if suffix == ".json":
                (HERE / f"{model.name}.json").write_text(model.to_json())
                model.save_weights(HERE / f"{model.name}_named.h5")
                model.save_weights(HERE / f"{model.name}.weights.h5")
            else:
                model.save(HERE / f"{model.name}{suffix}")
        outputs = np.asarray(model(list(inputs.values()), training=False))
        np.savez_compressed(HERE / f"{model.name}_computed.npz", outputs=outputs, **inputs)


if __name__ == "__main__":
    main()
