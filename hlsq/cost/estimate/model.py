"""Figures of an estimate: of every block, of what connects them, and of the whole against a part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any

from hlsq.cost.estimate.words import amounts, in_words, percent
from hlsq.cost.parts import Part

RESOURCES = ("lut", "lutram", "ff", "dsp", "bram18", "uram")
"""What a part has a capacity of, by the names of fields here and of ``Part``."""


@dataclass(frozen=True)
class Resources:
    """Cells of 7 series. Estimates are of synthesis, and no whole numbers before they are shown.

    Attributes:
        lut: LUTs of six inputs, ``lutram`` included.
        ff: flip-flops.
        dsp: DSP slices.
        bram18: block RAMs of 18 Kb; one of 36 Kb is two.
        uram: UltraRAMs.
        lutram: LUTs that are memories or shift registers.
    """

    lut: float = 0.0
    ff: float = 0.0
    dsp: int = 0
    bram18: int = 0
    uram: int = 0
    lutram: float = 0.0

    def __add__(self, other: Resources) -> Resources:
        return Resources(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(Resources)))

    def __str__(self) -> str:
        return amounts(self)

    def times(self, count: float) -> Resources:
        """``count`` of them; whole DSP slices and memories, so ``count`` is whole where there are any."""
        lut, ff, lutram = self.lut * count, self.ff * count, self.lutram * count
        return Resources(lut, ff, int(self.dsp * count), int(self.bram18 * count), int(self.uram * count), lutram)


@dataclass(frozen=True)
class Memory:
    """Memories of one size that a block has.

    Attributes:
        component: of the block, as ``BlockEstimate.components`` names it.
        copies: number.
        depth: words of each.
        width: bits of a word.
        storage: what they are: ``"registers"``, ``"constants"``, ``"ROM in LUTs"``, ``"LUTRAM"``, ``"block RAM"``, or
            of a stream ``"FIFO in registers"``, ``"... shift registers"``, ``"... LUTRAM"``, ``"... block RAM"``.
        bram18: block RAMs of 18 Kb that all of them take; a wide word takes many, whatever its depth.
    """

    component: str
    copies: int
    depth: int
    width: int
    storage: str
    bram18: int


@dataclass(frozen=True)
class BlockEstimate(Resources):
    """One block, with the streams or memories that bring its inputs.

    Attributes:
        pes: processing elements.
        latency: cycles from its first input to its last output, where its inputs come and go as fast as they can.
        interval: cycles between samples.
        useful: share of the PEs' cycles in the design's interval in which they compute a product; 0 without PEs.
        components: what it consists of, such as ``"PEs"``, ``"adder trees"``, ``"weights"``, ``"line buffers"``.
        memories: what of it is stored in which.
    """

    pes: int = 0
    latency: int = 0
    interval: int = 0
    useful: float = 0.0
    components: Mapping[str, Resources] = field(default_factory=lambda: MappingProxyType({}))
    memories: tuple[Memory, ...] = ()

    def __getstate__(self) -> dict[str, Any]:
        """With mappings that can be copied, which those that nobody may change cannot."""
        return {
            name: dict(value) if isinstance(value, MappingProxyType) else value for name, value in vars(self).items()
        }

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        for key, value in state.items():
            vars(self)[key] = MappingProxyType(value) if isinstance(value, dict) else value

    def __str__(self) -> str:
        pes = f"{self.pes:,} PEs, {percent(self.useful)} useful, " if self.pes else ""
        return f"{pes}{amounts(self)}, interval {self.interval:,}, latency {self.latency:,} cycles"


@dataclass(frozen=True)
class Estimate(BlockEstimate):
    """A whole design. Of ``components``, the sums over all blocks.

    Attributes:
        blocks: by name, in the order of the network.
        clock_period: in nanoseconds.
        capacity: what the part has; None if that is unknown.
        limit: share of the capacity that the design may take.
    """

    blocks: Mapping[str, BlockEstimate] = field(default_factory=lambda: MappingProxyType({}))
    clock_period: float = 5.0
    capacity: Part | None = None
    limit: float = 0.8

    def __str__(self) -> str:
        return in_words(self)

    @property
    def utilization(self) -> dict[str, float]:
        """Share of the part that each of ``RESOURCES`` takes, infinite where it has none; empty if it is unknown."""
        if self.capacity is None:
            return {}
        has = {name: getattr(self.capacity, name) for name in RESOURCES}
        needs = {name: getattr(self, name) for name in RESOURCES}
        return {
            name: needs[name] / has[name] if has[name] else (float("inf") if needs[name] else 0.0) for name in RESOURCES
        }

    @property
    def fits(self) -> bool | None:
        """Whether no resource takes more than ``limit`` of the part; None if the part is unknown."""
        return None if self.capacity is None else all(share <= self.limit for share in self.utilization.values())

    @property
    def fps(self) -> float:
        """Samples a second, where each starts as soon as it can; 0 for a design that does nothing."""
        return 1e9 / (self.interval * self.clock_period) if self.interval else 0.0

    @property
    def gops(self) -> float:
        """Billions of operations a second that the PEs could do, a product and a sum each: 2 x PEs x clock."""
        return 2 * self.pes / self.clock_period
