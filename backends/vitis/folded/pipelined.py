"""A pipeline of folded accelerators as a design: its stages, and what its top function looks like from outside."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

from hlsq.backends.folded.grouping import DEFAULT_PES
from hlsq.backends.folded.pipeline import PipelinedProgram, Stage, compile_pipeline
from hlsq.backends.folded.stages import layers
from hlsq.backends.folded.wishes import MOST_PES
from hlsq.backends.vitis.folded.buffers import check_buffers, largest_maps
from hlsq.backends.vitis.folded.costs import cost_facts
from hlsq.backends.vitis.folded.design import FoldedBlock, FoldedDesign, engine_options
from hlsq.backends.vitis.folded.sizing import sized
from hlsq.backends.vitis.limits import TOOL_LIMITS, ToolLimits
from hlsq.backends.vitis.names import identifiers
from hlsq.backends.vitis.options import HardwareOptions
from hlsq.backends.vitis.tensors import Stream, Tensor
from hlsq.cost.estimate import Estimate
from hlsq.cost.estimate.words import percent
from hlsq.cost.folded.pipeline import Fifo, estimate_pipeline
from hlsq.graph import QuantizedGraph

MEETING = 2
"""Words of a stream whose two ends meet."""


@dataclass(frozen=True, eq=False)
class PipelinedDesign:
    """The whole hardware.

    Attributes:
        graph: the network.
        options: what the user asks for.
        limits: of the tool.
        made: whether ``options`` are those of a design that was made.
        given: its program, as it was saved; None compiles one.
        known: stages that have been compiled with these options, see ``compile_pipeline``.

    Raises:
        UnsupportedLayerError: a block that the folded accelerator does not run.
        OptionError: an option that is not allowed.
        ResourceError: feature maps that do not fit the part, or a target that no number of PEs reaches.
    """

    graph: QuantizedGraph
    options: HardwareOptions
    limits: ToolLimits = TOOL_LIMITS
    made: bool = False
    given: PipelinedProgram | None = None
    known: dict[tuple[tuple[str, ...], int], Stage] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        for stage in () if self.made else self.stages:
            check_buffers(stage.estimate, stage.program, stage.graph)
        _ = self.program

    @property
    def network(self) -> QuantizedGraph:
        """What it computes."""
        return self.graph

    @cached_property
    def pes(self) -> int | None:
        """PEs of all stages, as asked for or as the target wants it."""
        if self.made or not self.options.has_target:
            return self.options.pes
        stages = len(layers(self.graph)) if self.options.pipeline is True else int(self.options.pipeline)
        return sized(
            self.options,
            min(MOST_PES, stages * self.limits.loop_copies.most),
            lambda pes: self._with(pes).program.interval,
            lambda pes: self._with(pes).estimate,
            lambda pes: self._with(pes).largest_stage,
        )

    def _with(self, pes: int) -> PipelinedDesign:
        """The same with another number of PEs."""
        if pes not in self._tried:
            self._tried[pes] = replace(self, options=replace(self.options, pes=pes), made=True)
        return self._tried[pes]

    @cached_property
    def _tried(self) -> dict[int | None, PipelinedDesign]:
        """What a target has looked at, by number of PEs."""
        return {}

    @cached_property
    def program(self) -> PipelinedProgram:
        """Stages, each with engines, instructions, memory map and images."""
        if self.given is not None:
            return self.given
        pes = self.pes
        known = self._tried.get(pes)
        self._tried.clear()
        if known is not None:
            return known.program
        options = engine_options(self.graph, self.options, pes)
        stages = None if self.options.pipeline is True else int(self.options.pipeline)
        return compile_pipeline(self.graph, options, stages, self.limits.loop_copies.most, self.known)

    @cached_property
    def stages(self) -> tuple[FoldedDesign, ...]:
        """Each as a folded accelerator by itself."""
        options = replace(
            self.options, pipeline=False, engines=None, pes=1, target=None, target_interval=None, target_fps=None
        )
        return tuple(
            FoldedDesign(stage.graph, options, self.limits, made=True, given=stage.program)
            for stage in self.program.stages
        )

    @property
    def largest_stage(self) -> str:
        """Which feature maps take most of the stage that has most of them, in words."""
        largest = max(self.stages, key=lambda stage: stage.program.map.bits)
        return largest_maps(largest.program, largest.graph)

    @property
    def pace_in_words(self) -> str:
        """Which stage is the slowest, and what of the target could not be done."""
        program = self.program
        slowest = max(range(len(program.stages)), key=lambda n: program.stage_cycles[n])
        mean = sum(program.stage_cycles) / len(program.stages) / program.interval
        name = program.stages[slowest].name
        found = [
            f"{name!r} is the slowest of {len(program.stages)} stages, which are at work {percent(mean)} of the time"
        ]
        if self.options.wants_fit and self.options.capacity is None:
            found.append(f"what part {self.options.part} has is unknown, so stages have {DEFAULT_PES} PEs together")
        return "; ".join(found)

    @cached_property
    def estimate(self) -> Estimate:
        """What it is expected to take of the part, and its cycles."""
        options, program = self.options, self.program
        facts = {}
        for stage, design in zip(program.stages, self.stages, strict=True):
            names = (*(item.name for item in stage.graph.inputs), *stage.graph.outputs)
            facts[stage.name] = cost_facts(stage.program, [design.tensors[name] for name in names])
        fifos = []
        for channel in program.channels:
            tensor = self.channel_tensor(channel.tensor, channel.source)
            depth = max(MEETING, channel.maps * channel.written)
            fifos.append(Fifo(channel.tensor, depth, tensor.word * tensor.interval.width))
        return estimate_pipeline(
            facts,
            dict(zip(facts, program.stage_cycles, strict=True)),
            fifos,
            latency=program.cycles,
            clock_period=options.clock_period,
            capacity=options.capacity,
            limit=options.utilization,
        )

    @property
    def settled(self) -> HardwareOptions:
        """Options with which this design can be made again, whatever is known of costs then."""
        if not self.options.has_target:
            return self.options
        return replace(self.options, pes=self.pes, target="fit" if self.options.wants_fit else None)

    @cached_property
    def tensors(self) -> dict[str, Tensor]:
        """All inputs and block outputs by name; words of those that cross a border are their source's."""
        idents = identifiers(self.graph.shapes)
        return {
            name: replace(self._owner(name).tensors[name], ident=idents[name], index=number)
            for number, name in enumerate(self.graph.formats)
        }

    def _owner(self, name: str) -> FoldedDesign:
        """The stage that gives a tensor, or takes an input of the network first."""
        giving = (stage for stage in self.stages if name in stage.graph.by_name)
        taking = (stage for stage in self.stages if name in stage.graph.formats)
        return next(giving, None) or next(taking)

    def channel_tensor(self, name: str, stage: int) -> Tensor:
        """A tensor in the words of one stage; -1 is the input port, the number of stages an output port."""
        return self.stages[stage].tensors[name] if 0 <= stage < len(self.stages) else self.tensors[name]

    @cached_property
    def blocks(self) -> tuple[FoldedBlock, ...]:
        """All blocks in order."""
        return tuple(FoldedBlock(block, self.tensors[block.name].ident) for block in self.graph.blocks)

    @cached_property
    def streams(self) -> tuple[Stream, ...]:
        """The ports of the outputs."""
        return tuple(Stream(name, f"{self.tensors[name].ident}_out", None, 0, MEETING) for name in self.graph.outputs)

    @property
    def counted(self) -> dict[str, int]:
        """What C simulation counts the iterations of, with its number there: instructions, by stage and target."""
        found: dict[str, int] = {}
        first = 0
        for stage, design in zip(self.program.stages, self.stages, strict=True):
            found |= {f"{stage.name}: {name}": first + number for name, number in design.counted.items()}
            first += len(stage.program.instructions)
        return found
