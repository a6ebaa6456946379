"""One design of an exploration, and which of many are worth having."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Measure = Literal["accuracy", "fps", "weight_bits", "pes", "lut", "ff", "dsp", "bram18", "uram", "interval", "latency"]
MORE_IS_BETTER = ("accuracy", "fps")
COSTS: tuple[Measure, ...] = ("lut", "bram18", "weight_bits")
"""What the page draws accuracy and speed against."""


@dataclass(frozen=True)
class Row:
    """One plan with one target on one part. Where there is no such design, all from ``pes`` on is None but ``reason``.

    Attributes:
        plan: name of the scheme or plan.
        target: as it was asked for.
        part: FPGA part.
        accuracy: from 0 to 1, by emulation; None without evaluation.
        weight_bits: of the codes of all weights.
        pes: processing elements.
        lut: LUTs, an estimate as all that follow.
        ff: flip-flops.
        dsp: DSP slices.
        bram18: block RAMs of 18 Kb.
        uram: UltraRAMs.
        interval: cycles between samples.
        latency: cycles from first input to last output.
        fps: samples a second.
        useful: share of the PEs' cycles in which they compute a product.
        fits: whether it is within the limit; None if nobody knows what the part has.
        pace: what limits the interval, in a sentence.
        reason: why there is no such design; empty if there is one.
        over: what of the part it takes too much of, in words; empty if nothing.
    """

    plan: str
    target: str
    part: str
    accuracy: float | None
    weight_bits: int
    pes: int | None = None
    lut: float | None = None
    ff: float | None = None
    dsp: int | None = None
    bram18: int | None = None
    uram: int | None = None
    interval: int | None = None
    latency: int | None = None
    fps: float | None = None
    useful: float | None = None
    fits: bool | None = None
    pace: str = ""
    reason: str = ""
    over: str = ""

    @property
    def usable(self) -> bool:
        """Whether there is such a design, and nothing says that it does not fit."""
        return not self.reason and self.fits is not False


def pareto(rows: Sequence[Row], *measures: Measure) -> tuple[Row, ...]:
    """Usable rows that no other equals in all ``measures`` and beats in one; the best in the first measure first."""
    usable = [row for row in rows if row.usable and all(getattr(row, m) is not None for m in measures)]
    losses = [tuple(_loss(row, m) for m in measures) for row in usable]
    best = [
        (loss, row)
        for loss, row in zip(losses, usable, strict=True)
        if not any(all(a <= b for a, b in zip(other, loss, strict=True)) for other in losses if other != loss)
    ]
    return tuple(row for _, row in sorted(best, key=lambda item: item[0]))


def _loss(row: Row, measure: Measure) -> float:
    value: float = getattr(row, measure)
    return -value if measure in MORE_IS_BETTER else value
