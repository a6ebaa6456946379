"""The hardware of a quantised network: PEs, types, streams. Pure data; rendering happens elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod
from typing import Any

from hlsq.backends.pes import pe_for
from hlsq.backends.vitis.accumulators import sum_widths
from hlsq.backends.vitis.limits import TOOL_LIMITS, ToolLimits
from hlsq.backends.vitis.mac_array import MacArray
from hlsq.backends.vitis.names import identifiers
from hlsq.backends.vitis.options import STORAGES, HardwareOptions
from hlsq.backends.vitis.parallelism import Parallelism
from hlsq.backends.vitis.tensors import Stream, Tensor
from hlsq.backends.vitis.types import format_interval
from hlsq.cost import Split
from hlsq.cost.balance import Pace
from hlsq.cost.dataflow import Channel, Process, channels_of, processes
from hlsq.cost.estimate import Estimate, estimate
from hlsq.cost.estimate.choices import Choices
from hlsq.cost.estimate.pipeline import pipeline_depths
from hlsq.cost.fifos import fifo_depths
from hlsq.cost.iterations import loop_iterations
from hlsq.cost.operators import Operators, operators_of
from hlsq.cost.pacing import pacing_depths
from hlsq.cost.placement import placed
from hlsq.cost.separation import better, separable, takes_less
from hlsq.cost.streams import packet_sizes, positions
from hlsq.cost.wires import carriers
from hlsq.cost.words import stream_words
from hlsq.errors import OptionError, ResourceError
from hlsq.graph import QBlock, QuantizedGraph
from hlsq.graph.separation import with_separate_windows

PARALLEL_LIMIT = 1 << 14
"""Most values of one map in io_parallel, where it lies between two blocks as a whole."""


@dataclass(frozen=True, eq=False)
class HardwareBlock:
    """One block as hardware."""

    block: QBlock
    ident: str
    mac: MacArray | None
    split: Split | None
    iterations: int

    @property
    def reuse_factor(self) -> int:
        """Cycles per output position."""
        return 1 if self.split is None else self.split.reuse_factor

    @property
    def is_wire(self) -> bool:
        """Whether its output is its input's stream or array."""
        return self.iterations == 0

    @property
    def pes(self) -> int:
        """Number of PEs."""
        return 0 if self.mac is None else self.mac.split.pes

    @property
    def pe_kind(self) -> str | None:
        """Kind of the PEs."""
        return None if self.mac is None else self.mac.pe.kind


@dataclass(frozen=True, eq=False)
class Design:
    """The whole hardware.

    Attributes:
        network: what it computes.
        options: what the user asks for.
        limits: of the tool.
        made: whether ``options`` are those of a design that was made (``settled``), whose target is not judged again.

    Raises:
        OptionError: an impossible reuse factor, an accumulator that could overflow, an unknown block name among them
            or in a storage, or a network that does not fit io_parallel.
        ResourceError: a pace that some block cannot keep, or a part that nothing fits on.
    """

    network: QuantizedGraph
    options: HardwareOptions
    limits: ToolLimits = TOOL_LIMITS
    made: bool = False

    def __post_init__(self) -> None:
        if self.options.io_type == "io_parallel":
            self._check_parallel()
        for option in STORAGES:
            said = getattr(self.options, option)
            for name in said if isinstance(said, Mapping) else ():
                if name not in self.graph.by_name:
                    raise OptionError.unknown(option, name, list(self.graph.by_name))
        _ = self.blocks

    @cached_property
    def graph(self) -> QuantizedGraph:
        """The network as the blocks that the hardware has: some windows are blocks of their own."""
        return with_separate_windows(self.network, self.separated)

    @property
    def separated(self) -> tuple[str, ...]:
        """Convolutions whose windows a process of its own makes."""
        if self._chosen is not None:
            return self._chosen.separated
        return tuple(said) if (said := self.options.separate_windows) != "auto" else ()

    @cached_property
    def _chosen(self) -> Design | None:
        """The same with windows made where a target is reached best; None where that is not to be chosen."""
        options = self.options
        if options.separate_windows != "auto":
            possible = separable(self.network, self.limits.word_bits.most)
            for name in options.separate_windows:
                if name not in possible:
                    raise OptionError.unknown("separate_windows", name, possible)
            return None
        free = not self.made and options.has_target and options.io_type == "io_stream"
        if not free or (options.wants_fit and options.capacity is None):
            return None
        together = self._with(separate_windows=[])
        names = self._worth_separating(together)
        if not names:
            return together
        try:
            apart = self._with(separate_windows=names)
        except ResourceError:
            return together
        return apart if better(together.estimate, apart.estimate) else together

    def _worth_separating(self, together: Design) -> list[str]:
        """Convolutions that take less with their windows made apart, at the pace that ``together`` has."""
        kept = self.options.reuse_factor if isinstance(self.options.reuse_factor, Mapping) else {}
        names = [name for name in separable(self.network, self.limits.word_bits.most) if name not in kept]
        if not names:
            return []
        at_pace = {"target": None, "target_fps": None, "target_interval": together.estimate.interval}
        apart = self._with(separate_windows=names, **at_pace)
        return [name for name in names if takes_less(apart.graph.by_name[name], together.estimate, apart.estimate)]

    def _with(self, **options: Any) -> Design:
        return replace(self, options=replace(self.options, **options))

    @cached_property
    def words(self) -> dict[str, int]:
        """Transfers of one packet of every tensor."""
        return stream_words(self.graph, self.limits.word_bits.most)

    @cached_property
    def tensors(self) -> dict[str, Tensor]:
        """All inputs and block outputs by name."""
        idents = identifiers(self.graph.shapes)
        packets, counts = packet_sizes(self.graph), positions(self.graph)
        return {
            name: Tensor(name, idents[name], i, format_interval(fmt), packets[name], counts[name], self.words[name])
            for i, (name, fmt) in enumerate(self.graph.formats.items())
        }

    @cached_property
    def blocks(self) -> tuple[HardwareBlock, ...]:
        """All blocks in order."""
        return tuple(
            HardwareBlock(
                block,
                self.tensors[block.name].ident,
                self._macs.get(block.name),
                self.splits.get(block.name),
                loop_iterations(self.graph, block, self.splits.get(block.name), self.words),
            )
            for block in self.graph.blocks
        )

    @cached_property
    def counted(self) -> dict[str, int]:
        """What C simulation counts the iterations of, with the number of its count: every block."""
        return {block.block.name: self.tensors[block.block.name].index for block in self.blocks}

    @cached_property
    def functions(self) -> tuple[HardwareBlock, ...]:
        """Blocks that are functions of their own: all but wires."""
        return tuple(block for block in self.blocks if not block.is_wire)

    @cached_property
    def carriers(self) -> dict[str, str]:
        """For each tensor, by name, the one whose stream or array holds its integers; another one for a wire."""
        return carriers(self.graph)

    def carried(self, name: str) -> tuple[Tensor, ...]:
        """The tensors that the stream or array of tensor ``name`` holds: itself, and the wires behind it."""
        return tuple(self.tensors[other] for other, carrier in self.carriers.items() if carrier == name)

    @cached_property
    def _macs(self) -> dict[str, MacArray]:
        return {block.name: mac for block in self.graph.blocks if (mac := self._mac(block)) is not None}

    @cached_property
    def parallelism(self) -> Parallelism:
        """The choice of ``splits``."""
        if self._chosen is not None:
            return self._chosen.parallelism
        return Parallelism(self.graph, self.options, self.limits, self.words, self._estimate_of, self.made)

    @property
    def splits(self) -> dict[str, Split]:
        """Steps and parallelism of every block that computes."""
        return self.parallelism.splits

    @property
    def pace(self) -> Pace | None:
        """What limits how fast samples follow each other; None if no block takes cycles."""
        return self.parallelism.pace

    @property
    def pace_in_words(self) -> str:
        """What limits the pace, and what of the target could not be done; empty if there is nothing to say."""
        sentence = None if self.pace is None else self.pace.sentence
        return "; ".join(words for words in (sentence, self.parallelism.note) if words)

    @property
    def settled(self) -> HardwareOptions:
        """Options with which this design can be made again, whatever is known of costs then."""
        return replace(self.parallelism.settled.stored(self.choices), separate_windows=list(self.separated))

    @cached_property
    def choices(self) -> Choices:
        """What of the options the cost depends on, and where memories lie that a target left to be placed."""
        if self.made or not self.options.has_target:
            return self.options.choices
        return self._placed(self.splits)[1] if self._chosen is None else self._chosen.choices

    @cached_property
    def sum_widths(self) -> dict[str, int]:
        """Bits of partial sums by block, where the options fix them."""
        return sum_widths(self.network, self.options)

    @cached_property
    def operators(self) -> dict[str, Operators]:
        """What of each block works in every cycle, by name."""
        found = {}
        for block in self.graph.blocks:
            mac = self._macs.get(block.name)
            of_pes = (mac.pe.multiplies, mac.pe.shifts) if mac is not None else ()
            found[block.name] = operators_of(self.graph, block, self.splits.get(block.name), *of_pes)
        return found

    @cached_property
    def estimate(self) -> Estimate:
        """What it is expected to take of the part, and its cycles."""
        options = self.options
        return estimate(
            self.graph,
            self.splits,
            {name: mac.costs for name, mac in self._macs.items()},
            self.choices,
            keeps_pace=options.has_target,
            words=self.words,
            clock_period=options.clock_period,
            capacity=options.capacity,
            limit=options.utilization,
        )

    def _estimate_of(self, splits: Mapping[str, Split]) -> Estimate:
        """That of the same network with other splits, as a target would have it."""
        return self._placed(splits)[0]

    def _placed(self, splits: Mapping[str, Split]) -> tuple[Estimate, Choices]:
        """That, and where its memories lie."""
        factors = {name: split.reuse_factor for name, split in splits.items()}
        # FIFOs keep the pace, as with every target.
        options = replace(self.options, reuse_factor=factors, target="fit" if self.options.wants_fit else None)

        def chosen(choices: Choices) -> Estimate:
            return Design(self.network, options.stored(choices), self.limits, made=True).estimate

        return placed(chosen, self.options.choices, self.graph.by_name)

    @cached_property
    def by_name(self) -> dict[str, HardwareBlock]:
        """Blocks by name."""
        return {b.block.name: b for b in self.blocks}

    @cached_property
    def streams(self) -> tuple[Stream, ...]:
        """All connections; a tensor with several readers has one for each, and those behind its wires count."""
        depths = self.channel_depths
        found: list[Stream] = []
        for channels in channels_of(self.graph).values():
            readers = [(c.tensor, *c.reader) for c in channels if c.reader is not None]
            for read, reader, number in readers:
                suffix = (
                    "out" if len(readers) == 1 else f"to_{self.tensors[reader].ident if reader is not None else 'host'}"
                )
                if sum((r, by) == (read, reader) for r, by, _ in readers) > 1:
                    suffix += f"_input{number}"
                depth = depths[Channel(read, (reader, number))]
                found.append(Stream(read, f"{self.tensors[read].ident}_{suffix}", reader, number, depth))
        return tuple(found)

    @cached_property
    def processes(self) -> tuple[Process, ...]:
        """The pipelined loops of the streamed design, and the host's ends of its streams."""
        return processes(self.graph, self.splits, self.words)

    @cached_property
    def channel_depths(self) -> dict[Channel, int]:
        """Words that each stream holds."""
        paced = pacing_depths(self.processes, self._pipelines) if self.options.has_target else None
        return fifo_depths(self.graph, self.splits, self.words, paced)

    @property
    def _pipelines(self) -> dict[str, int]:
        """Stages of each block's pipeline as they are expected."""
        costs = {name: mac.costs for name, mac in self._macs.items()}
        return pipeline_depths(self.graph, self.splits, costs, self.choices)

    def _mac(self, block: QBlock) -> MacArray | None:
        if block.weights is None:
            return None
        split = self.splits[block.name]
        words = self.words[block.inputs[0]] if split.products.packets > 1 else 1
        word_bits = self.options.word_for(block.weights.format.bits)
        pe = pe_for(block.name, block.weights)
        return MacArray(pe, split, block.weights, words, word_bits, self.sum_widths.get(block.name))

    def _check_parallel(self) -> None:
        for name, shape in self.graph.shapes.items():
            if prod(shape) > PARALLEL_LIMIT:
                raise OptionError(
                    f"io_parallel keeps every map whole between two blocks, but {name!r} has {prod(shape)} values; at "
                    f"most {PARALLEL_LIMIT} are allowed: use io_type='io_stream' for this network"
                )
