"""The networks of the examples."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from hlsq.converters.keras import from_keras
from hlsq.data import digits, load_cifar10, load_mnist, load_resnet20_weights
from hlsq.emulate.emulator import Emulator
from hlsq.errors import DataError, OptionError
from hlsq.graph.lowering import quantize_graph
from hlsq.schemes import run_scheme
from hlsq.zoo import mnist
from hlsq.zoo.digits import digits_cnn
from hlsq.zoo.reference import keras_outputs
from hlsq.zoo.resnet20 import preprocess, resnet20

LIBRARIES = ["keras", "tf_keras"]


def accuracy(logits: np.ndarray, labels: np.ndarray) -> float:
    return 100 * float((logits.argmax(axis=1) == labels).mean())


@pytest.mark.parametrize("build", [resnet20, digits_cnn, mnist.mnist_cnn])
@pytest.mark.parametrize("library", LIBRARIES)
def test_built_with_either_keras(build: Callable[..., Any], library: Any) -> None:
    model = build(library=library)
    assert type(model).__module__.split(".")[0] == library
    assert model.output_shape == (None, 10)
    assert all(layer.name for layer in model.layers)


def test_another_library() -> None:
    with pytest.raises(OptionError, match="library: 'torch' is unknown; valid: keras, tf_keras"):
        mnist.mnist_cnn("torch")  # type: ignore[arg-type]


def test_resnet20_has_its_known_size() -> None:
    model = resnet20()
    convolutions = [layer for layer in model.layers if type(layer).__name__ == "Conv2D"]
    assert len(convolutions) == 21
    assert sum(int(np.prod(layer.kernel.shape)) for layer in convolutions) == 270_256, (
        "the paper counts 270.26 kB at one byte each"
    )
    assert model.output_shape == (None, 10)


def multiplications(model: Any) -> int:
    """Of one image."""
    kernels = [layer for layer in model.layers if type(layer).__name__ in ("Conv2D", "Dense")]
    return sum(int(np.prod(k.kernel.shape)) * int(np.prod(k.output.shape[1:-1])) for k in kernels)


def test_resnet20_has_the_shortcuts_of_he_et_al_on_demand() -> None:
    assert multiplications(resnet20()) == 40_813_184
    model = resnet20(shortcut_kernel=3)
    assert multiplications(model) == 42_910_336, "42.91 million"
    assert model.output_shape == (None, 10)
    with pytest.raises(OptionError, match="shortcut_kernel: 5 is unknown; valid: 1, 3"):
        resnet20(shortcut_kernel=5)


def test_resnet20_preprocessing() -> None:
    x = preprocess(np.array([[[[0, 0, 0], [255, 255, 255]]]], dtype=np.uint8))
    assert x.dtype == np.float32
    assert np.allclose(x[0, 0, 0], [-0.491 / 0.247, -0.482 / 0.243, -0.447 / 0.262])
    assert np.allclose(x[0, 0, 1], [0.509 / 0.247, 0.518 / 0.243, 0.553 / 0.262])


def test_resnet20_refuses_weights_of_another_network() -> None:
    with pytest.raises(DataError, match=r"no array 'conv1\.weight'"):
        resnet20({})
    with pytest.raises(DataError, match=r"'conv1': shape \[5, 5, 3, 16\] does not fit \[3, 3, 3, 16\]"):
        resnet20({"conv1.weight": np.zeros((16, 3, 5, 5))})


@pytest.mark.realdata
@pytest.mark.parametrize("library", LIBRARIES)
def test_resnet20_is_faithful(library: Any) -> None:
    """94.2 % on the first thousand test images, 92.96 % on all ten thousand."""
    _, (x, y) = load_cifar10()
    model = resnet20(load_resnet20_weights(), library=library)
    logits = keras_outputs(model, preprocess(x[:1000]))
    assert accuracy(logits, y[:1000]) == pytest.approx(94.2, abs=0.11)


@pytest.mark.realdata
def test_padding_is_what_makes_resnet20_faithful() -> None:
    """The accuracy above must be able to fail: Keras's "same" padding in the strided layers costs accuracy."""
    _, (x, y) = load_cifar10()
    weights = load_resnet20_weights()
    shifted = {**weights, "layer2.0.conv1.weight": np.roll(weights["layer2.0.conv1.weight"], 1, axis=(2, 3))}
    logits = keras_outputs(resnet20(shifted), preprocess(x[:500]))
    assert accuracy(logits, y[:500]) < 90


@pytest.mark.slow(10)
def test_digits_learns_in_thirty_epochs(train_once: Callable[..., Any]) -> None:
    _, (x_test, y_test) = digits()
    model = train_once(30)
    assert accuracy(keras_outputs(model, x_test), y_test) > 90


@pytest.mark.realdata
@pytest.mark.slow(15)
def test_mnist_in_eight_bits_is_as_good_as_in_floating_point() -> None:
    (x, y), (x_test, y_test) = load_mnist()
    x, x_test = mnist.preprocess(x), mnist.preprocess(x_test)
    model = mnist.mnist_cnn()
    mnist.train_mnist(model, x, y, epochs=1)
    real = accuracy(keras_outputs(model, x_test), y_test)
    assert real > 96.55, "the case study's own accuracy"
    graph = from_keras(model)
    for options in ({}, {"calibration_method": "mse"}, {"calibration_method": "entropy"}, {"per_channel": True}):
        plan = run_scheme("quant8", graph, x[:500], **options)
        logits = Emulator(quantize_graph(graph, plan)).run(x_test).outputs[graph.outputs[0]]
        assert accuracy(logits, y_test) == pytest.approx(real, abs=0.1 if not options else 0.3), options
