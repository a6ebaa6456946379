"""A unit to synthesise: its Verilog, and what it computes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
EXHAUSTIVE_BITS = 16
"""With no more input bits than this, all inputs are tried."""
SAMPLES = 20_000
MOST_VALUES = 640_000
"""Of all inputs together, so that units with many of them take no longer."""
CYCLES = 200
SEQUENCES = 100
"""What a clocked unit is tried with."""


@dataclass(frozen=True)
class Port:
    """An input or output of a unit; ``signed`` says how its bits are to be read."""

    name: str
    bits: int
    signed: bool = True

    @property
    def lo(self) -> int:
        return -(1 << (self.bits - 1)) if self.signed else 0

    @property
    def hi(self) -> int:
        return self.lo + (1 << self.bits) - 1

    def declared(self, direction: str) -> str:
        """As a port of a Verilog module."""
        return f"{direction} {'signed ' if self.signed else ''}[{self.bits - 1}:0] {self.name}"


@dataclass(frozen=True)
class Unit:
    """One row of the table.

    Attributes:
        unit: what it is, such as ``multiply``.
        kind: which of its forms.
        widths: that span the table's grid for this unit and kind.
        inputs: besides ``clk``.
        output: the result, a register.
        body: Verilog inside of the module; assigns to ``result``, which the output's register holds.
        expected: output of inputs, by name.
        dsp: whether DSP slices may be used.
        delay: None, or the output is the input so many cycles ago.
        memories: whether LUTs may be memories.
        wide: whether the multiplexers of slices (MUXF7, MUXF8) select among more than four.
        registered: whether ``result`` goes through the output's register; else it is the output.
        clocked: whether ``expected`` gets inputs [cycles, samples] and tells the output in every cycle, all state being
            0 before; where it is masked, the output may be anything. Otherwise inputs are held.
        start: of a clocked unit whose output is all its state: the state at first, from a random generator.
    """

    unit: str
    kind: str
    widths: tuple[int, ...]
    inputs: tuple[Port, ...]
    output: Port
    body: str
    expected: Callable[[Mapping[str, Integers]], Integers]
    dsp: bool = False
    delay: int | None = None
    memories: bool = False
    wide: bool = False
    registered: bool = True
    clocked: bool = False
    start: Callable[[np.random.Generator, int], Integers] | None = None

    @property
    def name(self) -> str:
        """As a module."""
        return f"{self.unit}_{self.kind}_{'x'.join(map(str, self.widths))}"

    def verilog(self) -> str:
        """The module."""
        ports = ["input clk", *(port.declared("input") for port in self.inputs)]
        kind, name = "reg" if self.registered else "wire", self.output.name
        ports.append(f"output {kind} [{self.output.bits - 1}:0] {name}")
        out = f"always @(posedge clk) {name} <= result;" if self.registered else f"assign {name} = result;"
        return (
            f"(* keep_hierarchy *) module {self.name}({', '.join(ports)});\n"
            f"wire [{self.output.bits - 1}:0] result;\n"
            f"{out}\n{self.body}\nendmodule\n"
        )

    def samples(self) -> dict[str, Integers]:
        """Inputs to try: all if there are few, else many at random and all combinations of the ends of the ranges."""
        total = sum(port.bits for port in self.inputs)
        if self.clocked:
            return self._sequences(np.random.default_rng(total))
        if total <= EXHAUSTIVE_BITS:
            index = np.arange(1 << total, dtype=np.int64)
            found = {}
            for port in self.inputs:
                found[port.name] = (index & ((1 << port.bits) - 1)) + port.lo
                index = index >> port.bits
            return found
        rng = np.random.default_rng(total)
        count = min(SAMPLES, MOST_VALUES // len(self.inputs))
        ends = [np.unique(np.clip([port.lo, port.lo + 1, -1, 0, 1, port.hi], port.lo, port.hi)) for port in self.inputs]
        found = {}
        for port, some in zip(self.inputs, ends, strict=True):
            uniform = rng.integers(port.lo, port.hi, count, endpoint=True)
            small = uniform >> rng.integers(0, port.bits, count)  # of every magnitude, as clamping and rounding ask for
            round_ = uniform >> (zeros := rng.integers(0, port.bits, count)) << zeros  # products that lie half-way
            found[port.name] = np.concatenate([uniform, small, round_, rng.choice(some, count)])
        return found

    def _sequences(self, rng: np.random.Generator) -> dict[str, Integers]:
        """Inputs in every cycle; those of one bit are mostly 1 in some samples and mostly 0 in others."""
        found = {}
        for port in self.inputs:
            found[port.name] = rng.integers(port.lo, port.hi, (CYCLES, SEQUENCES), endpoint=True)
            if port.bits == 1:
                found[port.name] = (rng.random((CYCLES, SEQUENCES)) < rng.random(SEQUENCES)).astype(np.int64) + port.lo
        if self.start is not None:
            found[self.output.name] = self.start(rng, SEQUENCES)
        return found
