"""A netlist with state, cycle by cycle: registers, shift registers and memories of LUTs that keep what they hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from units.cells import ADDRESS_BITS, REGISTERS, SHIFT_REGISTER, Bits, Cell, evaluate_cell, from_bits
from units.netlist import Netlist, ordered
from units.unit import Integers, Unit

Nets = dict[Any, Bits]
PORTS = "ABCD"
"""Of RAM32M and RAM64M; all are written at the address of the last."""


def simulate(netlist: Netlist, unit: Unit, values: Mapping[str, Integers]) -> Integers:
    """The output [cycles, samples] in every cycle, for inputs [cycles, samples].

    At first registers hold what they are initialised to, all else 0; where ``values`` has the output's name, registers
    are its bits and hold that.
    """
    cycles, samples = values[unit.inputs[0].name].shape
    zero, one = np.zeros(samples, np.uint8), np.ones(samples, np.uint8)
    nets: Nets = {"0": zero, "1": one, "x": zero}
    state = [_State(cell, samples) for cell in netlist.cells if _holds(cell)]
    if unit.output.name in values:
        started = {bit: values[unit.output.name] >> i & 1 for i, bit in enumerate(netlist.ports[unit.output.name])}
        for item in state:
            if item.cell["type"] in REGISTERS:
                item.bits[0] = started[item.cell["connections"]["Q"][0]].astype(np.uint8)
    order = _order(netlist, state)
    result = np.zeros((cycles, samples), np.int64)
    for cycle in range(cycles):
        for port in unit.inputs:
            for place, bit in enumerate(netlist.ports[port.name]):
                nets[bit] = (values[port.name][cycle] >> place & 1).astype(np.uint8)
        for item in state:
            if item.registered:
                item.show(nets)
        for part in order:
            if isinstance(part, _State):
                part.show(nets)
            else:
                evaluate_cell(part, nets)
        result[cycle] = from_bits([nets[bit] for bit in netlist.ports[unit.output.name]], unit.output.signed)
        for item in state:
            item.take(nets)
        for item in state:
            item.edge()
    return result


def _holds(cell: Cell) -> bool:
    kind = cell["type"]
    return kind in REGISTERS or kind in ADDRESS_BITS or SHIFT_REGISTER.fullmatch(kind) is not None


class _State:
    """One cell that keeps bits [words, samples]."""

    def __init__(self, cell: Cell, samples: int) -> None:
        self.cell, self.kind = cell, cell["type"]
        self.pins: Mapping[str, list[Any]] = cell["connections"]
        self.registered = self.kind in REGISTERS
        words = {"SRL16E": 16, "SRLC32E": 32}.get(self.kind) or (1 if self.registered else 1 << ADDRESS_BITS[self.kind])
        self.lane = {"RAM32M": 2, "RAM64M": 1}.get(self.kind, 0)  # bits of a port's own, if ports do not share them
        self.outputs = self.lane * len(PORTS) or 1
        first = int(self.registered and cell["parameters"].get("INIT", "x").endswith("1"))
        self.bits = np.full((words * self.outputs, samples), first, np.uint8)
        self.following = self.bits

    def _address(self, nets: Nets, bits: list[Any]) -> Integers:
        return sum((nets[bit].astype(np.int64) << place for place, bit in enumerate(bits)), np.int64(0))

    def _scalars(self, name: str) -> list[Any]:
        """Pins that are a bus, or numbered ones."""
        if name in self.pins:
            return self.pins[name]
        found = []
        while f"{name}{len(found)}" in self.pins:
            found += self.pins[f"{name}{len(found)}"]
        return found

    @property
    def ports(self) -> list[tuple[list[Any], list[Any], list[Any]]]:
        """Of a memory or shift register: address that is read, bits that come out, bits that go in."""
        if self.kind in ("RAM32M", "RAM64M"):
            return [
                (self.pins.get(f"ADDR{p}", []), self.pins.get(f"DO{p}", []), self.pins.get(f"DI{p}", [])) for p in PORTS
            ]
        if self.kind in ADDRESS_BITS:
            written = self.pins["D"]
            both = [(self._scalars("A"), self.pins.get("SPO", []), written)]
            return [*both, (self._scalars("DPRA"), self.pins.get("DPO", []), written)]
        return [(self._scalars("A"), self.pins.get("Q", []), self.pins["D"])]

    def reads(self) -> list[Any]:
        """Bits that the outputs depend on within the cycle."""
        return [] if self.registered else [bit for address, out, _ in self.ports if out for bit in address]

    def gives(self) -> list[Any]:
        """Bits that come out."""
        outs = self.pins["Q"] if self.registered else [bit for _, out, _ in self.ports for bit in out]
        return outs + self.pins.get("Q31", [])

    def show(self, nets: Nets) -> None:
        """Puts out what is held."""
        if self.registered:
            nets[self.pins["Q"][0]] = self.bits[0]
            return
        column = np.arange(self.bits.shape[1])
        for number, (address, out, _) in enumerate(self.ports):
            if out:
                at = np.broadcast_to(self._address(nets, address), column.shape)
            for place, bit in enumerate(out):
                nets[bit] = self.bits[at * self.outputs + number * self.lane + place, column]
        for bit in self.pins.get("Q31", []):
            nets[bit] = self.bits[31]

    def take(self, nets: Nets) -> None:
        """What will be held after the edge."""
        enable = nets[self.pins["WE" if self.kind in ADDRESS_BITS else "CE"][0]]
        if self.registered:
            reset, value = REGISTERS[self.kind]
            kept = np.where(enable, nets[self.pins["D"][0]], self.bits[0])
            self.following = np.where(nets[self.pins[reset][0]], np.uint8(value), kept)[None]
        elif self.kind in ADDRESS_BITS:
            column = np.arange(self.bits.shape[1])
            to = np.broadcast_to(self._address(nets, self.pins.get("ADDRD") or self._scalars("A")), column.shape)
            self.following = self.bits.copy()
            for number, (_, _, written) in enumerate(self.ports):
                for place, bit in enumerate(written):
                    at = to * self.outputs + number * self.lane + place
                    self.following[at, column] = np.where(enable, nets[bit], self.bits[at, column])
        else:
            moved = np.concatenate([nets[self.pins["D"][0]][None], self.bits[:-1]])
            self.following = np.where(enable, moved, self.bits)

    def edge(self) -> None:
        self.bits = self.following


def _order(netlist: Netlist, state: list[_State]) -> list[Cell | _State]:
    """Cells and memories so that each comes after what it reads in the same cycle; registers come before all."""
    held = {id(item.cell): item for item in state}
    parts: list[Cell | _State] = [held.get(id(cell), cell) for cell in netlist.cells]
    parts = [part for part in parts if not (isinstance(part, _State) and part.registered)]
    given = {bit: i for i, part in enumerate(parts) for bit in _gives(part)}
    needs = [{given[bit] for bit in _reads(part) if bit in given} for part in parts]
    return [parts[index] for index in ordered(needs)]


def _gives(part: Cell | _State) -> list[Any]:
    if isinstance(part, _State):
        return part.gives()
    return [bit for pin in ("O", "CO") for bit in part["connections"].get(pin, ())]


def _reads(part: Cell | _State) -> list[Any]:
    if isinstance(part, _State):
        return part.reads()
    return [bit for pin, bits in part["connections"].items() if pin not in ("O", "CO") for bit in bits]
