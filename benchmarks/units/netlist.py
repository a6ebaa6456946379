"""A netlist for 7 series as Yosys writes it in JSON: its cells counted, LUTs paired, and its function in NumPy."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from units.cells import (
    DSP,
    LUT,
    MEMORY_LUTS,
    REGISTERS,
    SHIFT_REGISTER,
    WIDE,
    Bits,
    evaluate_cell,
    from_bits,
)
from units.unit import Integers, Unit

OUTPUTS = ("O", "CO", "Q", "Q31", "P", "PCOUT", "ACOUT", "BCOUT")
PAIRED_INPUTS = 5
"""A LUT of six inputs is two LUTs of the same five."""


@dataclass(frozen=True)
class Cells:
    """Counts of one netlist.

    Attributes:
        luts: LUT1 to LUT6 as Yosys counts them, inverters among them.
        lut: the same after pairing those that share one LUT of six inputs.
        ff: flip-flops.
        carry4: CARRY4.
        muxf: MUXF7 and MUXF8.
        dsp: DSP48E1.
        memory: LUTs that are shift registers or memories.
    """

    luts: int
    lut: int
    ff: int
    carry4: int
    muxf: int
    dsp: int
    memory: int


class Netlist:
    """One module of flat cells.

    Args:
        module: of a file of Yosys's ``write_json``.
    """

    def __init__(self, module: Mapping[str, Any]) -> None:
        self.ports: dict[str, list[Any]] = {name: port["bits"] for name, port in module["ports"].items()}
        self.cells: list[Mapping[str, Any]] = [
            cell for cell in module["cells"].values() if cell["type"] != "$scopeinfo"
        ]

    def counted(self) -> Cells:
        """How many cells there are of each kind; a kind that is not known is refused."""
        kinds = Counter(cell["type"] for cell in self.cells)
        luts = sum(count for kind, count in kinds.items() if LUT.fullmatch(kind))
        known = {kind for kind in kinds if LUT.fullmatch(kind)}
        unknown = set(kinds) - known - set(MEMORY_LUTS) - set(REGISTERS) - WIDE - {"CARRY4", DSP}
        if unknown:
            raise ValueError(f"cells {sorted(unknown)} are not counted")
        return Cells(
            luts=luts,
            lut=luts - self._pairs(),
            ff=sum(kinds[kind] for kind in REGISTERS),
            carry4=kinds["CARRY4"],
            muxf=sum(kinds[kind] for kind in WIDE),
            dsp=kinds[DSP],
            memory=sum(count * MEMORY_LUTS.get(kind, 0) for kind, count in kinds.items()),
        )

    def _pairs(self) -> int:
        """Pairs of LUTs that fit into one: five inputs between them, of which they share some.

        Two that each drive a carry chain's S cannot, for that comes from the output of all six inputs. Pairs are
        found greedily, those with the fewest partners first.
        """
        carried = {bit for cell in self.cells if cell["type"] == "CARRY4" for bit in cell["connections"]["S"]}
        luts = [
            (frozenset(bit for pin, bits in cell["connections"].items() if pin != "O" for bit in bits), cell)
            for cell in self.cells
            if LUT.fullmatch(cell["type"])
        ]
        small = [
            (bits, cell["connections"]["O"][0] in carried)
            for bits, cell in luts
            if len(bits) <= PAIRED_INPUTS and not any(isinstance(bit, str) for bit in bits)
        ]
        users: dict[int, list[int]] = {}
        for index, (bits, _) in enumerate(small):
            for bit in bits:
                users.setdefault(bit, []).append(index)
        partners = []
        for index, (bits, carries) in enumerate(small):
            near = {other for bit in bits for other in users[bit]} - {index}
            fits = {o for o in near if len(bits | small[o][0]) <= PAIRED_INPUTS and not (carries and small[o][1])}
            partners.append(fits)
        used: set[int] = set()
        pairs = 0
        for index in sorted(range(len(small)), key=lambda i: len(partners[i])):
            free = partners[index] - used
            if index not in used and free:
                used |= {index, min(free, key=lambda o: (len(partners[o] - used), o))}
                pairs += 1
        return pairs

    @cached_property
    def _order(self) -> list[Mapping[str, Any]]:
        """Cells so that each comes after those it reads; registers are read through, as if the inputs were held."""
        makers = {bit: i for i, cell in enumerate(self.cells) for bit in _outputs(cell)}
        needs = [{makers[bit] for bit in _inputs(cell) if bit in makers} for cell in self.cells]
        return [self.cells[index] for index in ordered(needs)]

    def delays(self, output: str) -> set[int]:
        """In how many cycles an input reaches each bit of ``output``, along all ways."""
        after: dict[Any, set[int]] = {}
        for cell in self._order:
            before = set().union(*(after.get(bit, {0}) for bit in _inputs(cell) if not isinstance(bit, str)))
            pins = cell["connections"]
            for pin in ("O", "CO", "Q", "Q31"):
                cycles = _cycles(cell, pin)
                for bit in pins.get(pin, ()):
                    after[bit] = {cycles + earlier for earlier in before}
        return set().union(*(after[bit] for bit in self.ports[output]))

    def evaluate(self, unit: Unit, values: Mapping[str, Integers]) -> Integers:
        """The output for inputs [samples] that are held until they have passed all registers."""
        count = len(next(iter(values.values())))
        nets: dict[Any, Bits] = {"0": np.zeros(count, np.uint8), "1": np.ones(count, np.uint8)}
        nets["x"] = nets["0"]
        for port in unit.inputs:
            for place, bit in enumerate(self.ports[port.name]):
                nets[bit] = (values[port.name] >> place & 1).astype(np.uint8)
        for cell in self._order:
            evaluate_cell(cell, nets)
        return from_bits([nets[bit] for bit in self.ports[unit.output.name]], unit.output.signed)


def ordered(needs: list[set[int]]) -> list[int]:
    """Numbers so that each comes after those it needs."""
    readers: list[list[int]] = [[] for _ in needs]
    for index, need in enumerate(needs):
        for maker in need:
            readers[maker].append(index)
    waiting = [len(need) for need in needs]
    ready = deque(index for index, count in enumerate(waiting) if count == 0)
    order = []
    while ready:
        index = ready.popleft()
        order.append(index)
        for reader in readers[index]:
            waiting[reader] -= 1
            if waiting[reader] == 0:
                ready.append(reader)
    if len(order) < len(needs):
        raise ValueError("the netlist has a cycle, so that it is no function of its inputs")
    return order


def _outputs(cell: Mapping[str, Any]) -> list[Any]:
    return [bit for pin in OUTPUTS for bit in cell["connections"].get(pin, ())]


def _inputs(cell: Mapping[str, Any]) -> list[Any]:
    outputs = (*OUTPUTS, "CLK") if cell["type"] == DSP else (*OUTPUTS, "CLK", "C")  # C is an operand, or a clock
    return [bit for pin, bits in cell["connections"].items() if pin not in outputs for bit in bits]


def _cycles(cell: Mapping[str, Any], pin: str) -> int:
    """From an input to the output ``pin``."""
    if cell["type"] in REGISTERS:
        return 1
    if not SHIFT_REGISTER.fullmatch(cell["type"]):
        return 0
    if pin == "Q31":
        return 32
    pins = cell["connections"]
    address = pins["A"] if "A" in pins else [pins[f"A{place}"][0] for place in range(4)]
    return 1 + sum(int(bit) << place for place, bit in enumerate(address))
