"""PEs in SystemVerilog, each with the decoder of its weights: all taps with all codes give what the codes mean."""

from __future__ import annotations

from pathlib import Path

import pytest
from pe_units import Unit, broken, simulate_units

from hlsq.backends.pes import kinds
from hlsq.graph import Interval

SIGNED, UNSIGNED, BIT = Interval(-128, 127), Interval(0, 255), Interval(0, 1)
SHIFT = Unit("shift", SIGNED, ("power", "sign"), 5, 7)
MULTIPLY = Unit("multiply", SIGNED, ("integer", "sign"), 8)
SIGN = Unit("sign", SIGNED, ("power", "sign"), 2)
BOOTH = Unit("dual", SIGNED, ("integer", "power", "sign"), 8, 7)
MUX = Unit("dual", SIGNED, ("integer", "power", "sign"), 8, 7, "mux")
UNITS = (
    SHIFT,
    Unit("shift", UNSIGNED, ("power",), 4, 6),
    Unit("shift", Interval(-8, 7), ("power",), 3, 2),
    Unit("shift", BIT, ("power",), 2),
    Unit("shift", Interval(0, 15), ("power",), 5, 14),
    MULTIPLY,
    Unit("multiply", UNSIGNED, ("integer",), 3),
    Unit("multiply", BIT, ("integer", "sign"), 2),
    Unit("multiply", UNSIGNED, ("integer", "sign"), 8, dsp=False),
    Unit("multiply", Interval(-8, 7), ("integer",), 5, dsp=False),
    SIGN,
    Unit("sign", UNSIGNED, ("sign",), 1),
    BOOTH,
    Unit("dual", UNSIGNED, ("integer", "power"), 5, 2),
    Unit("dual", Interval(-8, 7), ("integer", "power"), 4, 6),
    MUX,
    Unit("dual", UNSIGNED, ("integer", "power"), 5, 2, "mux"),
    Unit("dual", Interval(-8, 7), ("integer", "power"), 4, 6, "mux"),
)
FAULTS = (
    (SHIFT, "hlsq_pe_shift.sv", "+ PRODUCT_BITS'(negative)", ""),
    (SHIFT, "hlsq_pe_shift_decode.sv", "EXPONENT_BITS'(magnitude - 1'b1)", "EXPONENT_BITS'(magnitude)"),
    (MULTIPLY, "hlsq_pe_multiply.sv", "signed'(operand[0])", "operand[0]"),
    (MULTIPLY, "hlsq_pe_multiply_decode.sv", "{(OPERAND_BITS - 1) {code[0]}}", "{(OPERAND_BITS - 1) {1'b0}}"),
    (SIGN, "hlsq_pe_sign.sv", "operand[0][0] ? ", "1'b1 ? "),
    (SIGN, "hlsq_pe_sign_decode.sv", "form == hlsq::SIGN || code[0]", "code[0]"),
    (BOOTH, "hlsq_pe_dual_booth.sv", "{value[BITS-2:0], 1'b0}", "value"),
    (BOOTH, "hlsq_pe_dual_booth_decode.sv", "(high ^ middle) & ~one", "high & ~one"),
    (MUX, "hlsq_pe_dual_mux.sv", "operand[1][NUMBER_BITS] ?", "operand[0][NUMBER_BITS] ?"),
    (MUX, "hlsq_pe_dual_mux_decode.sv", "form == hlsq::SIGN ?", "1'b0 ?"),
)
"""One line of each module: a unit that has it, what is in the file, and what is there instead."""


@pytest.mark.rtl
@pytest.mark.slow(20)
def test_products_are_what_the_codes_mean_and_faults_are_noticed(tmp_path: Path) -> None:
    """All units and all faults are one simulation: building it is what takes time."""
    sources = {path.name for pe in kinds() for path in (pe.folder / "templates" / "folded").glob("*.sv")}
    assert {file for _, file, _, _ in FAULTS} == sources
    faulty = [broken(*fault, prefix=f"broken{i}") for i, fault in enumerate(FAULTS)]
    units = (*UNITS, *(unit for unit, _ in faulty))
    found = simulate_units(units, [modules for _, modules in faulty], tmp_path)

    sound, wrong = found[: len(UNITS)], found[len(UNITS) :]
    assert {unit: int(each.sum()) for unit, each in zip(UNITS, sound, strict=True) if each.any()} == {}
    assert sum(each.size for each in sound) > 500_000
    assert [fault[1] for fault, each in zip(FAULTS, wrong, strict=True) if not each.any()] == []
