"""ResNet-20 on CIFAR-10: accuracy, memory, C simulation against emulation, and a fault that is noticed.

    HLSQ_DATA=... python projects/resnet20_cifar10/run.py
    python projects/resnet20_cifar10/run.py --model resnet20.keras

Accuracy is that of the bit-exact emulation; calibration samples are training images.
"""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click
import numpy as np
from numpy.typing import NDArray

import hlsq
from hlsq import data, toolchain
from hlsq.cli.console import ExplainedCommand, pairs, short_path, step, table
from hlsq.cli.quiet import load_tensorflow
from hlsq.demo import accuracy
from hlsq.errors import DataError, VerificationError
from hlsq.memory import NetworkMemory, Saving, measure
from hlsq.zoo.reference import keras_outputs

HERE = Path(__file__).resolve().parent
SCHEMES = ("quant8", "doubleq")
SIMULATED = "doubleq"
FAST_IMAGES = 1000
BATCH = 128

Result = TypeVar("Result")


@dataclass(frozen=True)
class LabelledImages:
    """Test images as the network takes them, [samples, 32, 32, 3], and their labels."""

    x: NDArray[np.float32]
    y: NDArray[np.int64]


@dataclass(frozen=True)
class Change:
    """A weight that was changed in the C++ of ``block``."""

    block: str
    before: int
    after: int


class FaultUnnoticed(click.ClickException):
    """The changed weight made no difference."""


@click.command(cls=ExplainedCommand)
@click.option(
    "--model",
    "model_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A .keras file of train.py, instead of the pretrained weights in HLSQ_DATA.",
)
@click.option("--images", type=click.IntRange(1), default=10_000, show_default=True, help="Test images for accuracy.")
@click.option("--fast", is_flag=True, help=f"The same as --images {FAST_IMAGES}.")
@click.option("--samples", type=click.IntRange(1), default=32, show_default=True, help="Test images to verify.")
@click.option("--calibration", type=click.IntRange(1), default=1000, show_default=True, help="Training images to use.")
@click.option("--output", type=click.Path(path_type=Path), default=HERE / "build", help="Folder of the HLS projects.")
def main(model_file: Path | None, images: int, fast: bool, samples: int, calibration: int, output: Path) -> None:
    """Quantise ResNet-20 with quant8 and doubleq, and verify its hardware."""
    toolchain.find_cxx()
    (x_train, _), (x, y) = data.load_cifar10()
    count = FAST_IMAGES if fast else images
    with step("Loading the network"):
        load_tensorflow()
        from hlsq.zoo.resnet20 import preprocess

        model = load_model(model_file)
    test = LabelledImages(preprocess(x[: max(count, samples)]), y[: max(count, samples)])
    calibration_images = preprocess(x_train[:calibration])
    projects = {}
    for scheme in SCHEMES:
        with step(f"Quantising with {scheme} and writing the HLS project"):
            projects[scheme] = hlsq.convert(
                model, scheme=scheme, calibration=calibration_images, output_dir=output / scheme, project_name=scheme
            )
    show_accuracy(model, projects, LabelledImages(test.x[:count], test.y[:count]), len(calibration_images))
    show_memory({scheme: measure(hw.graph) for scheme, hw in projects.items()})
    show_simulation(projects[SIMULATED], test.x[:samples])
    show_fault(projects[SIMULATED], output / f"{SIMULATED}_changed", test.x[:samples])
    click.echo(f"\nHLS project: {short_path(output / SIMULATED)}")


def load_model(path: Path | None) -> Any:
    """The pretrained ResNet-20, or the one saved in ``path``.

    Raises:
        DataError: no pretrained weights, or a model with another input or output.
        ModelFileError: ``path`` cannot be read.
    """
    from hlsq.converters.keras import load_model_file
    from hlsq.zoo.resnet20 import resnet20

    if path is None:
        return resnet20(data.load_resnet20_weights())
    model = load_model_file(path)
    if model.input_shape != (None, 32, 32, 3) or model.output_shape != (None, 10):
        raise DataError(
            f"{path}: a network from {model.input_shape} to {model.output_shape}; "
            "CIFAR-10 needs (None, 32, 32, 3) to (None, 10)"
        )
    return model


def show_accuracy(model: Any, projects: dict[str, hlsq.HardwareModel], test: LabelledImages, calibration: int) -> None:
    """Float accuracy of the Keras model, quantised accuracy of the emulation."""
    runs: dict[str, Callable[[], Any]] = {
        "float (Keras)": lambda: keras_outputs(model, test.x, batch_size=BATCH),
        **{f"{name} (emulation)": lambda hw=hw: hw.emulate(test.x) for name, hw in projects.items()},
    }
    found = {}
    for name, run in runs.items():
        with step(f"Computing the accuracy, {name}"):
            found[name] = 100 * accuracy(run(), test.y)
    (first, real), *quantised = found.items()
    rows = [(first, f"{real:.2f} %", "-")]
    rows += [(name, f"{value:.2f} %", f"{value - real:+.2f}") for name, value in quantised]
    click.echo(f"Accuracy on {len(test.x):,} test images of CIFAR-10; calibrated on {calibration:,} training images\n")
    click.echo("\n".join(table(("", "accuracy", "points"), rows)))


def show_memory(memories: dict[str, NetworkMemory]) -> None:
    """Memory by the paper's count, then everything that the hardware stores beside the codes."""

    def sizes(name: str, saving: Saving) -> tuple[str, str, str]:
        return name, f"{saving.after / 8000:,.2f}", f"{100 * (saving.saved or 0):.1f} %"

    rows = []
    for scheme, memory in memories.items():
        rows += [
            sizes(f"{scheme}, codes of the convolutions (the paper's count)", memory.paper),
            sizes(f"{scheme}, the same in {memory.word_bits}-bit words, unused bits included", memory.paper_packed),
            sizes(f"{scheme}, codes of all layers", memory.weights),
            sizes(f"{scheme}, all layers in words, unused bits included", memory.packed),
        ]
    first = next(iter(memories.values()))
    floats = [
        ("float, convolutions", f"{first.paper.before / 8000:,.2f}", "-"),
        ("float, all layers", f"{first.weights.before / 8000:,.2f}", "-"),
    ]
    click.echo("\nMemory for weights, 1 kB = 1000 bytes\n")
    click.echo("\n".join(table(("", "kB", "less"), [*floats, *rows])))


def show_simulation(hw: hlsq.HardwareModel, x: NDArray[np.float32]) -> None:
    """Compile, and compare every integer of every block."""
    with step("Compiling the C simulation"):
        _, compiling = timed(hw.compile)
    with step(f"Verifying {len(x)} test images"):
        found = hw.verify(x)
    with step("Timing the C simulation"):
        _, seconds = timed(lambda: hw.predict(x))
    rows = [
        ("compiled in, on this machine", f"{compiling:.1f} s"),
        ("images/s on this machine", f"{len(x) / seconds:,.0f}"),
        ("images verified", f"{found.samples}"),
        ("inputs and blocks compared", f"{found.tensors}"),
        ("integers compared", f"{found.integers:,}"),
        ("mismatches", f"{found.mismatches}"),
    ]
    click.echo(f"\nC simulation against emulation: {SIMULATED}, {hw.design.options.io_type}\n")
    click.echo("\n".join(pairs(rows)))


def show_fault(hw: hlsq.HardwareModel, folder: Path, x: NDArray[np.float32]) -> None:
    """Change one weight in a copy of the C++ and see that verification names its block.

    Raises:
        FaultUnnoticed: it does not.
    """
    from hlsq.backends.vitis.project import check_output_dir

    if check_output_dir(folder).exists():
        shutil.rmtree(folder)
    shutil.copytree(hw.output_dir, folder)
    copy = hlsq.load_project(folder)
    change = change_weight(copy)
    with step("Verifying a copy with one weight changed"):
        try:
            copy.verify(x)
        except VerificationError as error:
            found = error
        else:
            raise FaultUnnoticed(f"a weight of {change.block} was changed from {change.before} to {change.after}")
    click.echo(f"\nOne weight of {change.block} changed from {change.before} to {change.after} in a copy of the C++\n")
    click.echo("\n".join(pairs([("first block that differs", found.block), ("VerificationError", str(found))])))
    if found.block != change.block:
        raise FaultUnnoticed(f"the difference is in {change.block}")


def change_weight(hw: hlsq.HardwareModel) -> Change:
    """Turn the sign of one weight in the C++ of ``hw``: the first that is not zero, of the block in the middle."""
    arrays = [block for block in hw.design.blocks if block.mac is not None]
    hardware = arrays[len(arrays) // 2]
    assert hardware.block.weights is not None  # noqa: S101 - it has PEs
    fmt = hardware.block.weights.format
    path = hw.output_dir / "firmware" / "weights" / f"{hardware.ident}.h"
    text = path.read_text(encoding="utf-8")
    for word in re.finditer(r"\b\d+\b", text[text.index("=") :]):
        code = int(word.group()) & ((1 << fmt.bits) - 1)
        before = int(fmt.decode([code])[0])
        if before:
            changed = int(word.group()) ^ code ^ int(fmt.encode([-before])[0])
            start = text.index("=") + word.start()
            path.write_text(text[:start] + str(changed) + text[start + len(word.group()) :], encoding="utf-8")
            return Change(hardware.block.name, before, -before)
    raise FaultUnnoticed(f"all weights of {hardware.block.name} are zero, so none could be changed")


def timed(work: Callable[[], Result]) -> tuple[Result, float]:
    """What ``work`` returns, and how many seconds it took."""
    start = time.perf_counter()
    result = work()
    return result, time.perf_counter() - start


if __name__ == "__main__":
    main()
