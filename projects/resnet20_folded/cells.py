"""Designs and published figures as rows of the same tables."""

from __future__ import annotations

from typing import Any

from papers import Published

import hlsq
from hlsq.backends.vitis.designs import AnyDesign
from hlsq.backends.vitis.folded.design import FoldedDesign
from hlsq.backends.vitis.options import HardwareOptions

CLOCKS = (100, 200)
"""MHz."""
HEADER = (
    "", "PEs", "LUT", "FF", "DSP", "BRAM36", "top-1 %", "kB", "cycles",
    *(f"ms, {mhz}" for mhz in CLOCKS), *(f"GOP/s, {mhz}" for mhz in CLOCKS), "fits",
)  # fmt: skip
"""Of ``row`` and ``published``; the numbers behind ms and GOP/s are MHz."""
BLANK = "-"


def folded(network: hlsq.QuantizedGraph, part: str, **options: Any) -> FoldedDesign:
    """A folded accelerator for ``part``; nothing is written."""
    return FoldedDesign(network, HardwareOptions(architecture="folded", part=part, **options))


def shaped(taps: int, outputs: int, positions: int, **options: Any) -> dict[str, Any]:
    """One engine of this shape, as the option ``engines`` takes it."""
    return {"array": {"taps": taps, "outputs": outputs, "positions": positions, **options}}


def row(name: str, design: AnyDesign, accuracy: float | None = None, kilobytes: float | None = None) -> tuple[str, ...]:
    """PEs, resources, accuracy, memory and speed of a design."""
    found = design.estimate
    products = sum(block.pes * block.useful for block in found.blocks.values()) * found.interval
    return (
        name,
        f"{found.pes:,}",
        f"{round(found.lut):,}",
        f"{round(found.ff):,}",
        f"{round(found.dsp):,}",
        f"{found.bram18 / 2:g}",
        number(accuracy, ".2f"),
        number(kilobytes, ".2f"),
        f"{found.interval:,}",
        *(f"{milliseconds(found.interval, mhz):.3f}" for mhz in CLOCKS),
        *(f"{2 * products * mhz / (found.interval * 1e3):.0f}" for mhz in CLOCKS),
        "yes" if found.fits else "no",
    )


def published(of: Published) -> tuple[str, ...]:
    """The same of a published design."""
    speed = {"ms": number(of.ms, ".2f"), "gops": number(of.gops, "g")}
    ms, gops = ([speed[what] if of.mhz == mhz else BLANK for mhz in CLOCKS] for what in speed)
    return (
        of.name, number(of.pes), number(of.lut), number(of.ff), number(of.dsp), number(of.bram36, "g"),
        number(of.accuracy, ".2f"), number(of.kilobytes, "g"), BLANK, *ms, *gops, BLANK,
    )  # fmt: skip


def number(value: float | None, form: str = ",") -> str:
    """``value`` as text; a dash where there is none."""
    return BLANK if value is None else format(value, form)


def milliseconds(cycles: int, mhz: int) -> float:
    """Time of ``cycles`` at ``mhz``."""
    return cycles / (mhz * 1e3)


def engine_sums(design: FoldedDesign, what: str) -> dict[str, float]:
    """By engine, the sum over its array, reading, post-processing and weights of a resource of the estimate."""
    blocks = design.estimate.blocks
    parts = ("", " reading", " post-processing", " weights")
    return {
        engine.name: sum(getattr(blocks[engine.name + part], what) for part in parts)
        for engine in design.program.engines
    }
