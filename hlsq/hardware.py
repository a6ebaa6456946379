"""``HardwareModel``: a quantised network, its project folder, its C simulation."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hlsq.counted import counted
from hlsq.emulate.emulator import Emulator
from hlsq.emulate.host import apply_host
from hlsq.emulate.inputs import as_inputs
from hlsq.errors import InputError, OptionError, OutputFileError, VerificationError
from hlsq.escape import shown
from hlsq.files.write import write_file
from hlsq.graph import Graph, QuantizedGraph
from hlsq.plan import Plan
from hlsq.simulate import simulate
from hlsq.verification import Expected, Verification, verify

if TYPE_CHECKING:
    from hls4ml.model.graph import ModelGraph

    from hlsq.backends.folded import FoldedProgram
    from hlsq.backends.folded.pipeline import PipelinedProgram
    from hlsq.backends.verilog.simulation import RtlSimulation, Run
    from hlsq.backends.vitis.design import Design
    from hlsq.backends.vitis.designs import AnyDesign
    from hlsq.backends.vitis.folded.design import FoldedDesign
    from hlsq.backends.vitis.simulation import Simulation
    from hlsq.backends.vitis.vectors import Vectors
    from hlsq.cost.estimate import Estimate
    from hlsq.cost.stalls import Flow, Style
    from hlsq.emulate.deviation import Deviation
    from hlsq.report import Report
    from hlsq.report.synthesis import SynthesisReport

Values = NDArray[Any]
Inputs = ArrayLike | Mapping[str, ArrayLike]
CHUNK = 64
"""Samples whose outputs become real numbers at a time; that takes copies in float64."""


@dataclass(eq=False, repr=False)
class HardwareModel:
    """A network as hardware. ``hlsq.convert`` and ``hlsq.load_project`` make one.

    Several threads may use one at once; what two of them need compiled is compiled by the first.

    Attributes:
        design: PEs, types and streams of the hardware.
        output_dir: the project folder.
        plan: the formats it was quantised with, None for a project that was loaded without.
        float_graph: the float network, None for a project that was loaded.
        deviations: per block, how often its rounding differs from real arithmetic on the first calibration samples
            (at most 64; the report says how many).
    """

    design: AnyDesign
    output_dir: Path
    plan: Plan | None = None
    float_graph: Graph | None = None
    deviations: Mapping[str, Deviation] = field(default_factory=dict)
    accuracy: dict[str, float] = field(default_factory=dict)
    _model_graph: Any = field(default=None, repr=False)
    _simulations: dict[bool, tuple[str, Simulation | RtlSimulation]] = field(default_factory=dict, repr=False)
    _lock: Any = field(default_factory=threading.RLock, init=False, repr=False)
    """Of the two above, and of compiling."""

    def __repr__(self) -> str:
        options = self.design.options
        kind = options.io_type if options.architecture == "dataflow" else options.architecture
        return (
            f"<HardwareModel {self.graph.name!r}: {counted(len(self.graph.blocks), 'block')}, {kind}, "
            f"{options.part}{self._left_to_the_host()}, in {str(self.output_dir)!r}>"
        )

    def __getstate__(self) -> dict[str, Any]:
        """Without what belongs to this process; a copy in another compiles for itself."""
        return self.__dict__ | {"_model_graph": None, "_simulations": {}, "_lock": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _lock=threading.RLock())

    @property
    def graph(self) -> QuantizedGraph:
        """The integer network."""
        return self.design.network

    @property
    def program(self) -> FoldedProgram | PipelinedProgram:
        """Engines, instructions and memory map of a folded accelerator, or of each stage of a pipeline; ``print`` it.

        Raises:
            OptionError: a design of another architecture.
        """
        from hlsq.backends.vitis.design import Design

        if isinstance(self.design, Design):
            raise OptionError("a dataflow design has no program; convert with architecture='folded'")
        return self.design.program

    def with_network(self, network: HardwareModel | QuantizedGraph) -> HardwareModel:
        """Another network on this overlay (``program="axi"``): the same hardware, and the same compiled C simulation.

        Args:
            network: an integer network, or a hardware model with one.

        Raises:
            OptionError: this hardware is no overlay, or ``network`` is neither of these.
            ResourceError: the network does not fit its engines or memories; names block, need, limit and remedy.
            UnsupportedLayerError: the folded accelerator does not run it.
        """
        found = HardwareModel(self._hosting(network), self.output_dir)
        found._simulations = self._simulations
        found._lock = self._lock
        return found

    def _hosting(self, network: HardwareModel | QuantizedGraph) -> FoldedDesign:
        from hlsq.backends.vitis.folded.design import FoldedDesign

        host = self._written
        if not isinstance(host, FoldedDesign) or host.program.overlay is None:
            raise OptionError(
                "only an overlay runs other networks; convert with architecture='folded' and program='axi'"
            )
        graph = network.graph if isinstance(network, HardwareModel) else network
        if not isinstance(graph, QuantizedGraph):
            raise OptionError(
                f"network is {shown(network)}; an overlay runs a hardware model, or its graph: convert it with "
                "architecture='folded' and give what comes of that"
            )
        return FoldedDesign(graph, host.options, host=host)

    def program_image(
        self, network: HardwareModel | QuantizedGraph | None = None, path: str | Path | None = None
    ) -> bytes:
        """What lies in memory for an overlay to run a network: little-endian words of 64 bits.

        Args:
            network: as for ``with_network``; None for this one.
            path: of a file to write it to.

        Raises:
            OptionError, ResourceError, UnsupportedLayerError: see ``with_network``.
            OutputFileError: it cannot be written.
        """
        from hlsq.backends.vitis.folded.overlay import image_bytes

        content = image_bytes(self._hosting(self if network is None else network).program)
        if path is not None:
            write_file(path, content, OutputFileError, "the image of an overlay")
        return content

    def run_image(self, network: HardwareModel | QuantizedGraph, x: Inputs, **options: Any) -> Any:
        """C simulation of another network on this overlay; ``options`` and result as for ``predict``.

        Raises:
            OptionError, ResourceError, UnsupportedLayerError: see ``with_network``.
        """
        return self.with_network(network).predict(x, **options)

    @property
    def dataflow(self) -> Design:
        """The design of a dataflow architecture.

        Raises:
            OptionError: a design of another architecture.
        """
        from hlsq.backends.vitis.design import Design

        if not isinstance(self.design, Design):
            raise OptionError("not for a folded accelerator; convert with architecture='dataflow'")
        return self.design

    @property
    def model_graph(self) -> ModelGraph:
        """The underlying hls4ml ``ModelGraph``."""
        with self._lock:
            if self._model_graph is None:
                from hlsq.backends.vitis.nodes import build_model_graph

                self._model_graph = build_model_graph(self.design, self.output_dir)
            return self._model_graph

    def emulate(
        self,
        x: Inputs,
        *,
        raw: bool = False,
        trace: bool = False,
        host: bool = False,
        batch_size: int = 32,
        threads: int | None = None,
        progress: bool | None = None,
    ) -> Any:
        """Bit-exact integer emulation of the hardware.

        Where the model ends in softmax or sigmoid, that is left to the host (``graph.host`` says which outputs): the
        values are what it reads, so logits and no probabilities, unless ``host`` applies it.

        Args:
            x: real inputs [samples, ...]; for several inputs a mapping by name or a list in order.
            raw: return integers instead of real values.
            trace: return the integers of every input and block, name to [samples, ...].
            host: apply the softmax or sigmoid that is left to the host, which gives what the model itself returns.
            batch_size: samples that a thread computes at a time; bounds the memory.
            threads: None for one per core.
            progress: a progress bar; None shows one on a terminal for long runs.

        Returns:
            float32 outputs [samples, ...] (a list for several outputs), or integers, or the trace.

        Raises:
            InputError: wrong shape, or values that are not finite.
            OptionError: ``host`` with ``raw`` or ``trace``, which are the hardware's integers; one that is no bool.
        """
        _check_flags(host=host, raw=raw, trace=trace)
        emulator = Emulator(self.graph, batch_size, threads)
        result = emulator.run(x, trace=trace, progress=progress)
        return result.blocks if trace else self._outputs(result.outputs, raw, host)

    def compile(self, *, ap_types: bool = False) -> None:
        """Build the C simulation with g++ (``HLSQ_CXX`` names another compiler), or the RTL simulation with Verilator.

        Args:
            ap_types: compute with the ``ap_int`` classes of synthesis instead of machine integers: slower, the same
                values.

        Raises:
            ToolNotFoundError: no C++ compiler.
            ToolFailedError: the compiler reported errors.
            GraphError: another network has been converted into the folder meanwhile.
        """
        from hlsq.backends.vitis.folded.design import FoldedDesign
        from hlsq.backends.vitis.simulation import Simulation, compile_library, compile_rtl

        _check_flags(ap_types=ap_types)
        with self._lock:
            digest = self._digest()  # before, so that what is edited meanwhile is compiled again
            if isinstance(self.design, FoldedDesign) and self._is_rtl:
                if ap_types:
                    raise OptionError("ap_types=True simulates C++; leave it out with language='systemverilog'")
                self._simulations[ap_types] = digest, compile_rtl(self.output_dir, self.design)
                return
            stamp = "ap" if ap_types else "lib"
            library = compile_library(self.output_dir, ap_types=ap_types, stamp=stamp, design=self._written)
            self._simulations[ap_types] = digest, Simulation.load(self._written, library)

    def predict(
        self,
        x: Inputs,
        *,
        raw: bool = False,
        trace: bool = False,
        host: bool = False,
        ap_types: bool = False,
        threads: int | None = None,
    ) -> Any:
        """C simulation; compiles first if that has not happened since the sources last changed.

        Arguments and result as for ``emulate``, and the same values: logits, where the model ends in softmax or
        sigmoid, unless ``host`` applies that. Threads simulate different samples; C++ that was given variables which
        they would share needs ``threads=1``.
        """
        _check_flags(host=host, raw=raw, trace=trace, ap_types=ap_types)
        emulator = Emulator(self.graph, threads=threads)
        real = as_inputs(self.graph.inputs, x)
        simulation = self._simulation(ap_types)
        results = simulate(self.graph, partial(simulation.run, trace=trace), real, trace, emulator.threads)
        return results if trace else self._outputs(results, raw, host)

    def count_iterations(self, x: Inputs, *, ap_types: bool = False) -> dict[str, int]:
        """Iterations of each block's pipelined loop in C simulation, summed over samples.

        At an initiation interval of 1 these are the cycles that the block needs; ``design.by_name[block].iterations``
        says how many one sample takes.

        Args:
            x: real inputs, as for ``emulate``.
            ap_types: simulate with the ``ap_int`` classes.
        """
        _check_flags(ap_types=ap_types)
        integers = Emulator(self.graph).quantize_inputs(x)
        return self._simulation(ap_types).iterations(integers)

    def cosim(self, x: Inputs, *, stalls: int = 0, reset: int = 0) -> Run:
        """RTL simulation of SystemVerilog, cycle by cycle.

        Args:
            x: real inputs, as for ``emulate``.
            stalls: seed of streams that wait at random, inputs as well as outputs; 0 for streams that never do.
            reset: a clock cycle in which the hardware is reset; until then it works on the last sample, again and
                again, and from then on all of ``x``. 0 for no reset.

        Returns:
            Integers of the outputs, and the clock cycles of each instruction.

        Raises:
            OptionError: a design in C++, or a number below 0.
        """
        from hlsq.backends.verilog.simulation import RtlSimulation

        if type(stalls) is not int or stalls < 0:
            raise OptionError(f"stalls {shown(stalls)} must be a whole number: a seed, or 0")
        if type(reset) is not int or reset < 0:
            raise OptionError(f"reset {shown(reset)} must be a whole number: a clock cycle, or 0 for none")
        if not self._is_rtl:
            raise OptionError("cosim simulates SystemVerilog; convert with language='systemverilog'")
        simulation = self._simulation(False)
        assert isinstance(simulation, RtlSimulation)  # noqa: S101 - see above
        return simulation.cosimulate(Emulator(self.graph).quantize_inputs(x), stalls=stalls, reset=reset)

    def simulate_streams(
        self,
        samples: int = 4,
        *,
        style: Style | Mapping[str, Style] = "flp",
        pipeline_depth: int | Mapping[str, int] = 12,
        rewind: bool = False,
    ) -> Flow:
        """Cycle model of the streamed design with its FIFOs: whether samples come through, when, how full FIFOs get.

        The pipelines' depths are the tool's choice and stand in its report of the synthesis.

        Args:
            samples: one after the other.
            style: ``"flp"`` for pipelines that flush, as the C++ asks for, or ``"stp"`` for those that stall as a
                whole; for all or by the name of a block.
            pipeline_depth: cycles from a read to the write that follows from it; for all blocks or by the name of a
                process. Those that copy a tensor have two where nothing is said, the host one.
            rewind: whether loops start the next sample while the last one is still in their pipelines.

        Raises:
            OptionError: a design without streams (io_parallel), or an option with a value that is not allowed.
        """
        from hlsq.cost.estimate.pipeline import COPY_STAGES
        from hlsq.cost.stalls import run

        design = self.dataflow
        if design.options.io_type != "io_stream":
            raise OptionError(
                "simulate_streams: a design in io_parallel has no streams; convert with io_type='io_stream'"
            )
        if not isinstance(pipeline_depth, Mapping):
            between = [process for process in design.processes if process.inputs and process.outputs]
            pipeline_depth = {p.name: COPY_STAGES if p.copies else pipeline_depth for p in between}
        return run(
            design.processes,
            design.channel_depths,
            style=style,
            pipeline=pipeline_depth,
            samples=samples,
            rewind=rewind,
        )

    def verify(self, x: Inputs | None = None, *, ap_types: bool = False, progress: bool | None = None) -> Verification:
        """Compare every integer of every block between emulation and C simulation.

        With the vectors stored with the project, the emulation's outputs are compared with the stored ones as well, as
        the project's own test bench does with those of the C++.

        Args:
            x: real inputs; None takes the stored vectors.
            ap_types: simulate with the ``ap_int`` classes.
            progress: a progress bar; None shows one on a terminal for long runs.

        Raises:
            VerificationError: the first block, in the order of the network, with a difference.
            InputError: no samples, or wrong ones; stored vectors that are missing, empty, damaged or incomplete.
        """
        from hlsq.backends.vitis.integrity import edited_files

        _check_flags(ap_types=ap_types)
        stored = None
        if x is None:
            vectors = self._vectors()
            real: Mapping[str, Values] = self._real(vectors.inputs)
            stored = Expected(vectors.outputs, vectors.files)
        else:
            real = as_inputs(self.graph.inputs, x)
        simulation = self._simulation(ap_types)
        try:
            what = "RTL simulation" if self._is_rtl else "C simulation"
            return verify(Emulator(self.graph), partial(simulation.run, trace=True), real, stored, progress, what)
        except VerificationError as error:
            found = error.block, error.index, error.expected, error.actual, error.mismatches, error.source
            raise VerificationError(*found, edited_files(self.output_dir)) from None

    def build(
        self, *, csim: bool = True, synth: bool = True, cosim: bool = False, **options: Any
    ) -> dict[str, Any] | SynthesisReport:
        """Run Vitis HLS: ``vitis-run`` if installed, else ``vitis_hls`` (``HLSQ_VITIS`` names one of them).

        SystemVerilog is synthesised with Yosys (``HLSQ_YOSYS`` names it), and ``csim`` has no meaning.

        Args:
            csim: C simulation with the stored vectors.
            synth: C synthesis.
            cosim: co-simulation of the synthesised design with the stored vectors.
            options: ``export``, ``vsynth``, ``reset``, ``log_to_stdout``.

        Returns:
            hls4ml's synthesis report; of SystemVerilog the cells and the longest path, which ``report`` shows too.

        Raises:
            OptionError: an option that does not exist, or a step that there is not for the design's language.
            ToolNotFoundError: Vitis HLS, or Yosys, is not installed.
            ToolFailedError: it failed; its log is ``vitis_hls.log``, or ``rtl/yosys.log``, in the project folder.
            GraphError: another network has been converted into the folder meanwhile.
        """
        from hlsq.backends.vitis.build import run_build, run_synthesis

        if self._is_rtl:
            return run_synthesis(self.output_dir, design=self.design, synth=synth, cosim=cosim, **options)
        return run_build(self.output_dir, design=self.design, csim=csim, synth=synth, cosim=cosim, **options)

    def estimate(self) -> Estimate:
        """What the hardware is expected to take of its part, how many cycles a sample takes, and how useful they are.

        An estimate of synthesis for 7 series, made of measured units; see ``hlsq.cost.estimate``.
        """
        return self.design.estimate

    def report(self) -> Report:
        """Memory, PEs, widths and formats per block; ``print`` it, or ``.to_json()``, ``.to_html()``.

        What Yosys, or Vivado, found for the project's SystemVerilog stands beside the estimate.
        """
        from hlsq.backends.verilog.synthesis import read_synthesis
        from hlsq.backends.vitis.facts import design_facts
        from hlsq.report import make_report

        facts = design_facts(self.design)
        if self._is_rtl:
            facts = replace(facts, synthesis=read_synthesis(self.output_dir))
        return make_report(self.design.graph, facts, self.plan, self.float_graph, self.deviations, self.accuracy)

    def write_vectors(self, x: Inputs) -> None:
        """Store ``x`` and its expected outputs as the vectors of the test bench.

        Raises:
            GraphError: another network has been converted into the folder meanwhile.
        """
        from hlsq.backends.vitis.project import write_vectors

        write_vectors(self.design, self.output_dir, *expected_integers(self.graph, x))

    def stored_inputs(self) -> dict[str, Values]:
        """Real values of the input vectors stored with the project.

        Raises:
            InputError: the stored vectors are missing, empty, damaged or incomplete.
        """
        return self._real(self._vectors().inputs)

    def _vectors(self) -> Vectors:
        """Those stored with the project."""
        from hlsq.backends.vitis.vectors import read_vectors

        if self._written is not self.design:
            raise InputError(
                f"the vectors stored in {str(self.output_dir)!r} are those of the network that the overlay was made "
                "for, and not of this one; give samples"
            )
        return read_vectors(self.design, self.output_dir)

    def _real(self, integers: Mapping[str, Values]) -> dict[str, Values]:
        return {name: self.graph.formats[name].dequantize(values) for name, values in integers.items()}

    def _simulation(self, ap_types: bool) -> Simulation | RtlSimulation:
        with self._lock:
            if ap_types not in self._simulations or self._simulations[ap_types][0] != self._digest():
                self.compile(ap_types=ap_types)
            simulation = self._simulations[ap_types][1]
        from hlsq.backends.verilog.simulation import RtlSimulation
        from hlsq.backends.vitis.folded.design import FoldedDesign
        from hlsq.backends.vitis.folded.network import given_network

        if isinstance(simulation, RtlSimulation):
            return simulation
        if not isinstance(self.design, FoldedDesign) or self.design.program.overlay is None:
            return simulation
        return replace(simulation, design=self.design, network=given_network(self.design, self.output_dir))

    @property
    def _is_rtl(self) -> bool:
        return self.design.options.language == "systemverilog"

    @property
    def _written(self) -> AnyDesign:
        """The design that the project folder holds."""
        return getattr(self.design, "host", None) or self.design

    def _digest(self) -> str:
        """Fingerprint of all sources, so that an edited file is compiled again."""
        digest = hashlib.sha256()
        if self._is_rtl:  # which reads its memories' content when it runs
            files = sorted(self.output_dir.glob("rtl/*"))
        else:
            files = sorted(self.output_dir.glob("firmware/**/*")) + sorted(self.output_dir.glob("*_bridge.cpp"))
        for path in files:
            if path.suffix in (".h", ".cpp", ".bin", ".sv") and "ap_types" not in path.parts:
                digest.update(path.name.encode() + path.read_bytes())
        return digest.hexdigest()

    def _outputs(self, integers: Mapping[str, Values], raw: bool, host: bool) -> Any:
        values: list[Values] = []
        for name in self.graph.outputs:
            if raw:
                values.append(integers[name])
                continue
            floats = np.empty(integers[name].shape, dtype=np.float32)
            for start in range(0, len(floats), CHUNK):
                part = slice(start, start + CHUNK)
                real = self.graph.formats[name].dequantize(integers[name][part])
                floats[part] = apply_host(name, self.graph.host.get(name) if host else None, real)
            values.append(floats)
        return values[0] if len(values) == 1 else values

    def _left_to_the_host(self) -> str:
        several = len(self.graph.outputs) > 1
        left = [
            f"{self.graph.host[name]} of {name!r}" if several else self.graph.host[name]
            for name in self.graph.outputs
            if name in self.graph.host
        ]
        return f", {' and '.join(left)} left to the host" if left else ""


def expected_integers(graph: QuantizedGraph, x: Inputs) -> tuple[Mapping[str, Values], Mapping[str, Values]]:
    """Integers of the inputs ``x`` and of the outputs, [samples, ...] by name.

    Raises:
        InputError: see ``HardwareModel.emulate``.
    """
    emulator = Emulator(graph)
    return emulator.quantize_inputs(x), emulator.run(x, progress=False).outputs


def _check_flags(**flags: bool) -> None:
    for name, value in flags.items():
        if not isinstance(value, (bool, np.bool_)):
            raise OptionError(f"{name} is {shown(value)}; allowed: True, False")
    if flags.get("host") and (flags["raw"] or flags["trace"]):
        integers = "raw" if flags["raw"] else "trace"
        raise OptionError(
            f"host=True asks for real values behind the hardware, {integers}=True for its integers; "
            "leave one of them out"
        )
