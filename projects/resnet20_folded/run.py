"""ResNet-20 on a folded accelerator: one array of PEs for all layers, verified block by block, with its cycles.

    HLSQ_DATA=... python projects/resnet20_folded/run.py
    HLSQ_DATA=... python projects/resnet20_folded/run.py --only doubleq --pes 512

Weights are the pretrained ones; calibration samples are training images, verified are test images.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
from engine_sets import Engines, he_engines, mixed_engines, wide_engine
from recipes import Images, Networks

import hlsq
from hlsq import toolchain
from hlsq.cli.console import ExplainedCommand, pairs, step, table
from hlsq.errors import VerificationError

HERE = Path(__file__).resolve().parent
PART = "xc7k325t"
"""He et al.'s."""
IDEAL = 40_813_184
"""Products of one image."""


@dataclass(frozen=True)
class Case:
    """A network in certain formats on a certain accelerator.

    Attributes:
        name: of the case.
        recipe: of its plan.
        hardware: of ``hlsq.convert``.
        engines: makes several engines for the integer network; None for one that is as large as asked for.
    """

    name: str
    recipe: str
    hardware: dict[str, Any] = field(default_factory=dict)
    engines: Callable[[hlsq.QuantizedGraph], Engines] | None = None


CASES = (
    Case("doubleq", "doubleq"),
    Case("doubleq_ef_4bit", "doubleq_ef, 4 bits"),
    Case("doubleq_ext_booth", "doubleq_ext, 80 %", {"dual": "booth"}),
    Case("doubleq_ext_mux", "doubleq_ext, 80 %", {"dual": "mux"}),
    Case("quant8", "quant8"),
    Case("fxpqnet", "fxpqnet"),
    Case("fxpqnet_engines", "fxpqnet", engines=mixed_engines),
    Case("he_engines", "He et al.", engines=lambda network: he_engines()),
    Case("16bit_lut", "16 bits", {"multipliers": "fabric"}, engines=lambda network: wide_engine(3, "lut")),
    Case("16bit_dsp", "16 bits", {"multipliers": "dsp"}, engines=lambda network: wide_engine(5, "dsp")),
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
    with step("Loading the network"):
        networks = Networks(calibration, samples)
    rows, costs = [], []
    for case in CASES:
        if not only or case.name in only:
            hw = converted(case, networks, pes, output / case.name)
            rows.append((case.name, *measured(hw, networks.x)))
            costs.append((case.name, *estimated(hw)))
            if len(rows) == 1:
                show_program(hw)
            show_faults(case.name, hw, output / f"{case.name}_changed", networks.x[:4])
    header = ("", "PEs", "cycles", "use", "compiled", "images/s", "verified", "mismatches")
    click.echo(f"\nFolded accelerators of at most {pes:,} PEs an engine, or of engines that are given\n")
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


def converted(case: Case, networks: Networks, pes: int, folder: Path) -> hlsq.HardwareModel:
    """The project of ``case``."""
    plan = networks.plan(case.recipe)
    asked = {"pes": pes} if case.engines is None else {"engines": case.engines(networks.quantised(case.recipe))}
    with step(f"{case.name}: writing the project"):
        return hlsq.convert(
            networks.graph(case.recipe),
            plan,
            output_dir=folder,
            calibration=networks.calibration[:64],
            architecture="folded",
            part=PART,
            project_name=case.name.replace("16bit", "sixteen"),
            **asked,
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

    runs = [(n, item) for n, item in enumerate(hw.program.instructions) if item.macs]
    engines = [item.fields["engine"] for _, item in runs]
    # The first that is not its engine's only one, so that there are parameters behind its own.
    number, item = next(run for run in runs if engines.count(run[1].fields["engine"]) > 1)
    engine = item.fields["engine"]
    weights = hw.program.images[engine].weights.copy()
    weights[item.fields["weight_bank"], item.fields["weight_address"]] ^= 1
    fields = hw.program.fields
    size = -(-hw.program.bits // 8)
    changes = {f"engine{engine}_weights": weights.tobytes(), "program": b""}
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
