"""All units synthesised and checked, as the table that ``hlsq.cost`` reads."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import numpy as np

from units import control, digits, memories, multipliers, outputs, pes, selections, slices, sums
from units.clocked import simulate
from units.netlist import Cells, Netlist
from units.synthesis import synthesise
from units.unit import Unit

COMMENT = """\
# What units cost in 7 series: cells of Yosys's netlists, each checked against Python over all or many inputs.
# Written by: make bench BENCH_ARGS=units. luts: LUT1 to LUT6 as counted; lut: after pairing those that share a LUT of
# six inputs; memory: LUTs that are shift registers or memories. Units and widths: hlsq/cost/units.py.
"""


def all_units() -> Iterator[Unit]:
    """Every unit."""
    for module in (multipliers, pes, digits, sums, outputs, memories, selections, control, slices):
        yield from module.units()


def wrong_outputs(unit: Unit, netlist: Netlist) -> int:
    """For how many of the tried inputs the netlist computes something else, or after another delay."""
    values = unit.samples()
    result = simulate(netlist, unit, values) if unit.clocked else netlist.evaluate(unit, values)
    wrong = int(np.count_nonzero(np.ma.filled(result != unit.expected(values), False)))
    if unit.delay is not None and netlist.delays(unit.output.name) != {unit.delay}:
        wrong += 1
    return wrong


def measured() -> dict[Unit, Cells]:
    """Cells of every unit.

    Raises:
        RuntimeError: a netlist is wrong.
    """
    units = list(all_units())
    netlists = synthesise(units)
    found = {}
    for unit in units:
        wrong = wrong_outputs(unit, netlists[unit.name])
        if wrong:
            raise RuntimeError(f"{unit.name}: the netlist is wrong for {wrong} inputs")
        found[unit] = netlists[unit.name].counted()
    return found


def write(cells: dict[Unit, Cells], path: Path) -> None:
    """The table."""
    names = [field.name for field in fields(Cells)]
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(COMMENT)
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["unit", "kind", "widths", *names])
        for unit, row in cells.items():
            widths = "x".join(map(str, unit.widths))
            writer.writerow([unit.unit, unit.kind, widths, *(getattr(row, name) for name in names)])
