"""What one unit of hardware costs, from a table of synthesised netlists, and by how much published designs differ.

Estimates of synthesis for 7 series, not of what is placed. ``units.csv`` holds cells of netlists that Yosys made, after
pairing LUTs that share one of six inputs; ``packing.csv`` holds, for each class of designs whose use on FPGAs is
published, the factor from this table to what Vivado made of them. ``make bench BENCH_ARGS=units`` writes both.

Units, their kinds and widths (bits unless said otherwise; every output is a register, whose flip-flops count):

* multiply: lut (tap, weight), both signed; an unsigned operand counts one bit more. dsp, the same in DSP slices, whose
  registers hold the product: one for 25 x 18 bits either way round, two where one operand is wider, four where both
  are. Vivado left to itself puts products of less than some ten bits into LUTs; Yosys those of less than nine
* shift: varying (tap, exponent), codes of sign, zero flag and exponent; a code that never changes is a wire
* sign: varying (tap)
* dual: mux, booth (tap), weights of eight bits or codes of five
* digits: select (tap, digits), a PE that gets its weight as signed digits of radix 4, three lines each
* decoder: integer, dual (digits), which makes these lines of an integer of two bits a digit, or of a power of two
* tree: pipelined (inputs, width of each), one register after every level; of two inputs, the sum of two aligned ones
* accumulator: select (summand, sum), sum so far or nothing, plus the summand, where it is enabled
* max: signed (operands), the larger of two
* requantise: half_up, half_even (sum, output), by a constant shift; the latter is the whole of FxP-QLayer: adder, half
  to even, overflow multiplexer; varying, by 0 to 15 bits, half to even; dyadic, by any factor of 16 bits, in LUTs;
  dyadic_dsp, with a DSP slice or two and a register before rounding. A shift or factor of each channel is the varying
  or dyadic one and a rom of its widths, no unit of its own
* clamp: signed (sum, output); relu: signed (sum), which the reset of the output's register does
* window: moving, rotating (bits), registers of taps that take their neighbour's value or start a row with 0, where they
  are enabled; the latter also turn the taps of a block with several steps past its PEs. So taps need no multiplexer
* mux: binary (inputs, bits of each), one of them by a number
* rom: lut (words, width), random contents; line: srl (cycles, width), LUTs that are shift registers; ring: lutram
  (words, width), LUTs that are a memory of one port to write and one to read, whose output is a register
* fifo: registers (width), two packets, and srl (packets, width), shift registers; each with the counter and flags that
  a stream of Vitis HLS has, and no register at the output
* control: nest (counters, bits of each), counters of nested loops, whose ends are no powers of two; their comparisons
"""

from __future__ import annotations

import csv
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from itertools import product
from pathlib import Path

from hlsq.errors import OptionError
from hlsq.files.fields import shown

TABLE = Path(__file__).with_name("units.csv")
PACKING = Path(__file__).with_name("packing.csv")
Widths = tuple[int, ...]


@dataclass(frozen=True)
class UnitCost:
    """Cells of one unit; between the widths that were measured they are no whole numbers.

    Attributes:
        luts: LUTs as Yosys counts them, without pairs.
        lut: LUTs of six inputs, those that hold two smaller ones counted once.
        ff: flip-flops.
        carry4: carry chains of four bits.
        muxf: MUXF7 and MUXF8.
        dsp: DSP slices.
        memory: LUTs that are shift registers or memories, not in ``lut``.
    """

    luts: float
    lut: float
    ff: float
    carry4: float
    muxf: float
    dsp: float
    memory: float


@dataclass(frozen=True)
class Packing:
    """From the table to what Vivado made of published designs of one class.

    Attributes:
        rows: how many published designs it was fitted on.
        lut: factor for LUTs.
        ff: factor for flip-flops.
        lut_residual: the largest relative error of LUTs where a row is estimated from the other rows.
        ff_residual: of flip-flops.
    """

    rows: int
    lut: float
    ff: float
    lut_residual: float
    ff_residual: float


def unit_cost(unit: str, kind: str, *widths: int) -> UnitCost:
    """Cost of a unit, linear in each width between those that were measured.

    Below the smallest measured width the cost is the smallest's; beyond the largest the last line goes on.

    Raises:
        OptionError: no such unit, kind, or number of widths; or a width that is no positive whole number.
    """
    table = _table()
    if (unit, kind) not in table:
        raise OptionError(
            f"unit {shown(unit)} of kind {shown(kind)}: expected one of {', '.join(map(' '.join, table))}"
        )
    rows = table[unit, kind]
    axes = _axes(rows)
    if len(widths) != len(axes):
        raise OptionError(f"unit {unit} {kind}: got widths {shown(widths)}; expected {len(axes)} of them")
    if any(type(width) is not int or width < 1 for width in widths):
        raise OptionError(f"unit {unit} {kind}: got widths {shown(widths)}; expected whole numbers from 1")
    total = [0.0] * len(fields(UnitCost))
    for corner in product(*(_ends(axis, width) for axis, width in zip(axes, widths, strict=True))):
        share = 1.0
        for _, part in corner:
            share *= part
        if share:
            for index, cells in enumerate(rows[tuple(width for width, _ in corner)]):
                total[index] += share * cells
    return UnitCost(*total)


@cache
def packings() -> Mapping[str, Packing]:
    """Factors by class: ``multiply`` for lone multipliers, ``shift`` and ``dual`` (mux) for PEs with adder trees.

    The residuals say how far to trust them. The shift arrays are published with 53.88 LUTs a PE on Artix-7 and 67.53 on
    UltraScale+. The factor between them misses them by 13 and 10 %; that of one misses the other by 25 and 20 %, more
    than 15 %, and so does every model that gives both the same LUTs a PE. Other adder trees or slices do not tell them
    apart: they would move the dual arrays as well, which go from 110.88 to 110.53. What the paper tells of the PE (taps
    of 8 bits, codes of 5, products of 16) is the same; what device, clock and tool made of the shifter is not told, nor
    is the clock on Artix-7. Nine dual PEs have 13 flip-flops each where arrays have 27, so no factor fits these either.
    """
    return {
        row["class"]: Packing(int(row["rows"]), *(float(row[field.name]) for field in fields(Packing)[1:]))
        for row in _rows(PACKING)
    }


def _ends(axis: Widths, width: int) -> list[tuple[int, float]]:
    """The two measured widths that a line for ``width`` goes through, and the share of each."""
    if width <= axis[0] or len(axis) == 1:
        return [(axis[0], 1.0)]
    upper = min(bisect_right(axis, width), len(axis) - 1)
    low, high = axis[upper - 1], axis[upper]
    share = (width - low) / (high - low)
    return [(low, 1 - share), (high, share)]


def _axes(rows: Mapping[Widths, tuple[int, ...]]) -> list[Widths]:
    return [tuple(sorted(set(values))) for values in zip(*rows, strict=True)]


@cache
def _table() -> Mapping[tuple[str, str], Mapping[Widths, tuple[int, ...]]]:
    found: dict[tuple[str, str], dict[Widths, tuple[int, ...]]] = {}
    for row in _rows(TABLE):
        widths = tuple(int(width) for width in row["widths"].split("x"))
        cells = tuple(int(row[field.name]) for field in fields(UnitCost))
        found.setdefault((row["unit"], row["kind"]), {})[widths] = cells
    return found


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))
