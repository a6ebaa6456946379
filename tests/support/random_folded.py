"""Random networks on folded accelerators of random engines: every integer of every block, and every iteration.

``make random-folded`` runs this by hand over many; the suite takes a few.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import numpy as np
from engines import random_engines
from networks import random_inputs
from random_designs import SCHEMES, random_quantized

import hlsq
from hlsq.backends.folded.pieces import PIPELINE
from hlsq.backends.pes import DUAL_FORMS
from hlsq.backends.vitis.folded.design import FoldedDesign
from hlsq.backends.vitis.folded.pipelined import PipelinedDesign
from hlsq.backends.vitis.options import HardwareOptions
from hlsq.backends.vitis.project import write_project
from hlsq.backends.vitis.simulation import Simulation, compile_library
from hlsq.emulate.emulator import Emulator
from hlsq.progress import track

PES = (1, 2, 4, 9, 16, 36, 64, 100, 250)
SAMPLES = 3


def random_folded(seed: int) -> tuple[str, FoldedDesign]:
    """A random network, of random formats or of a scheme, on random engines; with what it is.

    Every third has several engines, the others one of some PEs. PEs that multiply or shift are of either form.
    """
    rng = np.random.default_rng(seed)
    one = {"pes": int(rng.choice(PES)), "dual": str(rng.choice(DUAL_FORMS))}
    options = random_engines(seed) if seed % 3 == 2 else one
    scheme = SCHEMES[seed % len(SCHEMES)][0] or "random formats"
    return f"network {seed} ({scheme}, {options})", folded(seed, **options)


def folded(seed: int, **options: Any) -> FoldedDesign:
    """Network ``seed`` as a folded accelerator with ``options``."""
    return FoldedDesign(random_quantized(seed), HardwareOptions(architecture="folded", **options))


def mismatches(design: FoldedDesign | PipelinedDesign, folder: Path, ap_types: bool = False) -> list[str]:
    """Tensors whose integers in C simulation are not the emulation's, and instructions that run longer or shorter."""
    write_project(design, folder)
    simulation = Simulation.load(design, compile_library(folder, ap_types=ap_types))
    emulator = Emulator(design.graph)
    inputs = random_inputs(design.graph, SAMPLES)
    expected = emulator.run(inputs, trace=True, progress=False)
    integers = emulator.quantize_inputs(inputs)
    outputs, traced = simulation.run(integers, trace=True)
    found = [
        f"{name}: {int((traced[name] != values).sum())} integers differ"
        for name, values in expected.blocks.items()
        if not np.array_equal(traced[name], values)
    ]
    found += [
        f"output {name} differs"
        for name, values in expected.outputs.items()
        if not np.array_equal(outputs[name], values)
    ]
    counts = simulation.iterations(integers)
    for name, number in design.counted.items():
        told = SAMPLES * (design.program.instructions[number].cycles - PIPELINE)
        if counts[name] != told:
            found.append(f"{name}: {counts[name]} iterations for {SAMPLES} samples, not {told}")
    return found


@click.command()
@click.option("--count", default=200, help="Networks.")
@click.option("--first", default=0, help="Seed of the first one.")
def main(count: int, first: int) -> None:
    """Check random networks in machine integers, and every fifth with ap_types as well."""
    found = 0
    for seed in track(range(first, first + count), "random networks", "network"):
        for ap_types in (False, True) if seed % 5 == 0 else (False,):
            with TemporaryDirectory() as folder:
                try:
                    what, design = random_folded(seed)
                    faults = mismatches(design, Path(folder) / "net", ap_types)
                except hlsq.errors.HlsqError as error:
                    what, faults = f"network {seed}", [str(error)]
            for fault in faults:
                click.echo(f"{what}{', ap_types' if ap_types else ''}: {fault}")
                found += 1
    click.echo(f"{count} networks, {found} faults")
    raise SystemExit(found > 0)


if __name__ == "__main__":
    main()
