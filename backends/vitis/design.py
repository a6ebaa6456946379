"""The hardware of a quantised network: PEs, types, streams. Pure data; rendering happens elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import prod

import numpy as np
from numpy.typing import NDArray

from hlsq.backends.vitis.accumulators import sum_widths
from hlsq.backends.vitis.limits import TOOL_LIMITS, ToolLimits
from hlsq.backends.vitis.names import identifiers
from hlsq.backends.vitis.options import HardwareOptions
from hlsq.backends.vitis.pes import PE, pe_for
from hlsq.backends.vitis.types import format_interval
from hlsq.cost import (
    DEFAULT_REUSE,
    Products,
    Split,
    closest_split,
    finished_of,
    nearest_reuse_factors,
    products_of,
    split,
    valid_reuse_factors,
)
from hlsq.cost.dataflow import MINIMUM_DEPTH, Channel, Process, channels_of, processes
from hlsq.cost.depths import stream_depths
from hlsq.cost.iterations import loop_iterations
from hlsq.cost.operators import Operators, operators_of
from hlsq.cost.streams import packet_sizes, positions
from hlsq.cost.wires import carriers, is_wire
from hlsq.cost.words import stream_words
from hlsq.errors import OptionError
from hlsq.formats.packing import codes_per_word, pack
from hlsq.graph import Interval, QBlock, QuantizedGraph

PARALLEL_LIMIT = 1 << 14
"""Most values of one map in io_parallel, where it lies between two blocks as a whole."""


@dataclass(frozen=True, eq=False)
class WeightROM:
    """Packed weights: row by row what all PEs need in one cycle.

    Attributes:
        words: shape [rows, words per row].
        columns: codes in a row (the number of PEs).
        code_bits: bits of a code.
        word_bits: bits of a word.
    """

    words: NDArray[np.uint64]
    columns: int
    code_bits: int
    word_bits: int

    @property
    def codes_per_word(self) -> int:
        """Codes in a word."""
        return codes_per_word(self.code_bits, self.word_bits)

    @property
    def bits(self) -> int:
        """Bits the ROM occupies, unused ones included."""
        return self.words.size * self.word_bits


@dataclass(frozen=True, eq=False)
class MacArray:
    """The PEs of one block and the weights that feed them.

    Attributes:
        pe: their kind.
        split: how many, and which products each computes.
        rom: the weights.
        sum_bits: of the signed type of partial sums, where the options fix it; else they have the accumulator's type.
    """

    pe: type[PE]
    split: Split
    rom: WeightROM
    sum_bits: int | None = None


@dataclass(frozen=True, eq=False)
class Tensor:
    """One input or block output on its way through the hardware.

    Attributes:
        name: of the input or block.
        ident: C++ identifier.
        index: number in traces.
        interval: integers of the type that carries it.
        packet: values in one packet.
        positions: packets of one sample.
        words: transfers in which a packet goes through a stream.
    """

    name: str
    ident: str
    index: int
    interval: Interval
    packet: int
    positions: int
    words: int = 1

    @property
    def size(self) -> int:
        """Values of one sample."""
        return self.packet * self.positions

    @property
    def word(self) -> int:
        """Values in one transfer; the last of a packet may be partly idle."""
        return -(-self.packet // self.words)

    @property
    def transfers(self) -> int:
        """Transfers of one sample."""
        return self.positions * self.words


@dataclass(frozen=True)
class Stream:
    """A connection from a tensor to one reader; ``reader`` is None for the network's output.

    A tensor that is a wire has its carrier's writer. Its depth is in words.
    """

    tensor: str
    ident: str
    reader: str | None
    number: int
    depth: int


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

    Raises:
        OptionError: an impossible reuse factor, an accumulator that could overflow, an unknown block name among them,
            or a network that does not fit io_parallel.
    """

    graph: QuantizedGraph
    options: HardwareOptions
    limits: ToolLimits = TOOL_LIMITS

    def __post_init__(self) -> None:
        if isinstance(self.options.reuse_factor, Mapping):
            computing = [
                b.name
                for b in self.graph.blocks
                if b.weights is not None or (finished_of(b) is not None and not is_wire(self.graph, b))
            ]
            for name in self.options.reuse_factor:
                if name != "default" and name not in computing:
                    raise OptionError.unknown("reuse_factor", name, [*computing, "default"])
        if isinstance(self.options.reuse_factor, int):
            self._check_reuse(self.options.reuse_factor)
        if self.options.io_type == "io_parallel":
            self._check_parallel()
        _ = self.blocks

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
                self._splits.get(block.name),
                loop_iterations(self.graph, block, self._splits.get(block.name), self.words),
            )
            for block in self.graph.blocks
        )

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
    def _splits(self) -> dict[str, Split]:
        """Steps of every block that computes; those without weights take the time of the slowest with weights."""
        splits = {name: mac.split for name, mac in self._macs.items()}
        by_name = {block.name: block for block in self.graph.blocks}
        slowest = max(
            (loop_iterations(self.graph, by_name[name], s, self.words) for name, s in splits.items()), default=0
        )
        for block in self.graph.blocks:
            products = finished_of(block)
            if products is not None and not is_wire(self.graph, block):
                wanted, is_own = self.options.reuse_for(block.name)
                if wanted is not None and is_own:
                    splits[block.name] = split(block.name, products, wanted)
                    continue
                fitting = [
                    found
                    for factor in valid_reuse_factors(products)
                    if loop_iterations(self.graph, block, found := split(block.name, products, factor), self.words)
                    <= slowest
                ]
                splits[block.name] = fitting[-1] if fitting else split(block.name, products, 1)
        return splits

    @cached_property
    def sum_widths(self) -> dict[str, int]:
        """Bits of partial sums by block, where the options fix them."""
        return sum_widths(self.graph, self.options)

    @cached_property
    def operators(self) -> dict[str, Operators]:
        """What of each block works in every cycle, by name."""
        found = {}
        for block in self.graph.blocks:
            mac = self._macs.get(block.name)
            of_pes = (mac.pe.multiplies, mac.pe.shifts) if mac is not None else ()
            found[block.name] = operators_of(self.graph, block, self._splits.get(block.name), *of_pes)
        return found

    @cached_property
    def by_name(self) -> dict[str, HardwareBlock]:
        """Blocks by name."""
        return {b.block.name: b for b in self.blocks}

    @cached_property
    def streams(self) -> tuple[Stream, ...]:
        """All connections; a tensor with several readers has one for each, and those behind its wires count."""
        depths = stream_depths(self.graph, self._splits)
        found: list[Stream] = []
        for channels in channels_of(self.graph).values():
            readers = [(c.tensor, *c.reader) for c in channels if c.reader is not None]
            for read, reader, number in readers:
                suffix = (
                    "out" if len(readers) == 1 else f"to_{self.tensors[reader].ident if reader is not None else 'host'}"
                )
                if sum((r, by) == (read, reader) for r, by, _ in readers) > 1:
                    suffix += f"_input{number}"
                packets = depths.get((reader, number), MINIMUM_DEPTH) if reader is not None else MINIMUM_DEPTH
                tensor = self.tensors[read]
                found.append(Stream(read, f"{tensor.ident}_{suffix}", reader, number, packets * tensor.words))
        return tuple(found)

    @cached_property
    def processes(self) -> tuple[Process, ...]:
        """The pipelined loops of the streamed design, and the host's ends of its streams."""
        return processes(self.graph, self._splits)

    @cached_property
    def channel_depths(self) -> dict[Channel, int]:
        """Packets that each stream holds; the minimum where nothing is said."""
        return {Channel(s.tensor, (s.reader, s.number)): s.depth // self.tensors[s.tensor].words for s in self.streams}

    def _mac(self, block: QBlock) -> MacArray | None:
        products = products_of(block, self.graph, self.words)
        if products is None or block.weights is None:
            return None
        wanted, by_name = self.options.reuse_for(block.name)
        if wanted is None:
            chosen = closest_split(block.name, products, DEFAULT_REUSE)
            if self._overrun(block, chosen):
                chosen = split(block.name, products, self._enough(block, products, DEFAULT_REUSE))
        elif not by_name:
            chosen = split(block.name, products, _within(products, wanted))
        else:
            chosen = split(block.name, products, wanted)
        if found := self._overrun(block, chosen):
            enough = self._enough(block, products, 1)
            raise OptionError(
                f"block {block.name!r}: reuse factor {chosen.reuse_factor} asks for {found}: give it at least "
                f"{enough}, as in reuse_factor={{{block.name!r}: {enough}}}"
            )
        pe, rom = pe_for(block.name, block.weights), self._rom(block, chosen)
        return MacArray(pe, chosen, rom, self.sum_widths.get(block.name))

    def _overrun(self, block: QBlock, chosen: Split) -> str:
        """What ``chosen`` asks for that the tool cannot do, and how much of it that does; empty if it can."""
        assert block.weights is not None  # noqa: S101 - the caller looked
        bits = block.weights.format.bits
        word = self.options.word_for(bits)
        row = -(-chosen.pes // codes_per_word(bits, word)) * word
        asked = (
            ("PEs at once", chosen.pes, self.limits.loop_copies),
            ("bits of weights at once", row, self.limits.reshape_bits),
        )
        over = [
            f"{amount:,} {what}; Vitis HLS takes at most {limit.most:,}"
            for what, amount, limit in asked
            if amount > limit.most
        ]
        return over[0] if over else ""

    def _enough(self, block: QBlock, products: Products, least: int) -> int:
        """The smallest reuse factor from ``least`` on with which the tool can do what it asks for."""
        valid = valid_reuse_factors(products)
        fitting = (v for v in valid if v >= least and not self._overrun(block, split(block.name, products, v)))
        return next(fitting, valid[-1])

    def _rom(self, block: QBlock, chosen: Split) -> WeightROM:
        assert block.weights is not None  # noqa: S101 - the caller looked
        fmt = block.weights.format
        codes = fmt.encode(block.weights.values)
        packets, outputs, share = chosen.products.packets, chosen.products.outputs, chosen.products.share
        words = self.words[block.inputs[0]] if packets > 1 else 1
        packed = codes.reshape(packets // words, -1, outputs)
        tap_slots, output_slots = chosen.tap_steps * chosen.tap_block, chosen.output_steps * chosen.output_block
        # Idle PEs hold the code of 0 (or, for signs, any code: their tap is 0).
        idle = fmt.encode(np.asarray(0)) if fmt.levels is None or 0 in fmt.levels else np.uint64(0)
        padded = np.full((packets, tap_slots // packets, output_slots), idle, dtype=np.uint64)
        for word in range(words):  # of each position, the last may have fewer taps
            taps = packed[:, word * share : (word + 1) * share]
            padded[word::words, : taps.shape[1], :outputs] = taps
        steps = padded.reshape(chosen.tap_steps, chosen.tap_block, chosen.output_steps, chosen.output_block)
        rows = steps.transpose(2, 0, 3, 1).reshape(chosen.reuse_factor, chosen.pes)
        word_bits = self.options.word_for(fmt.bits)
        return WeightROM(pack(rows, fmt.bits, word_bits), chosen.pes, fmt.bits, word_bits)

    def _check_reuse(self, wanted: int) -> None:
        """Refuse a factor for the whole network that some block cannot have, naming all such blocks at once."""
        products = {b.name: p for b in self.graph.blocks if (p := products_of(b, self.graph, self.words)) is not None}
        # A block with fewer products than that is served by a single PE, whatever the factor.
        # One whose input arrives in more packets takes a cycle for each.
        possible = {name: set(valid_reuse_factors(p)) for name, p in products.items() if p.packets <= wanted < p.total}
        failing = [name for name, valid in possible.items() if wanted not in valid]
        if not failing:
            return
        nearest = {name: nearest_reuse_factors(products[name], wanted) for name in failing}
        listed = "; ".join(f"{name!r}: {' or '.join(map(str, values))}" for name, values in nearest.items())
        common = sorted(
            factor
            for factor in set().union(*possible.values())
            if all(factor in valid_reuse_factors(p) or not p.packets <= factor <= p.total for p in products.values())
        )
        below = [c for c in common if c < wanted][-1:]
        above = [c for c in common if c > wanted][:1]
        raise OptionError(
            f"reuse_factor {wanted} is impossible for {len(failing)} of {len(products)} blocks; nearest valid for all: "
            f"{' or '.join(map(str, below + above)) or 'none'}; nearest valid by block: {listed}. Give a mapping from "
            "block to factor, with 'default' for the others, or leave it out"
        )

    def _check_parallel(self) -> None:
        for name, shape in self.graph.shapes.items():
            if prod(shape) > PARALLEL_LIMIT:
                raise OptionError(
                    f"io_parallel keeps every map whole between two blocks, but {name!r} has {prod(shape)} values; at "
                    f"most {PARALLEL_LIMIT} are allowed: use io_type='io_stream' for this network"
                )


def _within(products: Products, wanted: int) -> int:
    """``wanted``, or the nearest end of what is possible: a single PE, or a cycle for each packet of the input."""
    return min(max(wanted, products.packets), products.total)
