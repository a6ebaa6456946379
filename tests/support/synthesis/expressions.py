"""Expressions: operators on what is known fold, those on what is unknown are hardware."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from clang.cindex import CursorKind

from synthesis.arithmetic import computed, converted, is_operation, merged
from synthesis.objects import CONSTANT, UNKNOWN, Array, Cell, Record, Value
from synthesis.state import Frame, NotSynthesizable, State
from synthesis.tree import Node
from synthesis.types import Integer, Pointer, RecordOf

K = CursorKind
TRANSPARENT = (
    *(K.UNEXPOSED_EXPR, K.PAREN_EXPR, K.CSTYLE_CAST_EXPR, K.CXX_FUNCTIONAL_CAST_EXPR, K.CXX_STATIC_CAST_EXPR),
    K.CXX_CONST_CAST_EXPR,
)


class Expressions(State):
    """Variables, operators, conversions."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._expressions: dict[Any, Callable[[Node, Frame], Any]] = {
            K.DECL_REF_EXPR: self._mention,
            K.MEMBER_REF_EXPR: self._member,
            K.ARRAY_SUBSCRIPT_EXPR: self._subscript,
            K.BINARY_OPERATOR: self._binary,
            K.COMPOUND_ASSIGNMENT_OPERATOR: self._binary,
            K.UNARY_OPERATOR: self._unary,
            K.CONDITIONAL_OPERATOR: self._choice,
            K.CALL_EXPR: self._call,
            K.CXX_THIS_EXPR: lambda node, frame: frame.this,
            K.STRING_LITERAL: lambda node, frame: node.name,
            **dict.fromkeys(TRANSPARENT, self._conversion),
        }

    def _call(self, node: Node, frame: Frame) -> Any:
        raise NotImplementedError

    def _evaluate(self, node: Node, frame: Frame) -> Any:
        """A variable, or a value where it is none."""
        if node.value is not None:
            return node.value
        if node.kind == K.DECL_STMT:
            return self._statement(node, frame)
        handler = self._expressions.get(node.kind)
        if handler is None:
            raise NotSynthesizable(f"{node.place}: {node.kind} {node.name}")
        return handler(node, frame)

    def _conversion(self, node: Node, frame: Frame) -> Any:
        if not node.kids:
            return 0 if isinstance(node.type, Integer) else UNKNOWN
        found = self._evaluate(node.kids[-1], frame)
        if isinstance(found, Cell) and isinstance(node.type, Integer):
            found = found.read(self.time)
        return converted(found, node.type)

    def _mention(self, node: Node, frame: Frame) -> Any:
        if node.target_key in frame.variables:
            return frame.variables[node.target_key]
        if node.target is not None and node.target.kind == K.ENUM_CONSTANT_DECL:
            return node.target.enum_value
        if node.target is None or node.target.kind != K.VAR_DECL:
            raise NotSynthesizable(f"{node.place}: {node.name!r} is no variable")
        return self._global(node.target)

    def _member(self, node: Node, frame: Frame) -> Any:
        base = self._object(node, frame)
        if node.target is not None and node.target.kind == K.VAR_DECL:
            return self._global(node.target)
        if not isinstance(base, Record):
            raise NotSynthesizable(f"{node.place}: member {node.name!r} of {base!r}")
        return base.field(node.target_key)

    def _object(self, member: Node, frame: Frame) -> Any:
        """What stands before the dot; the arguments of a template are no object."""
        for kid in member.kids[:1]:
            if isinstance(kid.type, RecordOf) or (isinstance(kid.type, Pointer) and kid.kind != K.CXX_THIS_EXPR):
                found = self._evaluate(kid, frame)
                return found.value if isinstance(found, Cell) else found
        return frame.this

    def _subscript(self, node: Node, frame: Frame) -> Any:
        base = self._value(node.kids[0], frame)
        index = self._value(node.kids[1], frame)
        if not isinstance(base, Array):
            raise NotSynthesizable(f"{node.place}: element of {base!r}")
        varies = index is UNKNOWN and base.kind.count > 1
        if self._pipelined and varies and base.level in base.whole.complete and not self._selecting(frame):
            self.findings.append(f"{node.place}: {base.name!r} is in registers, but a variable says which")
        inputs = base.among * (base.kind.count if varies else 1)
        if inputs > 1 and base.in_registers and isinstance(base.kind.element, Integer):
            self._process.multiplexers[f"{base.owner}.{base.name}", inputs] += base.kind.element.width
        if isinstance(index, int) and not 0 <= index < base.kind.count and self.time.depth == 0:
            self.findings.append(f"{node.place}: {base.name!r} has no element {index}")
        return base.at(index, self.time)

    @staticmethod
    def _selecting(frame: Frame) -> bool:
        """Whether this is where registers are meant to be selected from, so that multiplexers are counted there."""
        return frame.this is not None and frame.this.kind.name == "registers" and frame.function.name == "select"

    def _unary(self, node: Node, frame: Frame) -> Any:
        operand = node.kids[0]
        if node.sign in ("p++", "++p", "p--", "--p"):
            cell = self._evaluate(operand, frame)
            before = cell.read(self.time)
            after = computed("+" if "+" in node.sign else "-", before, 1)
            cell.write(after, self.time)
            return before if node.sign.startswith("p") else cell
        if node.sign in ("*", "&"):
            return self._evaluate(operand, frame)
        found = self._value(operand, frame)
        if not isinstance(found, int):
            return found
        return {"-": -found, "+": found, "~": ~found, "!": int(not found)}[node.sign]

    def _binary(self, node: Node, frame: Frame) -> Any:
        left, right = node.kids
        sign = node.sign
        if sign == "=":
            target = self._evaluate(left, frame)
            target.write(self._value(right, frame), self.time)
            return target
        if sign in ("&&", "||"):
            first = self._value(left, frame)
            if isinstance(first, int) and bool(first) is (sign == "||"):
                return int(bool(first))
            before = self.time.depth
            if not isinstance(first, int):
                self.time.branch(before)  # the second may not be reached
            second = self._value(right, frame)
            self.time.depth = before
            if isinstance(second, int) and (isinstance(first, int) or bool(second) is (sign == "||")):
                return int(bool(second))
            return merged(first, second) if UNKNOWN in (first, second) else CONSTANT
        is_assignment = node.kind == K.COMPOUND_ASSIGNMENT_OPERATOR
        target = self._evaluate(left, frame) if is_assignment else None
        first = target.read(self.time) if target is not None else self._value(left, frame)
        second = self._value(right, frame)
        sign = sign.removesuffix("=") if is_assignment else sign
        self._note(sign, left, first, right, second)
        result = converted(computed(sign, first, second), node.type)
        if target is not None:
            target.write(result, self.time)
            return target
        return result

    def _note(self, sign: str, left: Node, first: Value, right: Node, second: Value) -> None:
        kinds = left.bare.type, right.bare.type
        operation = is_operation(sign, first, second, kinds)
        if operation is not None:
            self._unit.operations[operation] += 1
            if "multiply" in operation:
                self._unit.widths.append((kinds[0].width, kinds[1].width))

    def _choice(self, node: Node, frame: Frame) -> Any:
        condition = self._value(node.kids[0], frame)
        if isinstance(condition, int):
            return self._evaluate(node.kids[1 if condition else 2], frame)
        before, found = self.time.depth, []
        for kid in node.kids[1:3]:
            self.time.branch(before)
            found.append(self._evaluate(kid, frame))
        self.time.depth = before
        first, second = found
        if isinstance(first, Record):
            return first
        values = [v.read(self.time) if isinstance(v, Cell) else v for v in (first, second)]
        return merged(*values, chosen_by=condition)
