"""What a tool's synthesis of a design took, beside the estimate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hlsq.cost.estimate.model import Estimate
from hlsq.report.table import Table


@dataclass(frozen=True)
class SynthesisReport:
    """Cells of a synthesised design.

    Attributes:
        tool: that made it.
        lut: LUTs, those that are memories or shift registers included.
        lutram: LUTs that are memories or shift registers.
        ff: registers.
        carry4: carry chains of four bits.
        dsp: DSP blocks.
        bram18: block RAMs of 18 Kb.
        bram36: block RAMs of 36 Kb, beside those.
        path: cells (LUTs, wide multiplexers, CARRY4) on the longest path between registers; None if not told.
        slack: worst slack of setup in nanoseconds at the design's clock, after routing; None if not told.
        power: in watts; None if not told.
    """

    tool: str
    lut: int
    lutram: int
    ff: int
    carry4: int
    dsp: int
    bram18: int
    bram36: int
    path: int | None = None
    slack: float | None = None
    power: float | None = None

    @property
    def bram(self) -> float:
        """Block RAMs of 36 Kb, two of 18 Kb as one."""
        return self.bram36 + self.bram18 / 2

    def rows(self) -> list[tuple[str, str]]:
        """Names and values; those that the tool does not tell are ``-``."""
        return [
            ("LUT", f"{self.lut:,}"),
            ("LUTRAM", f"{self.lutram:,}"),
            ("FF", f"{self.ff:,}"),
            ("CARRY4", f"{self.carry4:,}"),
            ("DSP", f"{self.dsp:,}"),
            ("BRAM", f"{self.bram:,g}"),
            ("longest path", _told(self.path, "cells")),
            ("slack", _told(self.slack, "ns")),
            ("power", _told(self.power, "W")),
        ]


def synthesis_tables(estimate: Estimate, found: tuple[SynthesisReport, ...]) -> Iterator[Table]:
    """The estimate beside every tool's synthesis; nothing where none has run."""
    if not found:
        return
    estimated = {
        "LUT": f"{estimate.lut:,.0f}",
        "LUTRAM": f"{estimate.lutram:,.0f}",
        "FF": f"{estimate.ff:,.0f}",
        "DSP": f"{estimate.dsp:,.0f}",
        "BRAM": f"{estimate.bram18 / 2:,g}",
    }
    columns = [dict(item.rows()) for item in found]
    rows = [(name, estimated.get(name, "-"), *(column[name] for column in columns)) for name in columns[0]]
    yield Table(
        "Synthesis",
        ("", "estimate", *(item.tool for item in found)),
        tuple(row for row in rows if any(cell != "-" for cell in row[1:])),
        right=tuple(range(1, 2 + len(found))),
        note="Yosys: cells as it maps them, neither packed into slices nor placed; the longest path is that between "
        "registers, memories and DSP blocks. BRAM: blocks of 36 Kb. LUTRAM is part of LUT.",
    )


def _told(value: float | None, unit: str) -> str:
    return "-" if value is None else f"{value:,} {unit}"
