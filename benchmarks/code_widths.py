"""What each code width of the default scheme costs over the networks at hand: where its own width comes from.

HLSQ_DATA=... python benchmarks/code_widths.py

Accuracy and logits are those of the bit-exact emulation on test images. "Logits" is the ratio of the float network's
logits to their error in dB, "other class" the share of images that get another class than from the float network.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

import hlsq
from hlsq import data, demo
from hlsq.cli.console import ExplainedCommand, step, table
from hlsq.cli.quiet import load_tensorflow
from hlsq.counted import in_percent
from hlsq.emulate.emulator import Emulator
from hlsq.emulate.real import float_outputs
from hlsq.graph.lowering import quantize_graph
from hlsq.memory import measure

WIDTHS = (3, 4, 5, 8)
CALIBRATION = 1000


@dataclass(frozen=True, eq=False)
class Network:
    """A trained network, calibration samples, and test samples with labels."""

    name: str
    graph: hlsq.Graph
    calibration: NDArray[Any]
    x: NDArray[Any]
    y: NDArray[Any]


def networks() -> Iterator[Network]:
    """The demo's network, DNN2FPGA's MNIST network, and the pretrained ResNet-20."""
    from hlsq.converters.keras import from_keras
    from hlsq.zoo import mnist, resnet20

    (x, _), (x_test, y_test) = data.digits()
    yield Network("digits", from_keras(demo.train(30)), x[:CALIBRATION], x_test, y_test)
    (train, labels), (test, y_test) = data.load_mnist()
    x, model = mnist.preprocess(train), mnist.mnist_cnn()
    mnist.train_mnist(model, x, labels)
    yield Network("MNIST CNN", from_keras(model), x[:CALIBRATION], mnist.preprocess(test), y_test)
    (train, _), (test, y_test) = data.load_cifar10()
    graph = from_keras(resnet20.resnet20(data.load_resnet20_weights()))
    x, x_test = resnet20.preprocess(train[:CALIBRATION]), resnet20.preprocess(test)
    yield Network("ResNet-20", graph, x, x_test, y_test.ravel())


def rows(network: Network) -> Iterator[tuple[str, ...]]:
    """One row of the table for the float network, and one for each width."""
    real = float_outputs(network.graph, {network.graph.inputs[0].name: network.x})[network.graph.outputs[0]]
    yield network.name, "float", in_percent(demo.accuracy(real, network.y), 2), "-", "-", "-"
    for bits in WIDTHS:
        plan = hlsq.quantize(network.graph, calibration=network.calibration, code_bits=bits, progress=False)
        quantized = quantize_graph(network.graph, plan)
        output = quantized.outputs[0]
        found = quantized.by_name[output].format.dequantize(Emulator(quantized).run(network.x).outputs[output])
        noise = 10 * np.log10(np.square(real).sum() / np.square(found - real).sum())
        other = np.mean(found.argmax(axis=1) != real.argmax(axis=1))
        kilobytes = f"{measure(quantized).weights.after / 8000:,.2f}"
        accuracy = in_percent(demo.accuracy(found, network.y), 2)
        yield network.name, str(bits), accuracy, in_percent(other, 2), f"{noise:.1f}", kilobytes


@click.command(cls=ExplainedCommand)
def main() -> None:
    """Print accuracy by code width of the default scheme."""
    with step("Loading TensorFlow"):
        load_tensorflow()
    found = [row for network in networks() for row in rows(network)]
    for line in table(("network", "bits", "accuracy", "other class", "logits", "kB"), found):
        click.echo(line)


if __name__ == "__main__":
    main()
