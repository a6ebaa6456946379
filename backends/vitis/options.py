"""What a user can ask of the generated hardware."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np

from hlsq.backends.folded.wishes import MOST_PES, read_engines
from hlsq.backends.pes import DualForm
from hlsq.backends.vitis.names import MOST_LETTERS, top_name
from hlsq.cost.estimate import Choices
from hlsq.cost.estimate.choices import Multipliers, Storage, Storages
from hlsq.cost.parts import Part, find_part, given_part, lookup_part
from hlsq.errors import OptionError
from hlsq.escape import shown
from hlsq.formats.packing import codes_per_word

IOType = Literal["io_stream", "io_parallel"]
BlockAccumulator = Literal["interval", "fxpqnet"] | int
ACCUMULATORS = ("interval", "fxpqnet")
MOST_SUM_BITS = 62
WORD_BITS = (8, 16, 32, 64)
Architecture = Literal["dataflow", "folded"]
Program = Literal["rom", "axi"]
Language = Literal["cpp", "systemverilog"]
CHOICES = {
    "architecture": Architecture, "program": Program, "language": Language, "dual": DualForm, "io_type": IOType,
    "multipliers": Multipliers,
}  # fmt: skip
"""Options that are one of several words."""
STORAGES = ("rom_storage", "line_storage", "fifo_storage")
"""Options that are one of several words, for all blocks or by block."""
DEFAULT_PART = "xc7a100tcsg324-1"
MOST_REUSE = 2**31 - 1
"""What a counter of 32 bits holds; no layer has as many products."""
MOST_CYCLES = 2**53
"""Between two samples; more than a year at any clock."""
MOST_FPS = 10**10
OF_DATAFLOW: Mapping[str, Any] = {
    "reuse_factor": None,
    "io_type": "io_stream",
    "word_bits": 16,
    "rom_storage": "auto",
    "line_storage": "auto",
    "separate_windows": "auto",
    "fifo_storage": "auto",
}
"""Options that a folded accelerator has no use for, with their defaults."""
OF_FOLDED: Mapping[str, Any] = {
    "pes": None, "engines": None, "dual": "booth", "program": "rom", "pipeline": False, "language": "cpp",
}  # fmt: skip
"""Those that a dataflow design has none for."""
TARGETS = ("target_interval", "target_fps", "target")
"""Options that say how fast a design has to be."""


@dataclass(frozen=True)
class HardwareOptions:
    """Options of ``hlsq.convert``.

    Args:
        part: FPGA part number, as ``hlsq.cost.parts.find_part`` understands it; an unknown one is refused.
        clock_period: in nanoseconds.
        clock_uncertainty: share of the period, in percent, that synthesis leaves to placement and routing. The default
            is that of Vitis HLS.
        io_type: ``"io_stream"`` (packets of one position through FIFOs) or ``"io_parallel"`` (whole maps in memories
            between the blocks, for small networks). The blocks are the same.
        reuse_factor: how many cycles of one output position share a PE. A number for the whole network (blocks with
            fewer products than that use one PE, dense layers whose input comes in more packets take a cycle for each);
            a mapping from block name to number for single blocks, with ``"default"`` for the others. Blocks that it
            leaves out have the valid value closest to 64, those without weights take as long as the slowest with
            weights. Beside a target, a mapping (without ``"default"``) keeps blocks out of the choice.
        target_interval: cycles from one sample to the next that every block has to keep, with the fewest PEs.
        target_fps: the same in samples a second, at ``clock_period``.
        target: ``"fit"`` for the fastest such pace whose estimate fits the part, which is chosen if neither a reuse
            factor nor a pace is given. Where the part is unknown, all reuse factors are those closest to 64.
        utilization: share of the part that ``target="fit"`` may take, and that counts as fitting.
        word_bits: width of the words that hold packed weight codes: 8, 16, 32 or 64.
        project_name: name of the project; the top function, and the files named after it, have ``_net`` at the end,
            as the default has: ``project_name="lenet"`` has the top function ``lenet_net``.
        accumulator: bits of a layer's partial sums of products, before its bias. ``"interval"`` takes what interval
            analysis of the actual weights says, bias included; ``"fxpqnet"`` 32 bits in first and last layers and 16
            in the others (FxP-QNet IV-B); a number that many. A mapping from block name to one of these, with
            ``"default"`` for the others. Widths at which a sum could overflow are refused with the design.
        multipliers: where products are computed that are no shifts: in ``"dsp"`` blocks, in ``"fabric"``, or, with
            ``"auto"``, as synthesis likes it, which takes fabric for narrow operands. Sums of products are in fabric.
        rom_storage: what holds the weights: ``"lutram"``, ``"bram"``, or ``"auto"``, by their size. A mapping from
            block name says it for single blocks. With a target, those of ``"auto"`` also move to where there is room,
            if a known part has not enough of what their size asks for.
        line_storage: the same for line buffers, and for the input vectors that dense layers keep.
        separate_windows: names of convolutions whose windows a process of its own makes, so that PEs work on while none
            ends, as between strides; those whose windows fit into a word of a stream. ``"auto"``: with a target (and
            streams), those that need fewer PEs that way and hardly more LUTs. Their windows are blocks of the hardware,
            named after them.
        fifo_storage: the same for the streams of more than two words that a block reads.
        resources: what the part has, where it is unknown, or less of it is free: the number of each of ``lut``, ``ff``,
            ``dsp``, ``bram36`` (block RAMs of 36 Kb) and ``uram``; of ``lutram`` (LUTs that can be memories), a quarter
            of ``lut`` if it is left out. The part may then be any. None: as known.
        part_check: False takes an unknown part too; what it has is then unknown.
        architecture: ``"dataflow"`` (a function and an array of PEs for every block, all at work at once) or
            ``"folded"`` (layers take turns on the same PEs, told by instructions).
        pes: of a folded accelerator, the most PEs of an engine. Without it, a pace gives the fewest that keep it, and
            ``target="fit"``, which is the default there as well, those of the fastest that fits.
        engines: its engines, by name; None groups blocks by the widths of their weights. Each is a mapping: ``taps``,
            ``outputs`` and ``positions`` of its array; ``kind`` of its PEs (``"multiply"``, ``"shift"``, ``"sign"`` or
            ``"dual"``; the simplest that can do it, if left away); ``multiplier``, ``"lut"`` or ``"dsp"``, for PEs that
            multiply; ``blocks``, the names of those that run on it (those that no other engine names, if left away);
            ``weight_width`` and ``activation_width``, the most bits that its PEs take.
        dual: form of PEs that multiply or shift: ``"booth"`` (weights select multiples of the activation) or ``"mux"``
            (multiplier, shifter and selector).
        program: where a folded accelerator has instructions, weights and tables: ``"rom"``, in memories of its own, or
            ``"axi"``, in memory behind an AXI port, from which those of the next instruction are loaded while one runs.
            Other networks that fit then run on the same hardware.
        pipeline: of a folded accelerator, whether it has several stages, engines and memories of their own, each of
            which works on a sample of its own. True: a stage for each of ``engines``, or, without these, for each layer
            with weights (and those without that follow it). A number: so many stages, cut where the slowest one is
            fastest. ``pes`` are then those of all stages, as are those that a target chooses.

    Raises:
        OptionError: a value that is not allowed.
        language: of a folded accelerator: ``"cpp"`` for Vitis HLS, or ``"systemverilog"``, which Verilator simulates.
    """

    part: str = DEFAULT_PART
    clock_period: float = 5.0
    clock_uncertainty: float = 27.0
    io_type: IOType = "io_stream"
    reuse_factor: int | Mapping[str, int] | None = None
    target_interval: int | None = None
    target_fps: float | None = None
    target: Literal["fit"] | None = None
    utilization: float = 0.8
    word_bits: int = 16
    project_name: str = "hlsq_net"
    accumulator: BlockAccumulator | Mapping[str, BlockAccumulator] = "interval"
    multipliers: Multipliers = "auto"
    rom_storage: Storages = "auto"
    line_storage: Storages = "auto"
    separate_windows: Literal["auto"] | Sequence[str] = "auto"
    fifo_storage: Storages = "auto"
    resources: Mapping[str, int] | None = None
    part_check: bool = True
    architecture: Architecture = "dataflow"
    pes: int | None = None
    engines: Mapping[str, Mapping[str, Any]] | None = None
    dual: DualForm = "booth"
    program: Program = "rom"
    pipeline: bool | int = False
    language: Language = "cpp"

    def __post_init__(self) -> None:
        numbers = (
            "clock_period",
            "clock_uncertainty",
            "word_bits",
            "reuse_factor",
            "accumulator",
            "resources",
            "pes",
            "engines",
            "pipeline",
        )
        for name in (*numbers, "target_interval", "target_fps", "utilization", "part_check"):
            object.__setattr__(self, name, _plain(getattr(self, name)))
        for name, kinds in CHOICES.items():
            if not isinstance(getattr(self, name), str) or getattr(self, name) not in get_args(kinds):
                raise OptionError.unknown(name, getattr(self, name), get_args(kinds))
        for name in STORAGES:
            said = getattr(self, name)
            for storage in said.values() if isinstance(said, Mapping) else [said]:
                if not isinstance(storage, str) or storage not in get_args(Storage):
                    raise OptionError.unknown(name, storage, get_args(Storage))
        apart = self.separate_windows
        if not isinstance(apart, str) or apart != "auto":
            if not isinstance(apart, (list, tuple)) or not all(isinstance(name, str) for name in apart):
                raise OptionError(f"separate_windows {shown(apart)} must be 'auto' or a list of names of convolutions")
            object.__setattr__(self, "separate_windows", sorted(set(apart)))
        if not isinstance(self.part, str) or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", self.part):
            raise OptionError(f"part {shown(self.part)} is no part number; expected something like {DEFAULT_PART!r}")
        if not isinstance(self.part_check, bool):
            raise OptionError(f"part_check {shown(self.part_check)} must be True or False")
        if self.resources is not None:
            given_part(self.part, self.resources)
        elif self.part_check:
            find_part(self.part)
        period = self.clock_period
        if isinstance(period, bool) or not isinstance(period, (int, float)) or not 0.1 <= period <= 1000:
            raise OptionError(
                f"clock_period {shown(period)} must be a number of nanoseconds from 0.1 to 1000, such as 5.0, "
                "without a unit"
            )
        share = self.clock_uncertainty
        if isinstance(share, bool) or not isinstance(share, (int, float)) or not 0 <= share < 100:
            raise OptionError(f"clock_uncertainty {shown(share)} must be from 0 to less than 100 percent of the period")
        if type(self.word_bits) is not int or self.word_bits not in WORD_BITS:
            raise OptionError(f"word_bits {shown(self.word_bits)} is unknown; valid: {', '.join(map(str, WORD_BITS))}")
        name = self.project_name
        if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name) or len(name) > MOST_LETTERS:
            raise OptionError(
                f"project_name {shown(name)} must be a C++ name: letters, digits and underscores, beginning with a "
                f"letter, at most {MOST_LETTERS} of them"
            )
        factors = self.reuse_factor.values() if isinstance(self.reuse_factor, Mapping) else [self.reuse_factor]
        for factor in factors:
            if factor is not None and not (type(factor) is int and 1 <= factor <= MOST_REUSE):
                raise OptionError(f"reuse_factor {shown(factor)} must be a whole number from 1 to {MOST_REUSE}")
        self._check_target()
        if self.pes is not None and not (type(self.pes) is int and 1 <= self.pes <= MOST_PES):
            raise OptionError(f"pes {shown(self.pes)} must be a whole number of PEs from 1 to {MOST_PES}")
        if self.engines is not None:
            read_engines(self.engines)
        self._check_pipeline()
        given = self.accumulator.values() if isinstance(self.accumulator, Mapping) else [self.accumulator]
        for wanted in given:
            bits = wanted if isinstance(wanted, int) and not isinstance(wanted, bool) else 0
            named = isinstance(wanted, str) and wanted in ACCUMULATORS
            if not named and not 2 <= bits <= MOST_SUM_BITS:
                raise OptionError(
                    f"accumulator {shown(wanted)} must be a whole number of bits from 2 to {MOST_SUM_BITS}, or one of: "
                    f"{', '.join(ACCUMULATORS)}"
                )
        self._check_architecture()

    def _check_pipeline(self) -> None:
        stages = self.pipeline
        if not isinstance(stages, bool) and not (type(stages) is int and stages >= 2):
            raise OptionError(f"pipeline {shown(stages)} must be True, False, or a number of stages from 2 on")
        if stages and self.program == "axi":
            raise OptionError(
                f"program='axi' and pipeline={stages}: an overlay has one program, and a pipeline one in each stage: "
                "give program='rom', or leave pipeline= out"
            )

    def _check_target(self) -> None:
        interval, fps = self.target_interval, self.target_fps
        if interval is not None and not (type(interval) is int and 1 <= interval <= MOST_CYCLES):
            raise OptionError(
                f"target_interval {shown(interval)} must be a whole number of cycles from 1 to {MOST_CYCLES}"
            )
        if fps is not None and (type(fps) not in (int, float) or not 0 < fps <= MOST_FPS):
            raise OptionError(
                f"target_fps {shown(fps)} must be a number of samples a second above 0, at most {MOST_FPS:,}"
            )
        if self.target is not None and not (isinstance(self.target, str) and self.target == "fit"):
            raise OptionError.unknown("target", self.target, ["fit"])
        share = self.utilization
        if type(share) not in (int, float) or not 0 < share <= 1:
            raise OptionError(f"utilization {shown(share)} must be a share of the part above 0, at most 1")
        given = [name for name in TARGETS if getattr(self, name) is not None]
        if len(given) > 1:
            both = " and ".join(f"{name}={getattr(self, name)!r}" for name in given)
            raise OptionError(f"{both} each say how fast the design has to be; give only one of them")
        if given and self.reuse_factor is not None and not isinstance(self.reuse_factor, Mapping):
            raise self.reuse_for_all()

    def _check_architecture(self) -> None:
        """Refuse what says nothing to the architecture."""
        folded = self.architecture == "folded"
        if self.language == "systemverilog" and self.program == "axi":
            raise OptionError("language='systemverilog' has its program in ROM; give program='rom', or language='cpp'")
        if self.language == "systemverilog" and self.pipeline:
            raise OptionError("pipeline has no SystemVerilog yet; leave it out, or give language='cpp'")
        others = OF_DATAFLOW if folded else OF_FOLDED
        given = [name for name, value in others.items() if getattr(self, name) != value]
        if not given:
            return
        named = ", ".join(f"{name}={shown(getattr(self, name))}" for name in given)
        if folded:
            raise OptionError(
                f"architecture='folded' has no use for {named}: layers share the PEs of an engine, as many as pes=N or "
                "a target asks for; leave it out, or give architecture='dataflow'"
            )
        raise OptionError(
            f"architecture='dataflow' has no use for {named}: every block has PEs of its own, as many as reuse_factor "
            "or a target asks for; leave it out, or give architecture='folded'"
        )

    def reuse_for_all(self) -> OptionError:
        """The error for a target beside a reuse factor of the whole network; for the caller to raise."""
        given = next(name for name in TARGETS if getattr(self, name) is not None)
        return OptionError(
            f"{given}={getattr(self, given)!r} chooses the reuse factors, so reuse_factor {shown(self.reuse_factor)} "
            "cannot apply to the whole network; give one of them, or a mapping with factors of single blocks, as in "
            'reuse_factor={"conv1": 4}'
        )

    @property
    def has_target(self) -> bool:
        """Whether reuse factors follow from a pace."""
        return self.wants_fit or any(getattr(self, name) is not None for name in TARGETS)

    @property
    def wants_fit(self) -> bool:
        """Whether the pace is the fastest that fits: asked for, or as nothing else is."""
        others = (self.reuse_factor, self.pes, self.engines, self.target_interval, self.target_fps)
        return self.target == "fit" or all(other is None for other in others)

    @property
    def interval(self) -> int | None:
        """Cycles a sample that the target allows; None without such a target."""
        if self.target_fps is None:
            return self.target_interval
        if 1e9 / (MOST_CYCLES * self.clock_period) >= self.target_fps:
            return MOST_CYCLES
        cycles = int(1e9 / (self.target_fps * self.clock_period))
        # The quotient may be rounded to just below a whole number, so that the next one is still fast enough.
        return cycles + (1e9 / ((cycles + 1) * self.clock_period) >= self.target_fps)

    @property
    def targets(self) -> str:
        """What says how fast the design has to be, as it was given."""
        name = next((name for name in TARGETS if getattr(self, name) is not None), "target")
        return f"{name}={getattr(self, name)!r}"

    @property
    def asked(self) -> str:
        """The target, for messages."""
        if self.target_fps is not None:
            return f"target_fps={self.target_fps:g} is {self.interval:,} cycles of {self.clock_period:g} ns"
        return f"target_interval={self.target_interval}"

    @property
    def top(self) -> str:
        """Name of the top function."""
        return top_name(self.project_name)

    @property
    def capacity(self) -> Part | None:
        """What the part has, as ``resources`` say or as is known; None if neither."""
        return lookup_part(self.part) if self.resources is None else given_part(self.part, self.resources)

    @property
    def choices(self) -> Choices:
        """What of these the cost depends on."""
        stored = self.rom_storage, self.line_storage, self.fifo_storage
        return Choices(self.io_type == "io_stream", self.multipliers, *stored)

    def stored(self, choices: Choices) -> HardwareOptions:
        """The same, with memories where ``choices`` have them."""
        return replace(self, rom_storage=choices.roms, line_storage=choices.lines, fifo_storage=choices.fifos)

    def accumulator_for(self, block: str) -> BlockAccumulator:
        """What ``accumulator`` says of ``block``."""
        if isinstance(self.accumulator, Mapping):
            return self.accumulator.get(block, self.accumulator.get("default", "interval"))
        return self.accumulator

    def reuse_for(self, block: str) -> tuple[int | None, bool]:
        """The wanted reuse factor of ``block``, and whether it was asked for by the block's own name."""
        if isinstance(self.reuse_factor, Mapping):
            if block in self.reuse_factor:
                return self.reuse_factor[block], True
            return self.reuse_factor.get("default"), False
        return self.reuse_factor, False

    def word_for(self, code_bits: int) -> int:
        """Width of the words that hold codes of ``code_bits``: ``word_bits``, or wider where no code would fit."""
        word = next(w for w in WORD_BITS if w >= max(self.word_bits, code_bits))
        codes_per_word(code_bits, word)
        return word


def _plain(value: Any) -> Any:
    """NumPy's numbers, also in a mapping, as Python's, which JSON can hold."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return {key: _plain(item) for key, item in value.items()} if isinstance(value, Mapping) else value
