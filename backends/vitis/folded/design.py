"""A folded accelerator as a design: the program, and what its top function looks like from outside."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from math import prod

from hlsq.backends.folded import EngineOptions, FoldedProgram, compile_program
from hlsq.backends.folded.grouping import DEFAULT_PES
from hlsq.backends.folded.sums import block_sums
from hlsq.backends.folded.tasks import aliases_of, map_of
from hlsq.backends.vitis.accumulators import check_widths, wanted_widths
from hlsq.backends.vitis.folded.buffers import check_buffers, largest_maps
from hlsq.backends.vitis.folded.costs import cost_facts
from hlsq.backends.vitis.folded.sizing import sized
from hlsq.backends.vitis.limits import TOOL_LIMITS, ToolLimits
from hlsq.backends.vitis.names import identifiers
from hlsq.backends.vitis.options import HardwareOptions
from hlsq.backends.vitis.tensors import Stream, Tensor
from hlsq.backends.vitis.types import format_interval
from hlsq.cost.estimate import Estimate
from hlsq.cost.estimate.words import percent
from hlsq.cost.folded import estimate_folded
from hlsq.graph import QBlock, QuantizedGraph


@dataclass(frozen=True, eq=False)
class PortTensor(Tensor):
    """A tensor whose pixels go through a port in words of the memory's width, of which the last is filled up.

    Attributes:
        lanes: of a word of the memory.
        whole: whether the port is that wide also for fewer channels, as that of an overlay.
    """

    lanes: int = 1
    whole: bool = False

    @property
    def word(self) -> int:
        """Values in one transfer."""
        return self.lanes if self.whole else min(self.packet, self.lanes)


@dataclass(frozen=True, eq=False)
class FoldedBlock:
    """One block of the network, which an instruction computes."""

    block: QBlock
    ident: str


def engine_options(graph: QuantizedGraph, options: HardwareOptions, pes: int | None) -> EngineOptions:
    """What the user asks for of engines, with ``pes`` as their number of PEs.

    Raises:
        OptionError: a width of sums that is not allowed, or in which a layer's could overflow.
    """
    widths = wanted_widths(graph, options)
    if widths:
        check_widths(options, widths, block_sums(graph))
    return EngineOptions(pes, options.engines, options.dual, options.multipliers, widths)


@dataclass(frozen=True, eq=False)
class FoldedDesign:
    """The whole hardware.

    Attributes:
        graph: the network.
        options: what the user asks for.
        limits: of the tool.
        made: whether ``options`` are those of a design that was made.
        given: its program, as it was saved; None compiles one.
        host: an overlay that was made for another network, and runs this one.

    Raises:
        UnsupportedLayerError: a block that the folded accelerator does not run.
        OptionError: an option that is not allowed.
        ResourceError: feature maps that do not fit the part, or a target that no number of PEs reaches.
    """

    graph: QuantizedGraph
    options: HardwareOptions
    limits: ToolLimits = TOOL_LIMITS
    made: bool = False
    given: FoldedProgram | None = None
    host: FoldedDesign | None = None

    def __post_init__(self) -> None:
        if not self.made and self.host is None:
            check_buffers(self.estimate, self.program, self.graph)
        _ = self.program

    @property
    def network(self) -> QuantizedGraph:
        """What it computes."""
        return self.graph

    @cached_property
    def pes(self) -> int | None:
        """Most PEs of an engine, as asked for or as the target wants it."""
        if self.made or self.host is not None or not self.options.has_target:
            return self.options.pes
        most = self.limits.loop_copies.most
        return sized(
            self.options,
            most,
            lambda pes: self._with(pes).program.cycles,
            lambda pes: self._with(pes).estimate,
            lambda pes: largest_maps(self._with(pes).program, self.graph),
        )

    def _with(self, pes: int) -> FoldedDesign:
        """The same with another number of PEs."""
        if pes not in self._tried:
            self._tried[pes] = replace(self, options=replace(self.options, pes=pes), made=True)
        return self._tried[pes]

    @cached_property
    def _tried(self) -> dict[int | None, FoldedDesign]:
        """What a target has looked at, by number of PEs."""
        return {}

    @cached_property
    def program(self) -> FoldedProgram:
        """Engines, instructions, memory map and images."""
        if self.given is not None:
            return self.given
        pes = self.pes
        known = self._tried.get(pes)
        self._tried.clear()
        if known is not None:
            return known.program
        options = engine_options(self.graph, self.options, pes)
        host = None if self.host is None else self.host.program
        return compile_program(self.graph, options, overlay=self.options.program == "axi", host=host)

    @property
    def pace_in_words(self) -> str:
        """What takes most of the cycles, and what of the target could not be done."""
        runs = [item for item in self.program.instructions if item.blocks]
        found = []
        if runs:
            longest = max(runs, key=lambda item: item.cycles)
            name, share = " + ".join(longest.blocks), longest.cycles / self.program.cycles
            found.append(f"layers take turns; {name!r} takes {percent(share)} of the cycles, no other one more")
        if self.options.wants_fit and self.options.capacity is None:
            found.append(f"what part {self.options.part} has is unknown, so an engine has at most {DEFAULT_PES} PEs")
        return "; ".join(found)

    @cached_property
    def estimate(self) -> Estimate:
        """What it is expected to take of the part, and its cycles."""
        options = self.options
        ports = [self.tensors[name] for name in (*(i.name for i in self.graph.inputs), *self.graph.outputs)]
        facts = cost_facts(self.program, ports)
        return estimate_folded(
            facts, clock_period=options.clock_period, capacity=options.capacity, limit=options.utilization
        )

    @property
    def settled(self) -> HardwareOptions:
        """Options with which this design can be made again, whatever is known of costs then."""
        if not self.options.has_target:
            return self.options
        return replace(self.options, pes=self.pes, target="fit" if self.options.wants_fit else None)

    @cached_property
    def tensors(self) -> dict[str, Tensor]:
        """All inputs and block outputs by name."""
        lanes = self.program.map.word
        idents = identifiers(self.graph.shapes)
        ports = {item.name: self.program.map.lane for item in self.graph.inputs}
        ports |= dict.fromkeys(self.graph.outputs, self.program.map.output)
        found: dict[str, Tensor] = {}
        aliases = aliases_of(self.graph)
        for number, (name, fmt) in enumerate(self.graph.formats.items()):
            shape = self.graph.shapes[map_of(name, aliases)]
            words = -(-shape[-1] // lanes)
            whole = self.program.overlay is not None
            interval = ports.get(name) if whole else None
            found[name] = PortTensor(
                name, idents[name], number, interval or format_interval(fmt), shape[-1], prod(shape[:-1]), words, lanes,
                whole,
            )  # fmt: skip
        return found

    @cached_property
    def blocks(self) -> tuple[FoldedBlock, ...]:
        """All blocks in order."""
        return tuple(FoldedBlock(block, self.tensors[block.name].ident) for block in self.graph.blocks)

    @cached_property
    def streams(self) -> tuple[Stream, ...]:
        """The ports of the outputs."""
        return tuple(Stream(name, f"{self.tensors[name].ident}_out", None, 0, 2) for name in self.graph.outputs)

    @property
    def counted(self) -> dict[str, int]:
        """What C simulation counts the iterations of, with the number of its count: instructions, by their target."""
        return {
            item.target if item.opcode == "run" else f"{item.opcode} {item.target}": number
            for number, item in enumerate(self.program.instructions)
        }
