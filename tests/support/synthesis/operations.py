"""The operations that reach hardware, and which part of a block they belong to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

MULTIPLY, CONSTANT_MULTIPLY, DIVIDE, SHIFT = "multiply", "multiply by a constant", "divide", "shift by a variable"
ADDRESS = "address: "
"""Before operations on counts of loops, which carry no data."""


@dataclass
class Unit:
    """One copy of a piece of hardware: a PE, a requantiser.

    Attributes:
        kind: name of the function that describes it.
        owner: name of the class it is in.
        operations: kind to number.
        widths: bits of the two operands of each multiplication.
    """

    kind: str
    owner: str
    operations: Counter[str] = field(default_factory=Counter)
    widths: list[tuple[int, int]] = field(default_factory=list)


@dataclass
class Process:
    """What one function of the dataflow region needs.

    Attributes:
        name: of the function.
        units: PEs, requantisers and the like, by the kind of their functions.
        rest: operations that belong to none of them.
        registers: bits of arrays that are registers from one iteration to the next, by classes and member.
        multiplexers: of one bit, by classes and member of the registers they select from and by the number of inputs.
        loops: pipelined ones, with their iterations where these are known.
    """

    name: str
    units: dict[str, list[Unit]] = field(default_factory=dict)
    rest: Unit = field(default_factory=lambda: Unit("", ""))
    registers: Counter[str] = field(default_factory=Counter)
    multiplexers: Counter[tuple[str, int]] = field(default_factory=Counter)
    loops: list[int | None] = field(default_factory=list)

    @property
    def all_units(self) -> Iterable[Unit]:
        """Each part once."""
        yield self.rest
        for units in self.units.values():
            yield from units

    def total(self, operation: str) -> int:
        """How many of ``operation`` there are."""
        return sum(unit.operations[operation] for unit in self.all_units)

    @property
    def multiplications(self) -> int:
        """All that carry data, by constants as well."""
        return self.total(MULTIPLY) + self.total(CONSTANT_MULTIPLY)

    def count(self, kind: str) -> int:
        """Units of one kind."""
        return len(self.units.get(kind, ()))
