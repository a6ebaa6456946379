"""Random networks as SystemVerilog: every integer of every block, and every cycle, with streams that wait and without.

``make random-rtl`` runs this by hand over many; the suite takes one.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import numpy as np
from networks import random_inputs
from random_folded import random_folded

import hlsq
from hlsq.backends.verilog.cycles import instruction_cycles
from hlsq.backends.vitis.folded.design import FoldedDesign
from hlsq.backends.vitis.project import write_project
from hlsq.backends.vitis.simulation import compile_rtl
from hlsq.emulate.emulator import Emulator
from hlsq.progress import track

SAMPLES = 2


def mismatches(design: FoldedDesign, folder: Path, stalls: int) -> list[str]:
    """Tensors whose integers in RTL simulation are not the emulation's, and instructions of another number of cycles.

    Args:
        design: in C++.
        folder: for its project.
        stalls: seed of streams that wait, which change no integer.
    """
    rtl = FoldedDesign(design.graph, replace(design.options, language="systemverilog"))
    write_project(rtl, folder)
    simulation = compile_rtl(folder, rtl)
    emulator = Emulator(rtl.graph)
    inputs = random_inputs(rtl.graph, SAMPLES)
    expected = emulator.run(inputs, trace=True, progress=False)
    integers = emulator.quantize_inputs(inputs)
    found = []
    for seed in (0, stalls):
        run = simulation.cosimulate(integers, trace=True, stalls=seed)
        both = [(run.tensors, expected.blocks), (run.outputs, expected.outputs)]
        found += [
            f"{name}: {int((made[name] != values).sum())} integers differ (stalls={seed})"
            for made, wanted in both
            for name, values in wanted.items()
            if not np.array_equal(made[name], values)
        ]
        told = instruction_cycles(rtl.program)
        for number, item in enumerate(rtl.program.instructions):
            if (seed == 0 or item.opcode == "run") and (run.cycles[:, number] != told[number]).any():
                found.append(f"{item.target}: {run.cycles[:, number]} cycles, not {told[number]} (stalls={seed})")
    return found


@click.command()
@click.option("--count", default=100, help="Networks.")
@click.option("--first", default=0, help="Seed of the first one.")
def main(count: int, first: int) -> None:
    """Check random networks on random engines."""
    found = 0
    for seed in track(range(first, first + count), "random networks", "network"):
        what = f"network {seed}"
        with TemporaryDirectory() as folder:
            try:
                what, design = random_folded(seed)
                faults = mismatches(design, Path(folder) / "net", seed + 1)
            except hlsq.errors.HlsqError as error:
                faults = [str(error)]
        for fault in faults:
            click.echo(f"{what}: {fault}")
            found += 1
    click.echo(f"{count} networks, {found} faults")
    raise SystemExit(found > 0)


if __name__ == "__main__":
    main()
