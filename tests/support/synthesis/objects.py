"""What variables hold while C++ is followed: known integers, constants, and what only running would tell."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from synthesis.types import ArrayOf, Integer, Pointer, RecordOf, bits_of


class Unknown:
    """The value of a wire or register."""

    def __repr__(self) -> str:
        return "unknown"


class Constant:
    """A value of a table at a fixed place: synthesis knows it, nobody here has to."""

    def __repr__(self) -> str:
        return "constant"


UNKNOWN, CONSTANT = Unknown(), Constant()
Value = Any
"""An int, CONSTANT, UNKNOWN, a Record, or an Array for what points to one."""


@dataclass(eq=False)
class Time:
    """Where the elaboration is.

    Attributes:
        epoch: counts loops that were entered: what was written before is not known in their iterations.
        branches: nested ones of which it is not known whether they are taken, each with a number of its own.
    """

    epoch: int = 0
    branches: list[int] = field(default_factory=list)
    count: int = 0

    @property
    def depth(self) -> int:
        """How many there are."""
        return len(self.branches)

    @depth.setter
    def depth(self, depth: int) -> None:
        del self.branches[depth:]
        while len(self.branches) < depth:
            self.count += 1
            self.branches.append(self.count)

    def branch(self, before: int) -> None:
        """Enter another branch at depth ``before``."""
        self.depth = before
        self.depth = before + 1


@dataclass(eq=False)
class Cell:
    """One integer. ``root`` is the array that it is a part of, if any."""

    kind: Any
    value: Value
    epoch: int
    depth: int
    fixed: bool = False
    root: Array | None = None
    inside: tuple[int, int, Value] | None = None
    """Branch and epoch of the last write that may not happen, and what it wrote: in that branch, it has."""

    def read(self, time: Time) -> Value:
        """Its value; what an earlier iteration wrote is in a register and not known."""
        if self.root is not None:
            self.root.touched = True
        if self.inside is not None:
            branch, epoch, value = self.inside
            if epoch == time.epoch and branch in time.branches:
                return value
        if self.fixed or self.epoch >= time.epoch or not isinstance(self.kind, Integer):
            return self.value
        if self.root is not None:
            self.root.carried = True
        return UNKNOWN

    def write(self, value: Value, time: Time) -> None:
        """What is written only in some cases is not known afterwards."""
        if self.root is not None:
            self.root.touched = True
        value = self.kind.wrap(value) if isinstance(self.kind, Integer) and isinstance(value, int) else value
        self.inside = None
        if time.depth > self.depth:
            self.inside = (time.branches[-1], time.epoch, value) if time.branches else None
            self.value = UNKNOWN if isinstance(self.kind, Integer) else value
            return
        self.value = value
        self.epoch = time.epoch


@dataclass(eq=False)
class Array:
    """Elements that are made when somebody asks for them.

    Attributes:
        kind: its type.
        fill: value of elements that nobody wrote.
        name: of the variable.
        owner: names of the classes that it is a member of, the outermost first, else of the function.
        whole: the array of which it is one row, or itself.
        level: its dimension in that, from 1.
        among: how many rows of the whole one it may be, as indices say that are not known.
        complete: of the whole one: dimensions that are partitioned into single elements.
        touched: of the whole one: whether an iteration uses it.
        carried: of the whole one: whether an iteration reads what an earlier one wrote.
    """

    kind: ArrayOf
    fill: Value
    epoch: int
    depth: int
    fixed: bool = False
    name: str = ""
    owner: str = ""
    whole: Any = None
    level: int = 1
    among: int = 1
    complete: set[int] = field(default_factory=set)
    touched: bool = False
    carried: bool = False
    elements: dict[int, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.whole is None:
            self.whole = self

    @property
    def dimensions(self) -> int:
        """Of the whole array."""
        count, kind = 0, self.whole.kind
        while isinstance(kind, ArrayOf):
            count, kind = count + 1, kind.element
        return count

    @property
    def in_registers(self) -> bool:
        """Whether every element stands for itself."""
        return self.whole.complete >= set(range(1, self.dimensions + 1))

    @property
    def bits(self) -> int:
        """Of the whole array."""
        return bits_of(self.whole.kind)

    def at(self, index: Value, time: Time) -> Any:
        """The element; one that stands for any where the index is not known."""
        if self.kind.count == 1:
            index = 0
        if isinstance(index, int):
            if index not in self.elements:
                self.elements[index] = self._element(self.fill)
            found = self.elements[index]
            if isinstance(found, Array):
                found.among = self.among
            return found
        if self.fixed and index is CONSTANT:
            return self._element(self.fill)
        if not self.fixed:
            self.elements.clear()
            self.fill = UNKNOWN
        found = self._element(UNKNOWN)
        if isinstance(found, Array):
            found.among = self.among * self.kind.count
        found.fixed = False
        found.epoch = -1  # nor when it was written
        found.depth = -1  # what is written there is not known to be at any other place
        return found

    def _element(self, fill: Value) -> Any:
        if isinstance(self.kind.element, ArrayOf):
            return Array(
                self.kind.element, fill, self.epoch, self.depth, self.fixed, self.name, self.owner, self.whole,
                self.level + 1,
            )  # fmt: skip
        return made(self.kind.element, fill, self.epoch, self.depth, self.fixed, self.name, self.whole)


@dataclass(eq=False)
class Record:
    """A struct; fields are made when somebody asks for them. ``owner`` is that of an array."""

    kind: RecordOf
    fill: Value
    epoch: int
    depth: int
    fixed: bool = False
    name: str = ""
    owner: str = ""
    fields: dict[Any, Any] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """Its class, behind those that it is a member of."""
        return f"{self.owner}.{self.kind.name}" if self.owner else self.kind.name

    def field(self, which: Any) -> Any:
        """The member whose declaration has the key ``which``."""
        if which not in self.fields:
            name, kind = self.kind.fields[which]
            self.fields[which] = made(kind, self.fill, self.epoch, self.depth, self.fixed, name, owner=self.path)
        return self.fields[which]

    def named(self, name: str) -> Any:
        """The member of that name, or None."""
        for which, (found, _) in self.kind.fields.items():
            if found == name:
                return self.field(which)
        return None


def made(
    kind: Any, fill: Value, epoch: int, depth: int, fixed: bool = False, name: str = "", root: Any = None,
    owner: str = "",
) -> Any:  # fmt: skip
    """A variable of a type."""
    if isinstance(kind, ArrayOf):
        return Array(kind, fill, epoch, depth, fixed, name, owner)
    if isinstance(kind, RecordOf):
        return Record(kind, fill, epoch, depth, fixed, name, owner)
    return Cell(kind, fill if isinstance(kind, Integer) else None, epoch, depth, fixed, root)


def copied(source: Any, time: Time) -> Any:
    """A copy of a record, of integers as they are now."""
    if isinstance(source, Record):
        result = Record(source.kind, UNKNOWN, time.epoch, time.depth, name=source.name, owner=source.owner)
        result.fields = {which: copied(value, time) for which, value in source.fields.items()}
        return result
    if isinstance(source, Array):
        array = Array(source.kind, UNKNOWN, time.epoch, time.depth, name=source.name, owner=source.owner)
        array.elements = {index: copied(value, time) for index, value in source.elements.items()}
        return array
    value = source.read(time) if isinstance(source.kind, (Integer, Pointer)) else source.value
    return Cell(source.kind, value, time.epoch, time.depth)


def assign(target: Record, source: Record, time: Time) -> None:
    """Give a record the values of another one."""
    fresh = copied(source, time)
    if time.depth > target.depth:
        fresh = Record(target.kind, UNKNOWN, target.epoch, target.depth)
    target.fields, target.fill = fresh.fields, UNKNOWN
    if time.depth <= target.depth:
        target.epoch = time.epoch
