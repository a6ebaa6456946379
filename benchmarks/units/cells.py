"""What the cells of a netlist for 7 series are, and what those without memory compute."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from units.unit import Integers

Bits = NDArray[np.uint8]
Cell = Mapping[str, Any]
LUT = re.compile(r"LUT[1-6]|INV")
SHIFT_REGISTER = re.compile(r"SRL16E|SRLC32E")
REGISTERS = {"FDRE": ("R", 0), "FDSE": ("S", 1)}
WIDE = {"MUXF7", "MUXF8"}
ADDRESS_BITS = {"RAM32X1D": 5, "RAM64X1D": 6, "RAM128X1D": 7, "RAM32M": 5, "RAM64M": 6}
"""Memories of LUTs by the bits of their addresses."""
MEMORY_LUTS = {"SRL16E": 1, "SRLC32E": 1, "RAM32X1D": 2, "RAM64X1D": 2, "RAM128X1D": 4, "RAM32M": 4, "RAM64M": 4}
"""LUTs that each cell with a memory takes."""
DSP = "DSP48E1"


def from_bits(bits: list[Bits], signed: bool) -> Integers:
    """The integers of bits, lowest first."""
    result = np.zeros(np.shape(bits[0]), np.int64)
    for place, bit in enumerate(bits):
        result |= bit.astype(np.int64) << place
    sign = np.int64(1 << (len(bits) - 1))
    return (result ^ sign) - sign if signed else result


def evaluate_cell(cell: Mapping[str, Any], nets: dict[Any, Bits]) -> None:
    kind, pins = cell["type"], cell["connections"]

    def one(pin: str) -> Bits:
        return nets[pins[pin][0]]

    if kind == "INV":
        nets[pins["O"][0]] = one("I") ^ 1
    elif LUT.fullmatch(kind):
        inputs = int(kind[3])
        index = sum((one(f"I{place}") << place for place in range(inputs)), np.uint8(0))
        table = np.array([int(bit) for bit in reversed(cell["parameters"]["INIT"])], np.uint8)
        nets[pins["O"][0]] = table[index]
    elif kind == "CARRY4":
        carry = one("CI") | one("CYINIT")
        for place in range(4):
            select = nets[pins["S"][place]]
            nets[pins["O"][place]] = select ^ carry
            carry = np.where(select, carry, nets[pins["DI"][place]])
            nets[pins["CO"][place]] = carry
    elif kind in WIDE:
        nets[pins["O"][0]] = np.where(one("S"), one("I1"), one("I0"))
    elif kind in REGISTERS:
        reset, value = REGISTERS[kind]
        if pins["CE"] != ["1"]:
            raise ValueError("a register that keeps its value is no function of held inputs")
        nets[pins["Q"][0]] = np.where(one(reset), np.uint8(value), one("D"))
    elif SHIFT_REGISTER.fullmatch(kind):
        for pin in ("Q", "Q31"):
            for bit in pins.get(pin, ()):
                nets[bit] = one("D")
    elif kind == DSP:
        _multiply(cell, nets)
    else:
        raise ValueError(f"cells {kind} are not evaluated")


def _multiply(cell: Cell, nets: dict[Any, Bits]) -> None:
    """A DSP slice that multiplies, and adds C, another slice's result or nothing; its registers are read through."""
    pins = cell["connections"]

    def constant(pin: str) -> int:
        return int("".join("1" if bit == "1" else "0" for bit in reversed(pins.get(pin, ["0"]))), 2)

    def value(pin: str, bits: int) -> Integers:
        return from_bits([nets[bit] for bit in pins[pin][:bits]], signed=True)

    mode = constant("OPMODE")
    if mode & 15 != 5 or constant("ALUMODE") or constant("INMODE") or constant("CARRYIN"):
        raise ValueError(f"a DSP slice in mode {mode:07b} is not evaluated")
    factors = [
        value(f"{pin}CIN" if cell["parameters"][f"{pin}_INPUT"] == "CASCADE" else pin, bits)
        for pin, bits in (("A", 25), ("B", 18))
    ]
    product = factors[0] * factors[1]
    others = {
        0: lambda: np.int64(0),
        1: lambda: value("PCIN", 48),
        3: lambda: value("C", 48),
        5: lambda: value("PCIN", 48) >> 17,
    }
    result = product + others[mode >> 4]()
    for pin in ("P", "PCOUT"):
        for place, bit in enumerate(pins.get(pin, ())):
            nets[bit] = (result >> place & 1).astype(np.uint8)
    for pin in "AB":  # to the next slice
        given = pins[f"{pin}CIN" if cell["parameters"][f"{pin}_INPUT"] == "CASCADE" else pin]
        nets.update(zip(pins.get(f"{pin}COUT", ()), (nets[bit] for bit in given), strict=False))
