"""ResNet-20 on a folded accelerator: one array of PEs for all layers, verified block by block, with its cycles.

    HLSQ_DATA=... python projects/resnet20_folded/run.py
    HLSQ_DATA=... python projects/resnet20_folded/run.py --only doubleq --pes 512

Weights are the pretrained ones; calibration samples are training images, verified are test images.
"""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

import hlsq
from hlsq import data, toolchain
from hlsq.cli.console import ExplainedCommand, pairs, step, table
from hlsq.cli.quiet import load_tensorflow
from hlsq.errors import VerificationError

HERE = Path(__file__).resolve().parent
PLANS = HERE.parent
PART = "xc7k325t"
"""He et al.'s."""
IDEAL = 40_813_184
"""Products of one image."""

Images = NDArray[np.float32]


@dataclass(frozen=True)
class Case:
    """A network in certain formats on a certain accelerator.

    Attributes:
        name: of the case.
        scheme: that makes its plan, unless it has a stored one.
        plan: a stored plan.
        options: of the scheme.
        hardware: of ``hlsq.convert``.
    """

    name: str
    scheme: str | None = None
    plan: Path | None = None
    options: dict[str, Any] = field(default_factory=dict)
    hardware: dict[str, Any] = field(default_factory=dict)


CASES = (
    Case("doubleq", scheme="doubleq"),
    Case("doubleq_ef_4bit", scheme="doubleq_ef", options={"code_bits": 4, "scale": "power_of_two"}),
    Case("doubleq_ext_booth", plan=PLANS / "resnet20_cifar10/plans/nearest_80.json", hardware={"dual": "booth"}),
    Case("doubleq_ext_mux", plan=PLANS / "resnet20_cifar10/plans/nearest_80.json", hardware={"dual": "mux"}),
    Case("quant8", scheme="quant8"),
    Case("fxpqnet", plan=PLANS / "resnet20_fxpqnet/plan.json"),
)


class FaultUnnoticed(click.ClickException):
    """A changed weight or instruction made no difference."""


@click.command(cls=ExplainedCommand)
@click.option("--only", type=click.Choice([case.name for case in CASES]), multiple=True, help="Of the cases, these.")
@click.option("--pes", type=click.IntRange(1), default=1152, show_default=True, help="Most PEs of an engine.")
@click.option("--samples", type=click.IntRange(1), default=32, show_default=True, help="Test images to verify.")
@click.option("--calibration", type=click.IntRange(1), default=1000, show_default=True, help="Training images to use.")
@click.option("--output", type=click.Path(path_type=Path), default=HERE / "build", help="Folder of the HLS projects.")
def main(only: tuple[str, ...], pes: int, samples: int, calibration: int, output: Path) -> None:
    """Convert ResNet-20 to folded accelerators, verify them, and count their cycles."""
    toolchain.find_cxx()
    (x_train, _), (x, _) = data.load_cifar10()
    with step("Loading the network"):
        load_tensorflow()
        from hlsq.converters.keras import from_keras
        from hlsq.zoo.resnet20 import preprocess, resnet20

        graph = from_keras(resnet20(data.load_resnet20_weights()))
    images, test = preprocess(x_train[:calibration]), preprocess(x[:samples])
    rows, costs = [], []
    for case in CASES:
        if not only or case.name in only:
            hw = converted(case, graph, images, pes, output / case.name)
            rows.append((case.name, *measured(hw, test)))
            costs.append((case.name, *estimated(hw)))
            if len(rows) == 1:
                show_program(hw)
            show_faults(case.name, hw, output / f"{case.name}_changed", test[:4])
    header = ("", "PEs", "cycles", "use", "compiled", "images/s", "verified", "mismatches")
    click.echo(f"\nFolded accelerators of at most {pes:,} PEs an engine\n")
    click.echo("\n".join(table(header, rows)))
    header = ("", "PEs", "LUT", "FF", "DSP", "BRAM36", "ms, 100 MHz", "ms, 200 MHz", "GOP/s, 200 MHz", "fits")
    click.echo(f"\nEstimates (Vivado decides); power and the highest clock need Vivado; fits: 80 % of {PART}\n")
    click.echo("\n".join(table(header, costs)))


def estimated(hw: hlsq.HardwareModel) -> tuple[str, ...]:
    """What the hardware is expected to take, its speed, and whether it fits."""
    found, cycles = hw.estimate(), hw.program.cycles
    operations = 2 * sum(item.macs for item in hw.program.instructions)
    return (
        f"{found.pes:,}",
        f"{round(found.lut):,}",
        f"{round(found.ff):,}",
        f"{round(found.dsp):,}",
        f"{found.bram18 / 2:g}",
        f"{cycles / 100e3:.3f}",
        f"{cycles / 200e3:.3f}",
        f"{operations / (cycles / 200e6) / 1e9:.0f}",
        "yes" if found.fits else "no",
    )


def converted(case: Case, graph: hlsq.Graph, images: Images, pes: int, folder: Path) -> hlsq.HardwareModel:
    """The project of ``case``."""
    with step(f"{case.name}: quantising and writing the project"):
        plan = case.plan or hlsq.quantize(graph, case.scheme, calibration=images, progress=False, **case.options)
        return hlsq.convert(
            graph,
            plan,
            output_dir=folder,
            calibration=images[:64],
            architecture="folded",
            pes=pes,
            part=PART,
            project_name=case.name,
            **case.hardware,
        )


def measured(hw: hlsq.HardwareModel, test: Images) -> tuple[str, ...]:
    """PEs, cycles of an image, useful share of PE cycles, time to compile, images/s, and what was verified."""
    with step("Compiling the C simulation"):
        start = time.perf_counter()
        hw.compile()
        compiling = time.perf_counter() - start
    with step(f"Verifying {len(test)} test images"):
        found = hw.verify(test)
    with step("Counting iterations"):
        check_cycles(hw, test[:1])
    start = time.perf_counter()
    hw.predict(test)
    rate = len(test) / (time.perf_counter() - start)
    program = hw.program
    use = sum(item.macs for item in program.instructions) / (program.cycles * program.pes)
    return (
        f"{program.pes:,}",
        f"{program.cycles:,}",
        f"{use:.0%}".replace("%", " %"),
        f"{compiling:.1f} s",
        f"{rate:.0f}",
        f"{found.integers:,}",
        f"{found.mismatches}",
    )


def check_cycles(hw: hlsq.HardwareModel, x: Images) -> None:
    """The loops of the C++ run as often as the program says.

    Raises:
        FaultUnnoticed: they do not.
    """
    from hlsq.backends.folded.pieces import PIPELINE

    counts = hw.count_iterations(x)
    cycles = sum(counts.values()) + PIPELINE * len(hw.program.instructions)
    if cycles != hw.program.cycles:
        raise FaultUnnoticed(f"the C++ counts {cycles:,} cycles, the program {hw.program.cycles:,}")


def show_program(hw: hlsq.HardwareModel) -> None:
    """One line an instruction, and what each field takes."""
    program = hw.program
    click.echo(f"\n{program}\n")
    ideal = -(-IDEAL // program.pes)
    rows = [
        ("cycles at full use of all PEs", f"{ideal:,}"),
        ("feature maps", f"{program.map.bits / 8000:,.1f} kB in {program.map.memories} memories"),
        ("bits of an instruction", f"{program.bits}, one a block; He et al.: 26, one an output channel"),
    ]
    click.echo("\n".join(pairs(rows)))


def show_faults(name: str, hw: hlsq.HardwareModel, folder: Path, x: Images) -> None:
    """Change a word of the weights, and a field of an instruction, in a copy; verification has to name the block.

    Raises:
        FaultUnnoticed: it does not.
    """
    from hlsq.backends.folded.encoding import encode

    number, item = next((n, item) for n, item in enumerate(hw.program.instructions) if item.macs)
    engine = hw.program.engines[item.fields["engine"]]
    weights = hw.program.images[item.fields["engine"]].weights.copy()
    weights[item.fields["weight_bank"], item.fields["weight_address"], :: engine.array.outputs] ^= 1
    fields = hw.program.fields
    size = -(-hw.program.bits // 8)
    changes = {f"{engine.name}_weights": weights.tobytes(), "program": b""}
    program = (hw.output_dir / "firmware/image/program.bin").read_bytes()
    word = encode(fields, dict(item.fields) | {"parameters": item.fields["parameters"] + 1})
    own = slice(number * size, (number + 1) * size)
    changes["program"] = program[: own.start] + word.to_bytes(size, "little") + program[own.stop :]
    for image, content in changes.items():
        if folder.exists():
            shutil.rmtree(folder)
        shutil.copytree(hw.output_dir, folder)
        (folder / f"firmware/image/{image}.bin").write_bytes(content)
        with step(f"{name}: verifying a copy with another {image}.bin"):
            try:
                hlsq.load_project(folder).verify(x)
            except VerificationError as error:
                click.echo(f"{name}, {image}.bin changed: block {error.block!r} differs")
                if error.block in item.blocks:
                    continue
        raise FaultUnnoticed(f"{image}.bin of {name} was changed in {item.blocks[0]}")
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
