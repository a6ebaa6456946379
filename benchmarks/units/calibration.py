"""Factors from the table to published designs, each row estimated from the others, and checks that were not fitted."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from statistics import median

from hlsq.cost.units import packings, unit_cost
from units.published import ACCELERATORS, DESIGNS, HE_PES, Design

COMMENT = """\
# Factors from units.csv to published designs: the median of published / table over the rows of a class. Residuals: the
# largest relative error where each row is left out in turn. Written by: make bench BENCH_ARGS=units.
"""


def factor(designs: Sequence[Design], field: str) -> float:
    """Median of published / estimated; a row that fits badly moves it little."""
    return median(getattr(design, field) / design.estimated(field) for design in designs)


def residuals(designs: Sequence[Design], field: str) -> list[float]:
    """Relative error of each row, with the factor of the other rows."""
    return [
        factor([other for other in designs if other is not design], field)
        * design.estimated(field) / getattr(design, field) - 1
        for design in designs
    ]  # fmt: skip


def families() -> dict[str, list[Design]]:
    found: dict[str, list[Design]] = {}
    for design in DESIGNS:
        found.setdefault(design.family, []).append(design)
    return found


def write(path: Path) -> None:
    """The factors."""
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(COMMENT)
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["class", "rows", "lut", "ff", "lut_residual", "ff_residual"])
        for name, designs in families().items():
            factors = [factor(designs, field) for field in ("lut", "ff")]
            worst = [max(map(abs, residuals(designs, field))) for field in ("lut", "ff")]
            writer.writerow([name, len(designs), *(f"{number:.4f}" for number in (*factors, *worst))])


def fitted() -> list[tuple[str, ...]]:
    """Rows to print: published, raw and paired LUTs, with the factor, its error, and that of the row left out."""
    found = []
    for name, designs in families().items():
        for field in ("lut", "ff"):
            scale = factor(designs, field)
            for design, left_out in zip(designs, residuals(designs, field), strict=True):
                published, table = getattr(design, field), design.estimated(field)
                raw = f"{design.estimated('luts'):,.0f}" if field == "lut" else "-"
                error = scale * table / published - 1
                numbers = (f"{published:,}", raw, f"{table:,.0f}", f"{scale * table:,.0f}")
                found.append((design.name, name, field, *numbers, f"{100 * error:+.1f} %", f"{100 * left_out:+.1f} %"))
    return found


def checks() -> list[tuple[str, str, str]]:
    """What was not fitted: published and estimated."""
    scale = {name: packing.lut for name, packing in packings().items()}
    found = []
    for name, widths, lut in HE_PES:
        multipliers = 1152 * unit_cost("multiply", "lut", *widths).lut * scale["multiply"]
        trees = 128 * unit_cost("tree", "pipelined", 9, sum(widths)).lut
        found.append((f"{name}: LUT, multipliers and trees of nine", f"{lut:,}", f"{multipliers + trees:,.0f}"))
    multiply = unit_cost("multiply", "lut", 8, 8).lut * scale["multiply"]
    shift = unit_cost("shift", "varying", 8, 2).lut
    range_ = f"{multiply - shift * scale['shift']:.1f} to {multiply - shift:.1f}"
    for multiplying, shifting in pairwise(ACCELERATORS):
        if multiplying.weights == "8 bits" and multiplying.name == shifting.name:
            published = (multiplying.lut - shifting.lut) / multiplying.pes
            found.append((f"{multiplying.name}: LUT a PE, 8x8 less shift", f"{published:.1f}", range_))
    return found


def accelerators() -> list[tuple[str, ...]]:
    """Whole designs that are published, with GOPs = 2 x PEs x clock."""
    found = []
    for item in ACCELERATORS:
        counts = ("-" if count is None else f"{count:,}" for count in (item.lut, item.ff, item.bram36, item.dsp))
        reported = "-" if item.gops is None else f"{item.gops:.1f}"
        numbers = (
            f"{item.pes:,}",
            f"{item.clock}",
            f"{item.peak:.1f}",
            reported,
            *counts,
            f"{item.lut / item.pes:.1f}",
        )
        found.append((f"{item.name}, {item.weights}", *numbers))
    return found


def requantisers() -> list[tuple[str, ...]]:
    """FxP-QLayer alone (Fig. 12b), which has no published count, only that it is LUTs and negligible."""
    kinds = ("half_up", "half_even", "varying", "dyadic", "dyadic_dsp")
    costs = [(kind, unit_cost("requantise", kind, 32, 8)) for kind in kinds]
    return [(kind, *(f"{cells:.0f}" for cells in (cost.lut, cost.ff, cost.dsp))) for kind, cost in costs]


def shift_arrays() -> list[tuple[str, ...]]:
    """LUTs a PE of the arrays on both devices: those of shift PEs are apart, those of dual PEs are not."""
    found = []
    for family in ("shift", "dual"):
        small, large = (
            next(design.lut / pes for design in DESIGNS if f"{pes:,} {family}" in design.name) for pes in (512, 1024)
        )
        found.append((f"{family}, LUT a PE", f"{small:.2f}", f"{large:.2f}", f"{large - small:+.2f}"))
    return found
