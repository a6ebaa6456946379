"""The program of a folded accelerator, as plain data."""

from __future__ import annotations

from dataclasses import dataclass

from hlsq.counted import counted


@dataclass(frozen=True)
class EngineReport:
    """An array of PEs that layers share in turn.

    Attributes:
        name: of the engine.
        kind: of its PEs.
        taps, outputs, positions: shape of the array.
        pes: their number.
        lanes: values that post-processing finishes a cycle.
        code_bits: of the widest weight code.
        sum_bits: of an accumulator.
        weight_rows: words of its weight memories.
        weight_bits: of one such word.
        cycles: in which it works on a sample.
        use: share of its PEs' cycles then in which they compute a product.
    """

    name: str
    kind: str
    taps: int
    outputs: int
    positions: int
    pes: int
    lanes: int
    code_bits: int
    sum_bits: int
    weight_rows: int
    weight_bits: int
    cycles: int
    use: float


@dataclass(frozen=True)
class InstructionReport:
    """One instruction.

    Attributes:
        blocks: that it computes; empty where it only moves data.
        target: tensor that it writes.
        engine: that runs it; empty where none does.
        mode: what that does with a step, with the parts in which its adder trees are tapped; else ``load``, ``emit``.
        steps: of a group of outputs.
        groups: of outputs.
        cycles: that it takes.
        macs: products.
        use: share of the PEs' cycles in which they compute a product; None where there are none.
        reads: memory and address of its input, in words.
        writes: of its output.
    """

    blocks: tuple[str, ...]
    target: str
    engine: str
    mode: str
    steps: int
    groups: int
    cycles: int
    macs: int
    use: float | None
    reads: str
    writes: str

    @property
    def name(self) -> str:
        """The blocks, or what is moved."""
        return " + ".join(self.blocks) or self.target


@dataclass(frozen=True)
class PlaceReport:
    """Where a feature map lies.

    Attributes:
        tensor: its name.
        memory: number of the memory.
        first: its first word in every bank.
        words: that it takes of every bank, those between the pixels of a concatenation included.
        bits: of its own words in all banks.
    """

    tensor: str
    memory: int
    first: int
    words: int
    bits: int


@dataclass(frozen=True)
class StageReport:
    """A stage of a pipeline: a folded accelerator that works on a sample of its own.

    Attributes:
        name: of it.
        blocks: that it computes.
        pes: of its engines.
        instructions: their number.
        instruction_bits: of one.
        cycles: for a sample, with what it waits for its neighbours.
        banks, word, lane_bits, depths, map_bits: of its memories of feature maps, as in ``ProgramReport``.
    """

    name: str
    blocks: tuple[str, ...]
    pes: int
    instructions: int
    instruction_bits: int
    cycles: int
    banks: int
    word: int
    lane_bits: int
    depths: tuple[int, ...]
    map_bits: int


@dataclass(frozen=True)
class ProgramReport:
    """A network as a program, or as those of the stages of a pipeline.

    Attributes:
        engines: that it runs on.
        instructions: in order.
        instruction_bits: of one; of the widest stage's in a pipeline.
        fields: of it, bits by name; those that take none are left out. Empty for a pipeline.
        places: of the feature maps.
        banks: of every memory of feature maps.
        word: lanes of a word.
        lane_bits: of one.
        depths: words of a bank of each memory.
        map_bits: of all of them.
        cycles: of a sample, its input and output included.
        stages: of a pipeline, whose memories ``banks`` to ``depths`` then say nothing of.
    """

    engines: tuple[EngineReport, ...]
    instructions: tuple[InstructionReport, ...]
    instruction_bits: int
    fields: dict[str, int]
    places: tuple[PlaceReport, ...]
    banks: int
    word: int
    lane_bits: int
    depths: tuple[int, ...]
    map_bits: int
    cycles: int
    stages: tuple[StageReport, ...] = ()

    @property
    def interval(self) -> int:
        """Cycles between two samples: those of the slowest stage, or of all instructions."""
        return max((stage.cycles for stage in self.stages), default=self.cycles)

    @property
    def length(self) -> str:
        """``40 instructions of 400 bits``; those of a pipeline differ by stage."""
        told = counted(len(self.instructions), "instruction")
        if self.stages:
            return f"{told} in {counted(len(self.stages), 'stage')}"
        return f"{told} of {self.instruction_bits:,} bits"

    @property
    def in_words(self) -> str:
        """``engine0: 512 dual PEs, 16 x 8 x 4``: taps, outputs, positions."""
        return "; ".join(
            f"{e.name}: {counted(e.pes, f'{e.kind} PE')}, {e.taps} x {e.outputs} x {e.positions}" for e in self.engines
        )
