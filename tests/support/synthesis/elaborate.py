"""Follows C++ as a synthesis tool does: templates instantiated, loops unrolled, what is constant computed.

Each statement of a pipelined loop is followed once, with whatever only running would tell unknown. An operation on
something unknown is hardware; a branch on it is followed both ways.
"""

from __future__ import annotations

from typing import Any

from clang.cindex import CursorKind

from synthesis.objects import UNKNOWN, Array, Cell, Record, made
from synthesis.operations import Process
from synthesis.state import LIMIT, Frame, NotSynthesizable
from synthesis.statements import Statements
from synthesis.syntax import declarations
from synthesis.tree import Node
from synthesis.types import ArrayOf, Pointer, bits_of, type_of

K = CursorKind


class Elaboration(Statements):
    """One design."""

    def run(self, top: str) -> None:
        """Follow the function ``top`` and everything it calls."""
        found = None
        for declaration in declarations(self.source.unit):
            if declaration.kind == K.VAR_DECL:
                self._global_names[declaration.spelling] = declaration
            if declaration.kind == K.FUNCTION_DECL and declaration.spelling == top and declaration.is_definition():
                found = declaration
        function = None if found is None else self._function(found)
        if function is None:
            raise NotSynthesizable(f"there is no function {top!r}")
        frame = Frame(function, None)
        for which, name, kind in function.parameters:
            target = kind.target if isinstance(kind, Pointer) else kind
            variable = made(target, UNKNOWN, 0, 0, name=name)
            frame.variables[which] = frame.names[name] = self._pointed(kind, variable)
        self._top, self._ports = frame, set(frame.names)
        self._statement(function.body, frame)
        for name, variable in frame.names.items():
            if isinstance(variable, Record) and variable.kind.name == "stream":
                self.streams[name] = bits_of(type_of(variable.kind.type.get_template_argument_type(0)))

    def _run_process(self, node: Node, frame: Frame) -> None:
        self._process = Process(node.bare.name)
        self._unit = self._process.rest
        self._arrays = []
        self._value(node, frame)
        self.processes.append(self._process)
        for array in self._arrays:
            if array.in_registers and array.carried:
                self._process.registers[f"{array.owner}.{array.name}"] += array.bits

    def _pointed(self, kind: Any, variable: Any) -> Any:
        if isinstance(kind, Pointer) and not kind.is_reference:
            array = Array(
                ArrayOf(kind.target, LIMIT), UNKNOWN, 0, 0, name=variable.name if hasattr(variable, "name") else ""
            )
            return Cell(kind, array, 0, 0)
        return variable
