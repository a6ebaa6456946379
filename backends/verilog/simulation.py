"""RTL simulation with Verilator: building it, and running integers through it."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hlsq.backends.folded.program import FoldedProgram
from hlsq.backends.verilog.render import FOLDER
from hlsq.emulate.exact import storage
from hlsq.errors import InputError, ToolFailedError
from hlsq.files.write import write_file
from hlsq.graph import QuantizedGraph
from hlsq.toolchain import find_cxx, find_make, find_verilator, run_tool

Ints = NDArray[np.int64]
PROGRAM = "simulate"
LOG = "build_simulation.log"
SOURCES = "simulate.sources"
BUILT = (f"{FOLDER}/{PROGRAM}", f"{FOLDER}/{SOURCES}", f"{FOLDER}/{LOG}")
"""What building writes into a project."""
RECORD = np.dtype(
    [(name, np.int32) for name in ("sample", "instruction", "stage", "pixel", "lane", "cycle")] + [("value", np.int64)]
)
"""An integer that an instruction computed, as harness.cpp writes it."""


def build_simulation(folder: Path) -> None:
    """Build the simulation of the project in ``folder``, unless that has been done with the same sources and tools.

    It takes a minute where C++ takes seconds, and reads its memories' content when it runs.

    Raises:
        ToolNotFoundError: no Verilator, make or C++ compiler.
        ToolFailedError: one of them failed; the message ends with its last lines.
    """
    verilator = find_verilator()
    environment = {
        "HLSQ_VERILATOR": str(verilator.program),
        "HLSQ_MAKE": str(find_make()),
        "HLSQ_CXX": str(find_cxx()),
    }
    if verilator.root is not None:
        environment["VERILATOR_ROOT"] = str(verilator.root)
    rtl = folder / FOLDER
    digest, stamp = _digest(rtl, environment), rtl / SOURCES
    if (rtl / PROGRAM).is_file() and stamp.is_file() and stamp.read_text(encoding="utf-8") == digest:
        return
    stamp.unlink(missing_ok=True)
    run_tool(["bash", "build_simulation.sh"], cwd=rtl, log_file=LOG, env=environment)
    write_file(stamp, digest, ToolFailedError, "what a simulation was built from")


def _digest(rtl: Path, tools: Mapping[str, str]) -> str:
    """Fingerprint of all that a simulation is built from."""
    digest = hashlib.sha256(repr(sorted(tools.items())).encode())
    for path in sorted(rtl.iterdir()):
        if path.suffix in (".sv", ".cpp", ".sh", ".f"):
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


@dataclass(frozen=True, eq=False)
class Run:
    """What a simulation gave.

    Attributes:
        outputs: integers [samples, ...] by name.
        tensors: those of all inputs and blocks, if they were recorded.
        cycles: of each instruction, shape [samples, instructions].
    """

    outputs: dict[str, Ints]
    tensors: dict[str, Ints]
    cycles: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class RtlSimulation:
    """A simulation that ``build_simulation`` built.

    Attributes:
        program: that the hardware runs.
        graph: the network.
        folder: of the project.
    """

    program: FoldedProgram
    graph: QuantizedGraph
    folder: Path

    def run(self, inputs: Mapping[str, Ints], *, trace: bool = False) -> tuple[dict[str, Ints], dict[str, Ints]]:
        """Outputs, and with ``trace`` all tensors, for input integers [samples, ...] by name.

        Raises:
            InputError: an integer that the input's format does not have.
            ToolFailedError: the hardware stopped before all outputs were there.
        """
        found = self.cosimulate(inputs, trace=trace)
        return found.outputs, found.tensors

    def iterations(self, inputs: Mapping[str, Ints]) -> dict[str, int]:
        """Cycles of each instruction, by its target, summed over the samples of ``inputs``."""
        cycles = self.cosimulate(inputs).cycles.sum(axis=0)
        return {
            item.target if item.opcode == "run" else f"{item.opcode} {item.target}": int(cycles[number])
            for number, item in enumerate(self.program.instructions)
        }

    def cosimulate(self, inputs: Mapping[str, Ints], *, trace: bool = False, stalls: int = 0, reset: int = 0) -> Run:
        """Run ``inputs``, integers [samples, ...] by name.

        Args:
            inputs: integers of the inputs.
            trace: record every integer of every block.
            stalls: seed of streams that often wait; 0 for none that does.
            reset: cycle of a reset, until which the last sample is sent again and again; 0 for none.
        """
        columns = [self._column(name, inputs[name]) for name in (item.name for item in self.graph.inputs)]
        given = np.concatenate(columns, axis=1)
        samples = len(given)
        with tempfile.TemporaryDirectory(prefix="hlsq_") as private:
            paths = [Path(private) / name for name in ("inputs", "outputs", "begins", "records")]
            write_file(paths[0], given.tobytes(), ToolFailedError, "the samples of a simulation")
            records = [paths[3]] if trace else []
            numbers = [str(number) for number in (samples, stalls, reset)]
            run_tool([f"./{PROGRAM}", *paths[:3], *numbers, *records], cwd=self.folder / FOLDER)
            outputs = np.fromfile(paths[1], dtype=np.int64).reshape(samples, -1)
            begins = np.fromfile(paths[2], dtype=np.int64)
            recorded = np.fromfile(paths[3], dtype=RECORD) if trace else None
        count = len(self.program.instructions)
        cycles = np.diff(begins[: samples * count + 1]).reshape(samples, count)
        found, start = {}, 0
        for name in self.graph.outputs:
            size = int(np.prod(self.graph.shapes[name]))
            found[name] = self._shaped(name, outputs[:, start : start + size])
            start += size
        tensors = {} if recorded is None else self._tensors(recorded, samples)
        return Run(found, tensors, cycles)

    def _column(self, name: str, values: Ints) -> Ints:
        """Integers of an input, shape [samples, values]."""
        fmt = self.graph.formats[name]
        if values.size and not (fmt.qmin <= int(values.min()) and int(values.max()) <= fmt.qmax):
            raise InputError(
                f"input {name!r} has integers from {int(values.min())} to {int(values.max())}; its format {fmt} has "
                f"{fmt.qmin} to {fmt.qmax}"
            )
        return np.asarray(values, dtype=np.int64).reshape(len(values), -1)

    def _tensors(self, records: NDArray[np.void], samples: int) -> dict[str, Ints]:
        """All tensors, from what the instructions computed."""
        shapes = self.graph.shapes
        found = {name: np.zeros((samples, int(np.prod(shape))), dtype=np.int64) for name, shape in shapes.items()}
        # Recorded in the order of the instructions, but for the two stages of one.
        order = np.argsort(records["instruction"], kind="stable")
        ends = np.searchsorted(records["instruction"][order], np.arange(len(self.program.instructions) + 1))
        for number, item in enumerate(self.program.instructions):
            own = records[order[ends[number] : ends[number + 1]]]
            for stage, views in enumerate(item.views):
                staged = own[own["stage"] == stage]
                for view in views:
                    layout = np.asarray(view.layout)
                    inside = staged[staged["lane"] < len(layout)]
                    channel = layout[inside["lane"]]
                    used, at = inside[channel >= 0], channel[channel >= 0]
                    place = used["pixel"].astype(np.int64) * view.channels + at
                    found[view.tensor][used["sample"], place] = used["value"]
        return {name: self._shaped(name, values) for name, values in found.items()}

    def _shaped(self, name: str, values: Ints) -> Ints:
        shape, interval = self.graph.shapes[name], self.graph.intervals[name]
        return values.reshape(len(values), *shape).astype(storage(interval))
