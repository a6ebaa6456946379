"""The small MNIST network of the DNN2FPGA case study in eight and in four bits, as verified hardware.

    HLSQ_DATA=... python projects/mnist_dnn2fpga/run.py

Two convolutions of twelve filters, max pooling and a dense layer, quantised after training to eight bits with each of
the four ways to choose activation ranges, and to power-of-two weights of four bits; calibration samples are training
images. One network of either kind becomes hardware, whose C simulation is compared with the emulation on every test
image.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

import hlsq
from hlsq import data
from hlsq.cli.console import ExplainedCommand, pairs, short_path, step, table
from hlsq.cli.quiet import load_tensorflow
from hlsq.demo import accuracy, check
from hlsq.zoo.reference import keras_outputs

HERE = Path(__file__).resolve().parent

# Folder of the project, scheme, options of the scheme.
WAYS: list[tuple[str, str, dict[str, Any]]] = [
    *((method, "quant8", {"calibration_method": method}) for method in ("minmax", "percentile", "mse", "entropy")),
    ("doubleq_ef", "doubleq_ef", {"code_bits": 4, "scale": "free"}),
    ("shifts", "doubleq_ef", {"code_bits": 4, "scale": "power_of_two"}),
]
VERIFIED = ("minmax", "doubleq_ef")
REUSE_FACTOR = {"default": 12, "fc": 1728}  # the dense layer has one output position, the convolutions hundreds

Images = NDArray[np.float32]
Labels = NDArray[np.int64]


@click.command(cls=ExplainedCommand)
@click.option("--epochs", type=click.IntRange(1), default=3, show_default=True, help="Epochs of training.")
@click.option("--train", "train_images", type=click.IntRange(1), default=60_000, show_default=True, help="Images.")
@click.option("--images", type=click.IntRange(1), default=10_000, show_default=True, help="Test images.")
@click.option("--calibration", type=click.IntRange(1), default=1000, show_default=True, help="Training images to use.")
@click.option("--output", type=click.Path(path_type=Path), default=HERE / "build", help="Folder of the HLS projects.")
def main(epochs: int, train_images: int, images: int, calibration: int, output: Path) -> None:
    """Train, quantise to eight and to four bits, and verify C simulations on all test images."""
    for name, _, _ in WAYS:
        check(output / name)
    (x, y), (x_test, y_test) = data.load_mnist()
    with step("Training"):
        load_tensorflow()
        import keras

        from hlsq.zoo.mnist import mnist_cnn, preprocess, train_mnist

        keras.utils.set_random_seed(0)
        model = mnist_cnn()
        train_mnist(model, preprocess(x[:train_images]), y[:train_images], epochs=epochs)
    test, labels = preprocess(x_test[:images]), y_test[:images]
    projects = {}
    for name, scheme, options in WAYS:
        with step(f"Quantising with {label(scheme, options)}, and writing the HLS project"):
            projects[name] = hlsq.convert(
                model,
                scheme=scheme,
                calibration=preprocess(x[:calibration]),
                output_dir=output / name,
                reuse_factor=REUSE_FACTOR,
                project_name="mnist",
                **options,
            )
    show_accuracy(model, projects, test, labels)
    for name, scheme, options in WAYS:
        if name in VERIFIED:
            show_hardware(label(scheme, options), projects[name], test, labels)
            click.echo(f"\nHLS project: {short_path(output / name)}")


def label(scheme: str, options: dict[str, Any]) -> str:
    """A scheme and its options in words."""
    words = (f"{value} bits" if key == "code_bits" else str(value) for key, value in options.items())
    return ", ".join([scheme, *words])


def show_accuracy(model: Any, projects: dict[str, hlsq.HardwareModel], x: Images, y: Labels) -> None:
    """Float accuracy, and that of the emulation for each way to choose ranges."""
    with step("Computing the accuracies"):
        real = accuracy(keras_outputs(model, x), y)
        found = {label(scheme, options): accuracy(projects[name].emulate(x), y) for name, scheme, options in WAYS}
    rows = [("float", f"{100 * real:.2f} %", "-")]
    rows += [(name, f"{100 * value:.2f} %", f"{100 * (value - real):+.2f}") for name, value in found.items()]
    click.echo(f"Accuracy on {len(x):,} test images of MNIST\n")
    click.echo("\n".join(table(("", "accuracy", "points"), rows)))


def show_hardware(name: str, hw: hlsq.HardwareModel, x: Images, y: Labels) -> None:
    """Blocks, memory, and the comparison of C simulation and emulation."""
    rows = [
        (b.block.name, b.block.op.kind, str(b.pes or "-"), b.pe_kind or "-", str(b.reuse_factor))
        for b in hw.design.blocks
    ]
    with step("Compiling the C simulation"):
        hw.compile()
    with step(f"Verifying {len(x)} test images"):
        found = hw.verify(x)
    start = time.perf_counter()
    simulated = accuracy(hw.predict(x), y)
    seconds = time.perf_counter() - start
    weights = hw.report().memory.weights
    numbers = [
        ("weights, 32-bit float", f"{weights.before // 8:,} bytes"),
        ("weights, codes", f"{weights.after // 8:,} bytes"),
        ("accuracy of the C simulation", f"{100 * simulated:.2f} %"),
        ("images/s on this machine", f"{len(x) / seconds:,.0f}"),
        ("images verified", f"{found.samples:,}"),
        ("integers compared", f"{found.integers:,}"),
        ("mismatches", f"{found.mismatches}"),
    ]
    click.echo(f"\nHardware: {name}, {hw.design.options.io_type}\n")
    click.echo("\n".join([*table(("block", "operation", "PEs", "kind", "reuse"), rows), "", *pairs(numbers)]))


if __name__ == "__main__":
    main()
