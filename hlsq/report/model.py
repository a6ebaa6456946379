"""The report as plain data; text, JSON and HTML are made from it alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hlsq.cost.estimate.model import Estimate
from hlsq.cost.operators import Operators
from hlsq.cost.parts import Part
from hlsq.cost.requantisers import Requantisers
from hlsq.memory import AverageLength, BlockMemory, NetworkMemory
from hlsq.report.asked import Asked
from hlsq.report.curve import ACCURACY, CurvePoint, metric_of
from hlsq.report.histograms import WeightHistogram
from hlsq.report.lengths import WordLength, averages
from hlsq.report.program import ProgramReport
from hlsq.report.synthesis import SynthesisReport

Shape = tuple[int, ...]


@dataclass(frozen=True)
class FormatReport:
    """A number format, with the many scales of a per-channel one as a range.

    Attributes:
        kind: of the format.
        bits: stored bits of one value.
        signed: whether it has negative integers.
        step: smallest and largest real value of one integer step.
        channels: number of scales of a per-channel format, else None.
        zero_point: integer of the real zero.
    """

    kind: str
    bits: int
    signed: bool
    step: tuple[float, float]
    channels: int | None
    zero_point: int

    def __str__(self) -> str:
        low, high = self.step
        step = f"{low:.3g}" if low == high else f"{low:.3g}..{high:.3g}"
        zero = f" zero {self.zero_point}" if self.zero_point else ""
        channels = f" ({self.channels} ch)" if self.channels else ""
        return f"{self.kind} {'s' if self.signed else 'u'}{self.bits} x {step}{channels}{zero}"


@dataclass(frozen=True)
class InputReport:
    """One input of the network, quantised on the host."""

    name: str
    shape: Shape
    format: FormatReport


@dataclass(frozen=True)
class OutputReport:
    """One output of the network; ``host`` names what the host still has to compute (softmax), or is None."""

    name: str
    shape: Shape
    format: FormatReport
    host: str | None


@dataclass(frozen=True)
class DeviationReport:
    """How often a block's integers differ from real arithmetic on the same inputs.

    Attributes:
        values: integers compared.
        differing: how many differ.
        largest: the largest difference, in units in the last place.
    """

    values: int
    differing: int
    largest: int


@dataclass(frozen=True)
class PEReport:
    """The processing elements of one block.

    Attributes:
        kind: ``multiply``, ``shift`` or ``sign``.
        count: how many.
        tap_block: taps that one cycle handles.
        output_block: outputs that one cycle handles.
        reuse_factor: cycles of one output position that share a PE.
    """

    kind: str
    count: int
    tap_block: int
    output_block: int
    reuse_factor: int


@dataclass(frozen=True)
class BlockReport:
    """One block.

    Attributes:
        name: of the block.
        operation: its kind.
        activation: before the requantisation.
        layers: names of the Keras layers it stands for.
        inputs: names of the tensors it reads.
        input_shapes: their shapes.
        output_shape: per sample.
        weight_shape: in the operation's layout, or None.
        weight_format: or None.
        bias_format: in words ("integers of the accumulator" where the plan names none), or None without a bias.
        scale_format: of a refined batch norm's multiplier, or an average pool's reciprocal, likewise.
        shift_format: of a refined batch norm's shift, where the plan gave one.
        output_format: of its integers.
        accumulator: smallest and largest integer of the accumulator and its partial sums; None where nothing is summed.
        accumulator_bits: of the signed type that holds them, or of the partial sums alone where the option accumulator
            fixes it; 0 where nothing is summed.
        scaled_bits: of the signed type after the per-channel scale, 0 without one.
        requant: how the output gets its format, in words.
        requant_bits: of the signed type of product and rounding, 0 without a multiplication or shift.
        pe: its processing elements, or None.
        operators: requantisers, multipliers, shifters and registers of its window; None where blocks share them.
        macs: multiplications (or shifts) and additions for one sample.
        memory: weights, tables and line buffers.
        deviation: rounding on the calibration data; None where it does not round or nothing was measured.
    """

    name: str
    operation: str
    activation: str
    layers: tuple[str, ...]
    inputs: tuple[str, ...]
    input_shapes: tuple[Shape, ...]
    output_shape: Shape
    weight_shape: Shape | None
    weight_format: FormatReport | None
    bias_format: str | None
    scale_format: str | None
    shift_format: str | None
    output_format: FormatReport
    accumulator: tuple[int, int] | None
    accumulator_bits: int
    scaled_bits: int
    requant: str
    requant_bits: int
    pe: PEReport | None
    operators: Operators | None
    macs: int
    memory: BlockMemory
    deviation: DeviationReport | None


@dataclass(frozen=True)
class StreamReport:
    """The stream of one input of a join (addition, concatenation), deep enough that the other branch never waits.

    Attributes:
        block: the join.
        source: the tensor that arrives.
        depth: packets (or words, where a packet takes several) that the stream holds.
        packet_bits: bits of one of them.
    """

    block: str
    source: str
    depth: int
    packet_bits: int

    @property
    def bits(self) -> int:
        """Bits that the stream holds."""
        return self.depth * self.packet_bits


@dataclass(frozen=True)
class PlanReport:
    """Where the formats came from.

    Attributes:
        scheme: its name.
        batch_norm: folded or refined.
        options: of the scheme.
        info: what it found out, calibration among it.
    """

    scheme: str
    batch_norm: str
    options: Mapping[str, Any]
    info: Mapping[str, Any]


@dataclass(frozen=True)
class NetworkReport:
    """What a network became in hardware.

    Attributes:
        network: its name.
        project: name of the top function.
        part: FPGA part.
        capacity: what the part has; None if unknown, because it was converted without a check of the part.
        clock_period: in nanoseconds.
        io_type: ``io_stream`` or ``io_parallel``.
        plan: where the formats came from; None if the project does not say.
        inputs: of the network.
        outputs: of the network, with what is left to the host.
        blocks: in order.
        joins: streams into additions and concatenations; none in io_parallel.
        stream_bits: all streams together; 0 in io_parallel.
        widest_stream_bits: of one word of the widest of all streams; 0 in io_parallel.
        memory: of the network.
        estimate: what the design costs and how fast it is.
        asked: from what the number of PEs follows.
        pace: what limits how fast it is, in words, and what of a target could not be done; empty if nothing takes time.
        deviation_samples: calibration samples on which roundings were counted; None if none were.
        accuracy: results that the user added, name to value.
        word_lengths: of every tensor.
        curve: accuracy against memory, where a search (``doubleq_ext``) made the plan.
        histograms: weights before and after; a loaded project does not know them before.
        program: of a folded accelerator, whose blocks share PEs; None for a dataflow design.
        synthesis: what tools found for SystemVerilog; empty where none has run.
    """

    network: str
    project: str
    part: str
    capacity: Part | None
    clock_period: float
    io_type: str
    plan: PlanReport | None
    inputs: tuple[InputReport, ...]
    outputs: tuple[OutputReport, ...]
    blocks: tuple[BlockReport, ...]
    joins: tuple[StreamReport, ...]
    stream_bits: int
    widest_stream_bits: int
    memory: NetworkMemory
    estimate: Estimate
    asked: Asked
    pace: str
    deviation_samples: int | None
    accuracy: Mapping[str, float] = field(default_factory=dict)
    word_lengths: tuple[WordLength, ...] = ()
    curve: tuple[CurvePoint, ...] = ()
    histograms: tuple[WeightHistogram, ...] = field(default=(), compare=False)
    program: ProgramReport | None = None
    synthesis: tuple[SynthesisReport, ...] = ()

    @property
    def metric(self) -> str:
        """Name of what ``curve`` measures."""
        return metric_of(self.plan.info) if self.plan is not None else ACCURACY

    @property
    def average_lengths(self) -> list[AverageLength]:
        """Average word lengths of activations, weights and others."""
        return averages(self.word_lengths)

    @property
    def pes(self) -> dict[str, int]:
        """Number of PEs of every kind."""
        found: dict[str, int] = {}
        engines = () if self.program is None else self.program.engines
        for kind, count in (
            *((block.pe.kind, block.pe.count) for block in self.blocks if block.pe is not None),
            *((engine.kind, engine.pes) for engine in engines),
        ):
            found[kind] = found.get(kind, 0) + count
        return dict(sorted(found.items()))

    @property
    def operators(self) -> list[Operators]:
        """Of all blocks that have some of their own."""
        return [block.operators for block in self.blocks if block.operators is not None]

    @property
    def requantisers(self) -> Requantisers:
        """Of all blocks together."""
        return sum((found.requantisers for found in self.operators), Requantisers())

    @property
    def multipliers(self) -> int:
        """Of all blocks together, those of PEs excepted."""
        return sum(found.multipliers.total for found in self.operators)

    @property
    def shifters(self) -> int:
        """PEs and requantisers of all blocks together that shift by what is known only when they run."""
        return sum(found.shifters for found in self.operators)

    @property
    def dsp_candidates(self) -> int:
        """Multiplications of every cycle of all blocks together, which a tool may put into DSP blocks."""
        return sum(found.dsp_candidates for found in self.operators)

    @property
    def window_register_bits(self) -> int:
        """Of all blocks together."""
        return sum(found.window_register_bits for found in self.operators)

    @property
    def macs(self) -> int:
        """Multiplications (or shifts) and additions for one sample."""
        return sum(block.macs for block in self.blocks)

    @property
    def deviation(self) -> DeviationReport | None:
        """Roundings of all blocks together; None if none were counted."""
        if self.deviation_samples is None:
            return None
        found = [block.deviation for block in self.blocks if block.deviation is not None]
        return DeviationReport(
            sum(d.values for d in found), sum(d.differing for d in found), max((d.largest for d in found), default=0)
        )
