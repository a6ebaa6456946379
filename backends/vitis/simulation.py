"""C simulation: building the shared library and running integers through it."""

from __future__ import annotations

import ctypes
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsq.backends.verilog.simulation import RtlSimulation, build_simulation
from hlsq.backends.vitis.designs import AnyDesign
from hlsq.backends.vitis.folded.design import FoldedDesign
from hlsq.backends.vitis.folded.network import Network
from hlsq.backends.vitis.integrity import check_design
from hlsq.backends.vitis.marker import library_name, top_function
from hlsq.backends.vitis.project import building, reading
from hlsq.backends.vitis.tensors import Tensor
from hlsq.emulate.exact import storage
from hlsq.errors import InputError, ToolFailedError
from hlsq.files.reasons import reason
from hlsq.toolchain import find_cxx, run_tool

Ints = NDArray[np.int64]


def compile_library(
    folder: str | Path, *, ap_types: bool = False, stamp: str = "lib", design: AnyDesign | None = None
) -> Path:
    """Build the C simulation of the project in ``folder``; waits for another thread or process that does so.

    Args:
        folder: project folder.
        ap_types: compute with ``ap_int`` instead of machine integers (slower, the same values).
        stamp: part of the library's name.
        design: what the project must hold, if that could have changed.

    Returns:
        The shared library.

    Raises:
        ToolNotFoundError: no C++ compiler.
        ToolFailedError: the compiler reported errors; the message ends with its last lines.
        GraphError: no project of hlsq, or not that of ``design``.
    """
    path = Path(folder)
    environment = {"HLSQ_CXX": str(find_cxx()), "HLSQ_AP_TYPES": str(int(ap_types))}
    with building(path, ToolFailedError):
        with reading(path):
            if design is not None:
                check_design(path, design)
            library = path / library_name(top_function(path), stamp)
        run_tool(["bash", "build_lib.sh", stamp], cwd=path, log_file="build_lib.log", env=environment)
    return library


def compile_rtl(folder: Path, design: FoldedDesign) -> RtlSimulation:
    """Build the RTL simulation of the project in ``folder``; waits for another thread or process that does so.

    Raises:
        ToolNotFoundError: no Verilator, make or C++ compiler.
        ToolFailedError: one of them failed; the message ends with its last lines.
        GraphError: the folder does not hold the project of ``design``.
    """
    with building(folder, ToolFailedError):
        with reading(folder):
            check_design(folder, design)
        build_simulation(folder)
    return RtlSimulation(design.program, design.graph, folder)


@dataclass(frozen=True, eq=False)
class Simulation:
    """A loaded C simulation.

    Attributes:
        design: of the network that is simulated.
        library: of the project.
        network: of an overlay, what it is given to run ``design``.
    """

    design: AnyDesign
    library: ctypes.CDLL
    network: Network | None = None

    @classmethod
    def load(cls, design: AnyDesign, library: Path) -> Simulation:
        """Load a library that ``compile_library`` built.

        The loader caches libraries by path, so a private copy is loaded; rebuilding then really takes effect.
        """
        with tempfile.TemporaryDirectory(prefix="hlsq_") as folder:
            try:
                copy = shutil.copy(library, folder)
            except OSError as error:
                raise ToolFailedError(
                    f"the C simulation {str(library)!r} cannot be loaded: {reason(error)}; if another process has "
                    "replaced its project meanwhile, compile again"
                ) from error
            loaded = ctypes.CDLL(copy)
        return cls(design, loaded)

    def run(self, inputs: Mapping[str, Ints], *, trace: bool = False) -> tuple[dict[str, Ints], dict[str, Ints]]:
        """Outputs, and with ``trace`` all tensors, for input integers [samples, ...] by name.

        Raises:
            InputError: an integer that the input's format does not have.
            ToolFailedError: packets were left over in a stream.
        """
        tensors = self.design.tensors
        ready = self._ready(inputs)
        samples = len(next(iter(ready.values())))
        outputs = self._output_buffers(samples)
        traces = {name: _buffer(samples, tensor) for name, tensor in tensors.items()} if trace else {}
        pointers = _pointers(list(traces.values())) if trace else None
        self._call("integers", samples, ready, outputs, pointers)
        return self._shaped(outputs), self._shaped(traces)

    def iterations(self, inputs: Mapping[str, Ints]) -> dict[str, int]:
        """Iterations of each block's pipelined loop, by name, summed over the samples of ``inputs``.

        Raises:
            InputError: as ``run``.
            ToolFailedError: as ``run``.
        """
        ready = self._ready(inputs)
        samples = len(next(iter(ready.values())))
        counts = np.zeros(1 + max(self.design.counted.values()), dtype=np.int64)
        self._call("iterations", samples, ready, self._output_buffers(samples), ctypes.c_void_p(counts.ctypes.data))
        return {name: int(counts[number]) for name, number in self.design.counted.items()}

    def _ready(self, inputs: Mapping[str, Ints]) -> dict[str, Ints]:
        """Inputs as the library reads them."""
        ready = {i.name: np.ascontiguousarray(inputs[i.name], dtype=np.int64) for i in self.design.graph.inputs}
        for item in self.design.graph.inputs:
            x = ready[item.name]
            if x.size and not (item.format.qmin <= int(x.min()) and int(x.max()) <= item.format.qmax):
                raise InputError(
                    f"input {item.name!r} has integers from {int(x.min())} to {int(x.max())}; its format "
                    f"{item.format} has {item.format.qmin} to {item.format.qmax}"
                )
        return ready

    def _output_buffers(self, samples: int) -> dict[str, Ints]:
        return {name: _buffer(samples, self.design.tensors[name]) for name in self.design.graph.outputs}

    def _call(
        self, name: str, samples: int, inputs: Mapping[str, Ints], outputs: Mapping[str, Ints], last: Any
    ) -> None:
        function = getattr(self.library, f"{self.design.options.top}_{name}")
        function.restype = ctypes.c_int64
        given = () if self.network is None else (self.network.pointer,)
        left = function(
            ctypes.c_int64(samples), _pointers(list(inputs.values())), _pointers(list(outputs.values())), last, *given
        )
        if left:
            raise ToolFailedError(
                f"the C simulation left {left} packets in its streams after {samples} samples; every sample must use "
                "up its input and fill its output exactly, so a change of the generated C++ is the likely cause"
            )

    def _shaped(self, buffers: dict[str, Ints]) -> dict[str, Ints]:
        shapes, intervals = self.design.graph.shapes, self.design.graph.intervals
        return {
            name: buffer.reshape(len(buffer), *shapes[name]).astype(storage(intervals[name]))
            for name, buffer in buffers.items()
        }


def _buffer(samples: int, tensor: Tensor) -> Ints:
    return np.empty((samples, tensor.size), dtype=np.int64)


def _pointers(arrays: list[Ints]) -> Any:
    kind = ctypes.c_void_p * len(arrays)
    return kind(*(array.ctypes.data for array in arrays))
