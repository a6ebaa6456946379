"""The folded accelerator as an overlay: instructions, weights and constants come from memory.

What an overlay has room for is rounded up from what one network needs, to what memories and adders have anyway; other
networks then run on it where they fit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import prod

from hlsq.backends.folded.engines import EngineSpec
from hlsq.backends.folded.pieces import OPCODES, Engine, EngineImage, Field, Instruction, MemoryMap
from hlsq.graph import Interval

WORD = 64
"""Bits of a word of memory, as a high-performance port of a Zynq has."""
HEADER = 2
"""Words in front of the instructions: how many of these there are, and words of all."""
MODES = frozenset({"mac", "lanes", "sum", "max"})
SPARE = 4
"""Bits that sums have beside those that its own network needs, so that others may have more channels."""
COMMON = frozenset({
    "wait", "half_up", "half_even", "leaky", "combine", "add", "product_shift", "left", "add_left",
})  # fmt: skip
"""What every overlay can do, beside what its own network needs: all that takes no multiplier and no threshold."""
ALWAYS = ("bias", "left", "right")
"""Constants that every overlay has."""


@dataclass(frozen=True)
class Table:
    """Constants of one kind in one engine, double-buffered.

    Attributes:
        name: of the constants.
        bits: of one of them, signed but for weights.
        values: in a row.
        rows: of one instruction at most.
        slices: memories side by side, each with a row.
    """

    name: str
    bits: int
    values: int
    rows: int
    slices: int = 1

    @property
    def packed(self) -> int:
        """Values in a word."""
        return WORD // self.bits

    @property
    def columns(self) -> int:
        """Words of a row of one slice."""
        return -(-self.values // self.packed)

    @property
    def words(self) -> int:
        """Of a row of all slices."""
        return self.slices * self.columns


@dataclass(frozen=True)
class Overlay:
    """What an overlay has beside engines and feature-map memories.

    Attributes:
        fields: of the instruction word.
        tables: of each engine: constants, weights last.
        factors: of windows at a border, in one instruction at most.
        factor_bits: of one of these.
        operands: further maps that an addition takes.
        thresholds: of a requantisation.
        inputs: ports.
        outputs: ports.
    """

    fields: tuple[Field, ...]
    tables: tuple[tuple[Table, ...], ...]
    factors: int
    factor_bits: int
    operands: int
    thresholds: int
    inputs: int
    outputs: int

    @property
    def instruction_words(self) -> int:
        """Words of one instruction."""
        return -(-sum(field.width for field in self.fields) // WORD)

    def words(self, fields: Mapping[str, int]) -> int:
        """Words of an instruction and of all that comes with it."""
        found = self.instruction_words + fields["factors"]
        if fields["opcode"] == OPCODES.index("run"):
            *constants, weights = self.tables[fields["engine"]]
            found += fields["parameter_rows"] * sum(table.words for table in constants)
            found += fields["weight_rows"] * weights.words
        return found


def with_rows(
    instructions: tuple[Instruction, ...], images: tuple[EngineImage, ...], factors: int
) -> tuple[Instruction, ...]:
    """``instructions``, each with how much of the images is its own; ``factors`` is their number."""
    starts: list[list[int]] = []
    parameters: list[list[int]] = []
    for number, image in enumerate(images):
        own = [item.fields for item in instructions if item.opcode == "run" and item.fields["engine"] == number]
        slices, rows, _ = image.weights.shape
        starts.append(sorted({_start(f, slices) for f in own if f["weight_bits"]}) + [slices * rows])
        parameters.append(sorted({f["parameters"] for f in own}) + [_constant_rows(image)])
    return tuple(_with_rows(item, images, starts, parameters, factors) for item in instructions)


def _start(fields: Mapping[str, int], slices: int) -> int:
    return fields["weight_address"] * slices + fields["weight_bank"]


def _constant_rows(image: EngineImage) -> int:
    return max((len(values) for values in image.parameters.values()), default=0)


def _with_rows(
    item: Instruction,
    images: tuple[EngineImage, ...],
    starts: list[list[int]],
    parameters: list[list[int]],
    factors: int,
) -> Instruction:
    f = dict(item.fields)
    weights = rows = count = 0
    if item.opcode == "run":
        number = f["engine"]
        slices = images[number].weights.shape[0]
        if f["weight_bits"]:
            start = _start(f, slices)
            end = next(s for s in starts[number] if s > start)
            weights = -(-(end - start) // slices)
        rows = max(0, next((p for p in parameters[number] if p > f["parameters"]), f["parameters"]) - f["parameters"])
        count = 1 + f["out_height"] + f["out_width"] if f["factor"] else 0
    f |= {"weight_rows": weights, "parameter_rows": rows, "factors": count, "factor_start": f["factor"]}
    f["factor"] = int(count > 0)
    return replace(item, fields=f)


def loading(instructions: tuple[Instruction, ...], overlay: Overlay, engines: tuple[Engine, ...]) -> Iterator[int]:
    """Cycles that each instruction waits for its own words, after those in which the one before hid their loading."""
    hidden = beside = 0
    for item in instructions:
        yield max(0, overlay.words(item.fields) - hidden)
        hidden = max(beside, _iterations(item.fields, engines))
        beside = 0
        if item.fields["beside"]:
            hidden, beside = 0, hidden


def _iterations(f: Mapping[str, int], engines: tuple[Engine, ...]) -> int:
    """Of the loop of an instruction beside which words are loaded."""
    if f["opcode"] == OPCODES.index("load"):
        return f["rows"] * f["chunks"]
    if f["opcode"] == OPCODES.index("emit"):
        return f["rows"]
    periods = f["rows"] * f["groups"] * f["groups_of_outputs"]
    drain = engines[f["engine"]].array.positions * f["finishes"] * max(1, f["operands"])
    return f["delay"] + periods * f["period"] + drain


def roomy_engine(engine: Engine, word: int) -> Engine:
    """``engine`` with room for other networks."""
    splits = EngineSpec(engine.name, engine.kind, engine.array).splits
    modes = MODES if engine.array.taps == word else frozenset({"mac"})
    return replace(
        engine,
        splits=splits,
        sums=max(engine.sums, engine.array.outputs * max(splits), word),
        features=engine.features | modes | COMMON,
        tap=_whole(engine.tap),
        sum=_rounded(engine.sum),
        value=_rounded(engine.value),
        product=_rounded(engine.product),
    )


def roomy_map(map_: MemoryMap) -> MemoryMap:
    """``map_`` with memories as deep as block RAMs are, and all integers of its types."""
    depth = tuple(up(words, 512) for words in map_.depth)
    return replace(
        map_, depth=depth, lane=_whole(map_.lane), outputs=up(map_.outputs, 64), output=_rounded(map_.output)
    )


def tables_of(engine: Engine, image: EngineImage, instructions: tuple[Instruction, ...], number: int) -> list[Table]:
    """Constants and weights of ``engine``, with room for those of the largest instruction."""
    own = [item.fields for item in instructions if item.opcode == "run" and item.fields["engine"] == number]
    rows = up(max((f["parameter_rows"] for f in own), default=1), 64)
    found = []
    for name in dict.fromkeys((*ALWAYS, *image.parameters)):
        values = image.parameters.get(name)
        interval = Interval(0, 0) if values is None else Interval(int(values.min()), int(values.max()))
        found.append(Table(name, up(_signed(interval), 8), engine.lanes, rows))
    weights = up(max((f["weight_rows"] for f in own), default=1), 256)
    codes = prod((engine.array.taps, engine.array.outputs))
    return [*found, Table("weights", engine.slice_bits, codes, weights, engine.slices)]


def up(value: int, step: int) -> int:
    """The smallest multiple of ``step`` from ``value`` on, and from ``step``."""
    return max(1, -(-value // step)) * step


def _signed(interval: Interval) -> int:
    return interval.width + (not interval.signed)


def _whole(interval: Interval) -> Interval:
    """All integers of the type that holds ``interval``."""
    bits = interval.width - interval.signed
    return Interval(-(1 << bits) if interval.signed else 0, (1 << bits) - 1)


def _rounded(interval: Interval) -> Interval:
    """In whole bytes with some bits to spare, but no wider than what C simulation computes with."""
    bits = min(63, up(_signed(interval) + SPARE, 8))
    return Interval(-(1 << (bits - 1)), (1 << (bits - 1)) - 1).union(interval)
