"""What all blocks' C++ has in common: types, requantisation tables, comments."""

from __future__ import annotations

import importlib
import pkgutil
from abc import ABC
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any, ClassVar

from hlsq.backends.vitis.design import Design, HardwareBlock
from hlsq.backends.vitis.tensors import Tensor
from hlsq.backends.vitis.types import cpp_int, cpp_signed, format_interval, span
from hlsq.cost.estimate.choices import Storage
from hlsq.cost.estimate.storage import FEW_PLACES, kept_in
from hlsq.errors import QuantizationError
from hlsq.formats import Format
from hlsq.graph import DyadicRequant, Interval, QBlock, Requant, ThresholdRequant
from hlsq.graph.lowering.requant import more_shifts, working_interval
from hlsq.graph.ops import Op
from hlsq.graph.ops.base import spatial

PACKAGE = "hlsq.backends.vitis.blocks"
TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Memory:
    """Places that are written once and read once an iteration, a word or several side by side at each.

    Attributes:
        copies: memories of this size.
        words: side by side at a place.
        places: addresses.
        word: values in a word.
        distance: fewest iterations from writing a place to reading it.
        bits: of a place, those of all words without what is idle.
    """

    copies: int
    words: int
    places: int
    word: int
    distance: int
    bits: int

    @classmethod
    def of(cls, size: int, places: int, bits: int, most: int, copies: int = 1) -> Memory:
        """The memory of ``size`` values of ``bits`` at each place, in words of equal size and at most ``most`` bits.

        It is passed through over and over, so a place comes again after all others.
        """
        words = -(-size // max(1, most // bits))  # one value is never parted
        return cls(copies, words, places, -(-size // words), places, size * bits)

    @property
    def in_registers(self) -> bool:
        """Whether each value is read again in the next iteration, for which every memory is too slow."""
        return self.places == 1

    @property
    def is_small(self) -> bool:
        """Whether a block RAM would be too slow."""
        return self.places <= FEW_PLACES

    def storage(self, wanted: Storage) -> Storage:
        """What holds it, ``"lutram"`` or ``"bram"``, as estimates have it."""
        return kept_in(self.places, self.bits, wanted)


@dataclass(frozen=True)
class Table:
    """A constant table in the generated code; ``values`` is flat or a list of rows."""

    name: str
    ctype: str
    values: tuple[Any, ...]
    by_channel: bool = True

    @property
    def dimensions(self) -> str:
        """C++ array dimensions."""
        text, level = "", self.values
        while isinstance(level, tuple):
            text, level = f"{text}[{len(level)}]", level[0]
        return text

    def in_rows(self, rows: int, size: int) -> Table:
        """The same with ``size`` entries in each of ``rows``; the last entry fills up the last row."""
        if not self.by_channel:
            return self
        filled = self.values + self.values[-1:] * (rows * size - len(self.values))
        return replace(self, values=tuple(filled[n * size : (n + 1) * size] for n in range(rows)))


@dataclass(frozen=True, eq=False)
class RequantCode:
    """One requantisation in C++: ``source`` type in, ``target`` type out."""

    prefix: str
    requant: Requant | None
    source: str
    target: str
    scaled: Interval
    output: Interval

    @property
    def kind(self) -> str:
        """``none``, ``dyadic`` or ``threshold``."""
        if self.requant is None:
            return "none"
        return "dyadic" if isinstance(self.requant, DyadicRequant) else "threshold"

    @property
    def product_interval(self) -> Interval:
        """Integers of the product, its rounding, the zero point and the bounds."""
        assert isinstance(self.requant, DyadicRequant)  # noqa: S101 - the template looked
        return working_interval(self.requant, self.scaled)

    @property
    def product(self) -> str:
        """C++ type of the product."""
        return cpp_signed(self.product_interval)

    @property
    def multiplier_type(self) -> str:
        """C++ type of a multiplier."""
        assert isinstance(self.requant, DyadicRequant)  # noqa: S101 - the template looked
        return cpp_int(span(self.requant.multiplier))

    @property
    def tables(self) -> list[Table]:
        """Multipliers and shifts, or thresholds and values, where they differ between channels."""
        r = self.requant
        if isinstance(r, ThresholdRequant):
            rows = tuple(tuple(int(v) for v in row) for row in r.thresholds)
            values = tuple(int(v) for v in r.values)
            compared = cpp_signed(span(v for row in rows for v in row))
            return [
                Table(f"{self.prefix}_thresholds", compared, rows, by_channel=len(rows) > 1),
                Table(f"{self.prefix}_values", cpp_int(span(values)), values, by_channel=False),
            ]
        if not isinstance(r, DyadicRequant):
            return []
        first = ("left", self.left_shifts) if r.is_shift else ("multiplier", r.multiplier)
        return [
            Table(f"{self.prefix}_{key}", cpp_int(span(values)), values)
            for key, values in (first, ("shift", more_shifts(r)))
            if len(set(values)) > 1
        ]

    @property
    def least_shift(self) -> int:
        """By how much every channel shifts right at least; tables say how much more."""
        assert isinstance(self.requant, DyadicRequant)  # noqa: S101 - the template looked
        return min(self.requant.shift)

    @property
    def left_shifts(self) -> tuple[int, ...]:
        """Of a requantisation without multiplier: by how much each channel shifts left, for outputs of a finer step."""
        assert isinstance(self.requant, DyadicRequant)  # noqa: S101 - the template looked
        return tuple(m.bit_length() - 1 for m in self.requant.multiplier)


@dataclass(frozen=True, eq=False)
class BlockCode(ABC):
    """Everything a template needs to know of one block.

    Attributes:
        op: the operation this class renders.
        template: file in the ``templates`` folder.
        headers: library headers the block needs.
    """

    design: Design
    hardware: HardwareBlock

    op: ClassVar[type[Op]]
    template: ClassVar[str]
    headers: ClassVar[tuple[str, ...]] = ()
    _classes: ClassVar[dict[type[Op], type[BlockCode]]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "op" not in cls.__dict__:
            return
        if not (TEMPLATES / cls.template).is_file():
            raise FileNotFoundError(f"operation {cls.op.kind!r} has no template {TEMPLATES / cls.template}")
        BlockCode._classes[cls.op] = cls

    @property
    def block(self) -> QBlock:
        """The integer block."""
        return self.hardware.block

    @property
    def ident(self) -> str:
        """C++ name of the block's function."""
        return self.hardware.ident

    @property
    def streaming(self) -> bool:
        """Whether maps are streamed."""
        return self.design.options.io_type == "io_stream"

    @property
    def sources(self) -> tuple[Tensor, ...]:
        """The tensors it reads."""
        return tuple(self.design.tensors[name] for name in self.block.inputs)

    @property
    def gathers(self) -> bool:
        """Whether packets of one of its inputs come in several words."""
        return any(source.words > 1 for source in self.sources)

    @property
    def result(self) -> Tensor:
        """The tensor it makes."""
        return self.design.tensors[self.block.name]

    @property
    def in_map(self) -> tuple[int, int, int]:
        """[height, width, channels] of the first input."""
        return spatial(self.design.graph.shapes[self.block.inputs[0]])

    @property
    def out_map(self) -> tuple[int, int, int]:
        """[height, width, channels] of the output."""
        return spatial(self.block.shape)

    @property
    def iterations(self) -> int:
        """Of its loop, for one sample."""
        return self.hardware.iterations

    @property
    def output_steps(self) -> int:
        """Iterations that finish one output packet: output groups one after the other."""
        return 1 if self.hardware.split is None else self.hardware.split.output_steps

    @property
    def output_block(self) -> int:
        """Outputs that are finished at a time."""
        return self.result.packet if self.hardware.split is None else self.hardware.split.output_block

    @cached_property
    def deviation(self) -> Interval:
        """Integers of the first input minus its zero point, with the zero of padding."""
        return self.deviation_of(0)

    def deviation_of(self, number: int) -> Interval:
        """The same for input ``number``."""
        name = self.block.inputs[number]
        zero = self.design.graph.formats[name].offset
        interval = self.design.graph.intervals[name].union(format_interval(self.design.graph.formats[name]))
        return Interval(interval.lo - zero, interval.hi - zero).with_zero()

    def zero_point(self, number: int = 0) -> int:
        """Zero point of input ``number``."""
        return self.design.graph.formats[self.block.inputs[number]].offset

    @property
    def tap_type(self) -> str:
        """C++ type of an input minus its zero point."""
        return cpp_int(self.tap)

    @property
    def tap(self) -> Interval:
        """Integers of an input as the block computes with it: minus its zero point."""
        return self.deviation

    @property
    def sum_type(self) -> str:
        """C++ type of partial sums."""
        return self.acc_type

    @property
    def acc_type(self) -> str:
        """C++ type of the accumulator, bias included."""
        return cpp_signed(self.block.accumulator)

    @property
    def scaled_type(self) -> str:
        """C++ type after the per-channel scale."""
        return cpp_signed(self.block.scaled.union(self.block.accumulator))

    @property
    def value_type(self) -> str:
        """C++ type of an output value."""
        return cpp_int(self.result.interval)

    @property
    def multiplier(self) -> str | None:
        """C++ name of where multiplications take place, or None where synthesis chooses."""
        where = self.design.options.multipliers
        return None if where == "auto" else f"hlsq::in_{where}"

    @property
    def memory(self) -> Memory | None:
        """What it keeps of its input for later iterations, if anything."""
        return None

    @property
    def line_storage(self) -> Storage:
        """What holds ``memory``."""
        assert self.memory is not None  # noqa: S101 - the template looked
        return self.memory.storage(self.design.choices.storage_of("lines", self.block.name))

    def lines(self, count: int) -> Memory | None:
        """Line buffers: ``count`` rows of the first input."""
        _, width, channels = self.in_map
        most = self.design.limits.word_bits.most
        return Memory.of(channels, width, self.tap.width, most, count) if count else None

    @property
    def requant(self) -> RequantCode:
        """Its requantisation."""
        return RequantCode(
            self.ident, self.block.requant, self.scaled_type, self.value_type, self.block.scaled, self.result.interval
        )

    @property
    def tables(self) -> list[Table]:
        """Bias, scale and requantisation tables, with a row for each output group."""
        tables = []
        if self.block.bias is not None:
            values = tuple(int(v) for v in self.block.bias)
            tables.append(Table(f"{self.ident}_bias", cpp_int(span(values)), values))
        if self.block.scale is not None:
            for key, array in (("gain", self.block.scale.multiplier), ("offset", self.block.scale.shift)):
                values = tuple(int(v) for v in array)
                if len(set(values)) > 1:
                    tables.append(Table(f"{self.ident}_{key}", cpp_int(span(values)), values))
        return [table.in_rows(self.output_steps, self.output_block) for table in tables + self.requant.tables]

    @property
    def summary(self) -> list[str]:
        """Comment lines: what the block computes, on which shapes, in which formats."""
        graph, block = self.design.graph, self.block
        lines = [f"{block.name}: {block.op.kind}, {block.activation}"]
        if block.layers:
            lines.append(f"Keras layers: {', '.join(block.layers)}")
        for name in block.inputs:
            lines.append(f"input  {name} {list(graph.shapes[name])}, {short_format(graph.formats[name])}")
        if block.weights is not None:
            lines.append(f"weights {list(block.weights.values.shape)}, {short_format(block.weights.format)}")
        lines.append(f"output {list(block.shape)}, {short_format(block.format)}")
        if block.op.accumulates:
            lines.append(f"accumulator from {block.accumulator.lo} to {block.accumulator.hi}")
        if mac := self.hardware.mac:
            split = mac.split
            lines.append(
                f"{split.pes} {mac.pe.kind} PEs ({split.tap_block} taps x {split.output_block} outputs), "
                f"reuse factor {split.reuse_factor} ({split.tap_steps} x {split.output_steps} steps)"
            )
        return lines


def short_format(fmt: Format) -> str:
    """A format on one line: fields that differ from their defaults, scales of several channels abbreviated."""
    parts = []
    for name, value in fmt.to_dict().items():
        if name == "format":
            continue
        if isinstance(value, list):
            text = f"{value[0]:.6g}..{value[-1]:.6g} ({len(value)} channels)"
        else:
            text = f"{value:.6g}" if isinstance(value, float) else str(value)
        parts.append(f"{name}={text}")
    return f"{type(fmt).__name__}({', '.join(parts)})"


@cache
def _load() -> None:
    for found in pkgutil.iter_modules(importlib.import_module(PACKAGE).__path__):
        importlib.import_module(f"{PACKAGE}.{found.name}")


def code_for(design: Design, hardware: HardwareBlock) -> BlockCode:
    """The C++ of one block.

    Raises:
        QuantizationError: the backend cannot build this operation.
    """
    _load()
    cls = BlockCode._classes.get(type(hardware.block.op))
    if cls is None:
        raise QuantizationError(f"layer {hardware.block.name!r}: the backend has no C++ for {hardware.block.op.kind!r}")
    return cls(design, hardware)
