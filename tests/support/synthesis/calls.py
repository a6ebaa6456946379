"""Calls: each is followed as if its body stood there, with what it is given."""

from __future__ import annotations

import re
from typing import Any

from clang.cindex import Cursor, CursorKind

from synthesis.arithmetic import converted, merged
from synthesis.expressions import Expressions
from synthesis.objects import UNKNOWN, Array, Cell, Record, Value, assign, copied, made
from synthesis.operations import Unit
from synthesis.state import Frame, NotSynthesizable
from synthesis.syntax import key
from synthesis.tree import Function, Node, function_of
from synthesis.types import ArrayOf, Integer, Pointer, RecordOf

K = CursorKind
UNITS = re.compile(r"apply|finish")
"""Functions that are a piece of hardware each time they are called."""


class Calls(Expressions):
    """Functions, methods, constructors."""

    def _function(self, cursor: Cursor) -> Function | None:
        which = key(cursor)
        if which not in self._functions:
            self._functions[which] = function_of(cursor)
        return self._functions[which]

    def _call(self, node: Node, frame: Frame) -> Any:
        if node.target is None and len(node.kids) == 1 and isinstance(node.type, RecordOf):
            return self._evaluate(node.kids[0], frame)  # a copy that nobody makes
        if node.target is None:
            raise NotSynthesizable(f"{node.place}: a call of {node.name!r}, which nobody knows")
        if node.target.kind == K.CONSTRUCTOR:
            return self._constructor(node, frame)
        function = self._function(node.target)
        arguments = node.arguments
        this = None
        if node.target.kind == K.CXX_METHOD and not node.target.is_static_method():
            if node.name.startswith("operator"):
                this, arguments = self._evaluate(arguments[0], frame), arguments[1:]
            else:
                this = self._object(node.kids[0], frame)
            this = this.value if isinstance(this, Cell) else this
        if function is None:
            return self._without_body(node, this, arguments, frame)
        return self._follow(function, this, arguments, frame)

    def _without_body(self, node: Node, this: Any, arguments: list[Node], frame: Frame) -> Any:
        """Streams, and what the compiler writes itself."""
        given = [self._value(argument, frame) for argument in arguments]
        if node.name == "operator=" and isinstance(this, Record):
            assign(this, given[0], self.time)
            return this
        return self._unknown(node.type)

    def _unknown(self, kind: Any) -> Any:
        if isinstance(kind, RecordOf):
            return made(kind, UNKNOWN, self.time.epoch, self.time.depth)
        return UNKNOWN

    def _constructor(self, node: Node, frame: Frame) -> Any:
        kind = node.type
        if isinstance(kind, ArrayOf):
            return None
        given = self._value(node.arguments[0], frame) if len(node.arguments) == 1 else None
        if isinstance(given, Record) and given.kind is kind:
            return copied(given, self.time)
        result = made(kind, UNKNOWN, self.time.epoch, self.time.depth)
        for which, (name, field_kind) in kind.fields.items():
            result.fields[which] = self._new(field_kind, name, result.path)
        assert node.target is not None
        self._construct(result, node.target, node.arguments, frame)
        return result

    def _construct(self, this: Record, cursor: Cursor, arguments: list[Node], frame: Frame | None = None) -> None:
        function = self._function(cursor)
        if function is not None:
            self._follow(function, this, arguments, frame)

    def _follow(self, function: Function, this: Any, arguments: list[Node], caller: Frame | None) -> Any:
        frame = Frame(function, this)
        for (which, name, kind), argument in zip(function.parameters, arguments, strict=False):
            assert caller is not None
            frame.variables[which] = frame.names[name] = self._argument(kind, argument, caller)
        depth, outer, unit = self.time.depth, self._pipelined, self._unit
        described = UNITS.fullmatch(function.name) if function.is_static else None
        if described is not None:
            kind = described[0]
            self._unit = Unit(kind, function.owner)
            self._process.units.setdefault(kind, []).append(self._unit)
        for which, begin in function.initialised:
            member = this.field(which)
            value = self._value(begin, frame)
            if isinstance(member, Cell):
                member.write(value, self.time)
                if not isinstance(member.kind, Integer):
                    member.value = value
            elif isinstance(member, Record) and isinstance(value, Record):
                this.fields[which] = value
        signal = self._statement(function.body, frame)
        self.time.depth, self._pipelined, self._unit = depth, outer, unit
        results = [*frame.returned, *([signal[1]] if signal is not None else [])]
        if not results:
            return None
        result = results[0]
        for other in results[1:]:
            result = merged(result, other)
        return converted(result, function.result)

    def _argument(self, kind: Any, node: Node, caller: Frame) -> Any:
        found = self._evaluate(node, caller)
        if isinstance(kind, Pointer) and kind.is_reference:
            return found if isinstance(found, (Cell, Array, Record)) else self._held(kind.target, found)
        if isinstance(found, Record):
            return copied(found, self.time)
        return self._held(kind, found.read(self.time) if isinstance(found, Cell) else found)

    def _held(self, kind: Any, value: Value) -> Cell:
        return Cell(kind, converted(value, kind), self.time.epoch, self.time.depth)
