"""``hlsq demo``: the whole path on scikit-learn's digits, from training to verified hardware."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import hlsq
from hlsq import data, toolchain
from hlsq.api import DEFAULT_SCHEME
from hlsq.cli.console import pairs, table
from hlsq.cli.quiet import load_tensorflow
from hlsq.counted import in_percent
from hlsq.memory import measure
from hlsq.zoo.reference import keras_outputs

if TYPE_CHECKING:
    from hlsq.formats import Format
    from hlsq.hardware import HardwareModel

CALIBRATION_SAMPLES = 500
REUSE_FACTOR = 16

Step = Callable[[str], AbstractContextManager[None]]


def _quietly(text: str) -> AbstractContextManager[None]:
    return nullcontext()


@dataclass(frozen=True)
class DemoBlock:
    """One row of the demo's table; ``pe_kind`` is None and ``pes`` 0 for a block without weights."""

    name: str
    operation: str
    weight_format: str
    pe_kind: str | None
    pes: int
    reuse_factor: int


@dataclass(frozen=True)
class DemoResult:
    """What the demo found out.

    Attributes:
        scheme: of quantisation.
        float_accuracy: of the trained Keras model on the held-back images.
        quantised_accuracy: of the C simulation on the same images.
        float_bits: memory of the weights as 32-bit floats.
        code_bits: memory of the weights' codes.
        word_bits: memory of the words that the codes are packed in, unused bits included.
        blocks: processing elements of every block.
        images: number of held-back images, all of them verified.
        integers: integers compared between emulation and C simulation.
        mismatches: differences among them.
        project: folder of the HLS project.
    """

    scheme: str
    float_accuracy: float
    quantised_accuracy: float
    float_bits: int
    code_bits: int
    word_bits: int
    blocks: tuple[DemoBlock, ...]
    images: int
    integers: int
    mismatches: int
    project: Path

    def lines(self) -> list[str]:
        """The result as text."""
        blocks = [
            (b.name, b.operation, b.weight_format, str(b.pes or "-"), b.pe_kind or "-", str(b.reuse_factor))
            for b in self.blocks
        ]
        saved = 1 - self.code_bits / self.float_bits
        numbers = [
            ("accuracy, float", in_percent(self.float_accuracy, 2)),
            (f"accuracy, {self.scheme}, C simulation", in_percent(self.quantised_accuracy, 2)),
            ("weights, 32-bit float", f"{self.float_bits / 8:,.0f} bytes"),
            ("weights, codes", f"{self.code_bits / 8:,.0f} bytes ({in_percent(saved, 1)} less)"),
            ("weights, codes packed in words", f"{self.word_bits / 8:,.0f} bytes"),
            ("images verified", f"{self.images}"),
            ("integers compared", f"{self.integers:,}"),
            ("mismatches", f"{self.mismatches}"),
            ("project", f"{self.project}"),
        ]
        return [
            *table(("block", "operation", "weights", "PEs", "kind", "reuse"), blocks),
            "",
            *pairs(numbers, width=36),
        ]


def run_demo(output: str | Path = "build/demo", epochs: int = 30, step: Step = _quietly) -> DemoResult:
    """Train, quantise with the default scheme, emit, compile and verify a small residual network.

    Args:
        output: folder of the project.
        epochs: of training.
        step: context manager around each long step, given its name.

    Raises:
        ToolNotFoundError: no C++ compiler; known before anything is trained.
        OutputDirError: ``output`` holds something that hlsq did not write; known as early.
        VerificationError: C simulation and emulation differ.
    """
    check(output)
    return to_hardware(train(epochs, step), output, step=step)


def check(output: str | Path) -> None:
    """Find out before anything is trained whether a project can be written to ``output`` and compiled.

    Raises:
        ToolNotFoundError: no C++ compiler.
        OutputDirError: ``output`` holds something that hlsq did not write.
    """
    from hlsq.backends.vitis.project import check_output_dir

    toolchain.find_cxx()
    check_output_dir(output)


def train(epochs: int, step: Step = _quietly) -> Any:
    """The demo's Keras model, trained on the training images of scikit-learn's digits."""
    (x, y), _ = data.digits()
    with step("Training a residual CNN on scikit-learn's digits"):
        load_tensorflow()
        import keras

        from hlsq.zoo.digits import digits_cnn, train_digits

        keras.utils.set_random_seed(0)
        model = digits_cnn()
        train_digits(model, x, y, epochs=epochs)
    return model


def to_hardware(
    model: Any, output: str | Path, scheme: str = DEFAULT_SCHEME, step: Step = _quietly, **options: Any
) -> DemoResult:
    """Quantise the trained ``model``, emit, compile, and verify all held-back images.

    Args:
        model: what ``train`` returns.
        output: folder of the project.
        scheme: of quantisation.
        step: context manager around each long step, given its name.
        options: of the scheme and of the hardware, as for ``hlsq.convert``.

    Raises:
        ToolNotFoundError: no C++ compiler.
        OutputDirError: ``output`` holds something that hlsq did not write.
        VerificationError: C simulation and emulation differ.
    """
    (x, _), (x_test, y_test) = data.digits()
    with step(f"Quantising with {scheme} and writing the HLS project"):
        hw = hlsq.convert(
            model,
            output_dir=output,
            scheme=scheme,
            calibration=x[:CALIBRATION_SAMPLES],
            **{"reuse_factor": REUSE_FACTOR, "project_name": "digits", **options},
        )
    with step("Compiling the C simulation"):
        hw.compile()
    with step(f"Verifying {len(x_test)} held-back images"):
        found = hw.verify(x_test)
        simulated = hw.predict(x_test)
    roms = {block.block.name: block.mac.rom.bits for block in hw.dataflow.blocks if block.mac is not None}
    memory = measure(hw.graph, hw.design.options.word_bits, roms)
    return DemoResult(
        scheme=scheme,
        float_accuracy=accuracy(keras_outputs(model, x_test), y_test),
        quantised_accuracy=accuracy(simulated, y_test),
        float_bits=memory.weights.before,
        code_bits=memory.weights.after,
        word_bits=sum(roms.values()),
        blocks=_blocks(hw),
        images=found.samples,
        integers=found.integers,
        mismatches=found.mismatches,
        project=Path(output),
    )


def accuracy(logits: Any, labels: Any) -> float:
    """The part of ``labels`` that ``logits`` [samples, classes] get right."""
    return float(np.mean(np.argmax(logits, axis=-1) == labels))


def _blocks(hw: HardwareModel) -> tuple[DemoBlock, ...]:
    return tuple(
        DemoBlock(
            name=hardware.block.name,
            operation=hardware.block.op.kind,
            weight_format="-" if hardware.block.weights is None else _format(hardware.block.weights.format),
            pe_kind=hardware.pe_kind,
            pes=hardware.pes,
            reuse_factor=hardware.reuse_factor,
        )
        for hardware in hw.dataflow.blocks
    )


def _format(fmt: Format) -> str:
    return f"{fmt.bits}-bit {type(fmt).__name__}"
