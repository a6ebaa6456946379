"""Where an elaboration is, and what it has found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from clang.cindex import Cursor, CursorKind

from synthesis.objects import CONSTANT, UNKNOWN, Array, Cell, Record, Time, Value, made
from synthesis.operations import Process
from synthesis.syntax import Source, key
from synthesis.tree import Function, Node
from synthesis.types import type_of

LIMIT = 1 << 16
"""Iterations of a loop that are followed."""


class NotSynthesizable(Exception):
    """C++ that this elaboration does not know; it has to learn it."""


@dataclass(eq=False)
class Frame:
    """One call of a function: its variables, by declaration and by name."""

    function: Function
    this: Record | None
    variables: dict[Any, Any] = field(default_factory=dict)
    names: dict[str, Any] = field(default_factory=dict)
    returned: list[Any] = field(default_factory=list)


CONSTRUCTOR = Function("constructor", [], [], Node(CursorKind.COMPOUND_STMT, []), "", False, None)
"""Of a class whose constructor the compiler does not show."""
Signal = tuple[str, Any] | None
"""Why the rest of a block is not followed: ``return``, ``continue`` or ``break``."""


@dataclass(eq=False)
class State:
    """One design.

    Attributes:
        source: the parsed C++.
        processes: what each function that the top one calls needs.
        findings: what no tool can build, or builds badly.
        streams: bits of one packet of each stream of the top function.
        time: loops and branches that it is in.
    """

    source: Source
    processes: list[Process] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    streams: dict[str, int] = field(default_factory=dict)
    time: Time = field(default_factory=Time)

    def __post_init__(self) -> None:
        self._functions: dict[Any, Function | None] = {}
        self._globals: dict[Any, Any] = {}
        self._global_names: dict[str, Cursor] = {}
        self._arrays: list[Array] = []
        self._process = Process("")
        self._unit = self._process.rest
        self._pipelined = False
        self._top: Frame | None = None
        self._ports: set[str] = set()

    def _statement(self, node: Node, frame: Frame) -> Signal:
        raise NotImplementedError

    def _evaluate(self, node: Node, frame: Frame) -> Any:
        raise NotImplementedError

    def _apply(self, number: int, frame: Frame) -> None:
        raise NotImplementedError

    def _value(self, node: Node, frame: Frame) -> Value:
        """What an expression is worth now."""
        found = self._evaluate(node, frame)
        return found.read(self.time) if isinstance(found, Cell) else found

    def _global(self, declaration: Cursor) -> Any:
        which = key(declaration)
        if which not in self._globals:
            kind = type_of(declaration.type)
            spelled = declaration.type.get_canonical().spelling
            fixed = "const" in spelled.split()
            fill = CONSTANT if fixed else UNKNOWN
            self._globals[which] = made(kind, fill, 0, 0, fixed, declaration.spelling)
        return self._globals[which]

    def _new(self, kind: Any, name: str, owner: str) -> Any:
        """A variable whose constructor takes no arguments."""
        result = made(kind, UNKNOWN, self.time.epoch, self.time.depth, False, name, owner=owner)
        if isinstance(result, Array):
            self._arrays.append(result)
        if isinstance(result, Record):
            for which, (field_name, field_kind) in result.kind.fields.items():
                result.fields[which] = self._new(field_kind, field_name, result.path)
            for number in result.kind.directives:
                self._apply(number, Frame(CONSTRUCTOR, result))
        return result
