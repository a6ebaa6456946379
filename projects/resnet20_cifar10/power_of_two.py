"""ResNet-20 with nothing but powers of two: ``doubleq_ef`` in 5, 4 and 3 bits, and hardware that multiplies nothing.

    HLSQ_DATA=... python projects/resnet20_cifar10/power_of_two.py

Every convolution and the dense layer get power-of-two weights, without retraining. Accuracy is that of the bit-exact
emulation on test images; calibration samples are training images. "Differs" is the share of test images that get
another class than from the float network.
"""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

import hlsq
from hlsq import data, toolchain
from hlsq.cli.console import ExplainedCommand, pairs, short_path, step, table
from hlsq.cli.quiet import load_tensorflow
from hlsq.cli.values import parse_options
from hlsq.counted import in_percent
from hlsq.demo import accuracy
from hlsq.emulate.emulator import Emulator
from hlsq.emulate.real import float_outputs
from hlsq.graph.lowering import quantize_graph
from hlsq.memory import measure

HERE = Path(__file__).resolve().parent
CODE_BITS = (5, 4, 3)
SCALES = ("free", "power_of_two")
HARDWARE = ("power_of_two", 4)
BATCH = 100


class MultiplicationFound(click.ClickException):
    """The generated code multiplies after all."""


@click.command(cls=ExplainedCommand)
@click.option("--images", type=click.IntRange(1), default=10_000, show_default=True, help="Test images for accuracy.")
@click.option("--samples", type=click.IntRange(0), default=32, show_default=True, help="Test images to verify.")
@click.option("--calibration", type=click.IntRange(1), default=1000, show_default=True, help="Training images to use.")
@click.option(
    "--bits", type=click.Choice([str(b) for b in CODE_BITS]), multiple=True, help="Bits of a weight; all without it."
)
@click.option("--option", "options", multiple=True, metavar="NAME=VALUE", help="Option of doubleq_ef.")
@click.option("--output", type=click.Path(path_type=Path), default=HERE / "build", help="Folder of the HLS project.")
def main(
    images: int, samples: int, calibration: int, bits: tuple[str, ...], options: tuple[str, ...], output: Path
) -> None:
    """Compare code widths and scales of doubleq_ef, then verify the network without multipliers in C simulation."""
    given = {"samples": calibration, **parse_options(options)}
    toolchain.find_cxx()
    (x_train, _), (x_test, y_test) = data.load_cifar10()
    with step("Loading the network"):
        load_tensorflow()
        from hlsq.converters.keras import from_keras
        from hlsq.zoo.resnet20 import preprocess, resnet20

        graph = from_keras(resnet20(data.load_resnet20_weights()))
    x, y = preprocess(x_test[:images]), y_test[:images].ravel()
    calibration_images = preprocess(x_train[:calibration])
    with step("Running the float network"):
        real = run_real(graph, x).argmax(axis=1)
    plans: dict[tuple[str, int], hlsq.Plan] = {}
    rows = [("float", "32", in_percent(np.mean(real == y), 2), "-", "-", "-")]
    for scale in SCALES:
        for width in [int(b) for b in bits] or CODE_BITS:
            with step(f"doubleq_ef, scale {scale}, {width} bits"):
                plan = hlsq.quantize(
                    graph, scheme="doubleq_ef", calibration=calibration_images, code_bits=width, scale=scale, **given
                )
                network = quantize_graph(graph, plan)
                outputs = Emulator(network).run(x).outputs[network.outputs[0]]
            plans[scale, width] = plan
            memory = measure(network).weights
            kilobytes, less = f"{memory.after / 8000:,.2f}", in_percent(1 - memory.after / memory.before, 1)
            differs = np.mean(outputs.argmax(axis=1) != real)
            rows.append(
                (scale, str(width), in_percent(accuracy(outputs, y), 2), in_percent(differs, 2), kilobytes, less)
            )
    click.echo(f"\nAccuracy on {images:,} test images, weights of all layers\n")
    for line in table(("scale", "bits", "accuracy", "differs", "kB", "less"), rows):
        click.echo(line)
    if not samples:
        return
    chosen = HARDWARE if HARDWARE in plans else next(key for key in plans if key[0] == HARDWARE[0])
    show_hardware(graph, plans[chosen], chosen[1], calibration_images, x[:samples], output / "power_of_two")


def run_real(graph: hlsq.Graph, x: NDArray[np.float32]) -> NDArray[np.float32]:
    """Outputs of the float network."""
    return float_outputs(graph, {graph.inputs[0].name: x}, BATCH)[graph.outputs[0]]


def show_hardware(
    graph: hlsq.Graph,
    plan: hlsq.Plan,
    code_bits: int,
    calibration: NDArray[np.float32],
    x: NDArray[np.float32],
    folder: Path,
) -> None:
    """Write, compile and verify the project, and look for multiplications in its blocks."""
    hw = hlsq.convert(graph, plan, output_dir=folder, calibration=calibration)
    with step("Compiling the C simulation"):
        hw.compile()
    verified = hw.verify(x)
    blocks = sorted((folder / "firmware" / "blocks").glob("*.h"))
    multiplying = [path.name for path in blocks if "hlsq::multiply" in path.read_text(encoding="utf-8")]
    if multiplying:
        raise MultiplicationFound(f"{', '.join(multiplying)} multiply, although every scale is a power of two")
    kinds = sorted({block.pe_kind for block in hw.design.blocks if block.pe_kind})
    click.echo(f"\nHardware of the network with {code_bits}-bit codes and power-of-two scales\n")
    numbers = [
        ("images verified", f"{verified.samples}"),
        ("integers compared", f"{verified.integers:,}"),
        ("mismatches", f"{verified.mismatches}"),
        ("kinds of PEs", ", ".join(kinds)),
        ("blocks that multiply", f"{len(multiplying)} of {len(blocks)}"),
        ("project", short_path(folder)),
    ]
    for line in pairs(numbers):
        click.echo(line)


if __name__ == "__main__":
    main()
