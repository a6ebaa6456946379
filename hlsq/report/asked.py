"""What the user asked of the hardware, which the report tells beside what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from hlsq.cost.estimate.words import percent
from hlsq.cost.fit import SLOWER
from hlsq.cost.reuse import DEFAULT_REUSE
from hlsq.counted import counted, in_percent

MOST_NAMED = 4
"""Blocks that are named with their reuse factors; the table of blocks has all."""


@dataclass(frozen=True)
class Asked:
    """Options of ``hlsq.convert`` from which the number of PEs follows.

    Attributes:
        target: ``"fit"``, also where nothing was asked for; None otherwise.
        target_interval: cycles from sample to sample, or None.
        target_fps: samples a second, or None.
        cycles: from sample to sample that the two before it allow, or None.
        utilization: share of the part that may be taken.
        reuse_factor: of all blocks, or by block with ``"default"`` for others; None beside a target, which chooses it.
        pes: most PEs of an engine of a folded accelerator; None beside a target.
        folded: whether the design is one.
        stages: whether that is a pipeline, whose PEs are those of all stages.
    """

    target: Literal["fit"] | None
    target_interval: int | None
    target_fps: float | None
    cycles: int | None
    utilization: float
    reuse_factor: int | Mapping[str, int] | None
    pes: int | None = None
    folded: bool = False
    stages: bool = False

    @property
    def in_words(self) -> str:
        """``target fit: as fast as fits in 80 % of the part``."""
        if self.target_fps is not None:
            return f"target fps: at least {self.target_fps:,.6g} samples a second, at most {self.cycles:,} cycles each"
        if self.target_interval is not None:
            return f"target interval: at most {self.target_interval:,} cycles from sample to sample"
        if self.target is not None:
            told = f"target {self.target}: as fast as fits in {percent(self.utilization)} of the part"
            if self.folded:
                return told
            return f"{told}, or up to {in_percent(SLOWER - 1)} slower where its PEs are busier then"
        if self.pes is not None:
            return f"at most {counted(self.pes, 'PE')} in {'all stages' if self.stages else 'an engine'}"
        if self.folded:
            return "engines as they are given"
        return self._reuse_in_words()

    def _reuse_in_words(self) -> str:
        if not isinstance(self.reuse_factor, Mapping):
            return f"reuse factor {self.reuse_factor:,} for all blocks"
        named = {name: factor for name, factor in self.reuse_factor.items() if name != "default"}
        told = [f"{factor:,} for {name}" for name, factor in list(named.items())[:MOST_NAMED]]
        if len(named) > MOST_NAMED:
            told.append(f"those given for {len(named) - MOST_NAMED:,} more")
        others = self.reuse_factor.get("default")
        value = f"as close to {DEFAULT_REUSE} as can be" if others is None else f"{others:,}"
        told.append(f"{value} for all{' others' if named else ''}")
        return f"reuse factors: {', '.join(told)}"
