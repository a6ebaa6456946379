"""Statements: loops are unrolled or followed once, branches on what is unknown are followed both ways."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from clang.cindex import CursorKind

from synthesis.application import Application
from synthesis.arithmetic import merged
from synthesis.objects import UNKNOWN, Array, Cell, Record, copied, made
from synthesis.state import LIMIT, Frame, NotSynthesizable, Signal
from synthesis.tree import Node
from synthesis.types import ArrayOf, Pointer, RecordOf

K = CursorKind


class Statements(Application):
    """Blocks, loops, branches, declarations."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._statements: dict[Any, Callable[[Node, Frame], Signal]] = {
            K.COMPOUND_STMT: self._block,
            K.DECL_STMT: self._declare,
            K.FOR_STMT: self._for,
            K.WHILE_STMT: self._while,
            K.DO_STMT: self._while,
            K.IF_STMT: self._if,
            K.RETURN_STMT: self._return,
            K.CONTINUE_STMT: lambda node, frame: ("continue", None),
            K.BREAK_STMT: lambda node, frame: ("break", None),
        }

    def _run_process(self, node: Node, frame: Frame) -> None:
        raise NotImplementedError

    def _statement(self, node: Node, frame: Frame) -> Signal:
        handler = self._statements.get(node.kind)
        if handler is not None:
            return handler(node, frame)
        if node.kind == "directive":
            self._apply(node.value or 0, frame)
        elif node.kind == K.LABEL_STMT:
            return self._statement(node.kids[-1], frame)
        elif frame is self._top and node.bare.kind == K.CALL_EXPR:
            self._run_process(node, frame)
        else:
            self._value(node, frame)
        return None

    def _block(self, node: Node, frame: Frame) -> Signal:
        for kid in node.kids:
            signal = self._statement(kid, frame)
            if signal is not None:
                return signal
        return None

    def _declare(self, node: Node, frame: Frame) -> Signal:
        for kid in node.kids:
            if kid.kind == K.VAR_DECL:
                frame.variables[kid.target_key] = frame.names[kid.name] = self._variable(kid, frame)
        return None

    def _if(self, node: Node, frame: Frame) -> Signal:
        condition = self._value(node.kids[0], frame)
        if isinstance(condition, int):
            if condition:
                return self._statement(node.kids[1], frame)
            return self._statement(node.kids[2], frame) if len(node.kids) > 2 else None
        signals = []
        before = self.time.depth
        for branch in (*node.kids[1:], None)[:2]:
            self.time.branch(before)
            signals.append(None if branch is None else self._statement(branch, frame))
        self.time.depth = before
        if all(signals):
            first, second = signals
            if first[0] == second[0] == "return":
                return "return", merged(first[1], second[1])
            if first[0] == "return":
                first, second = second, first
            if second[0] == "return":
                frame.returned.append(second[1])
            return first
        for signal in signals:
            if signal is not None:
                if signal[0] == "return":
                    frame.returned.append(signal[1])
                self.time.branch(before)  # what follows may not be reached
        return None

    def _return(self, node: Node, frame: Frame) -> Signal:
        if not node.kids:
            return "return", None
        if isinstance(frame.function.result, Pointer):
            return "return", self._evaluate(node.kids[0], frame)
        found = self._value(node.kids[0], frame)
        return "return", copied(found, self.time) if isinstance(found, Record) else found

    def _while(self, node: Node, frame: Frame) -> Signal:
        if self._pipelined:
            self.findings.append(f"{node.place}: a loop inside a pipelined one has an unknown number of iterations")
        with self._loop(False):
            for kid in node.kids:
                self._statement(kid, frame)
        return None

    def _for(self, node: Node, frame: Frame) -> Signal:
        if len(node.kids) != 4:
            raise NotSynthesizable(f"{node.place}: a loop without beginning, end or step")
        begin, condition, step, body = node.kids
        directives = {p.name: p for p in self._directives(body)}
        unrolled = "UNROLL" in directives and directives["UNROLL"].get("off") is None
        if self._pipelined and not unrolled:
            self.findings.append(f"{node.place}: a loop inside a pipelined one has no UNROLL")
            unrolled = True
        self._statement(begin, frame)
        if unrolled:
            return self._unrolled(node, condition, step, body, frame)
        pipelined = "PIPELINE" in directives and "off" not in directives["PIPELINE"].words
        iterations = self._iterations(condition, frame)
        if pipelined:
            self._process.loops.append(iterations)
        with self._loop(pipelined):
            self._value(condition, frame)
            self._statement(body, frame)
            self._value(step, frame)
        return None

    def _unrolled(self, node: Node, condition: Node, step: Node, body: Node, frame: Frame) -> Signal:
        before = self.time.depth
        for _ in range(LIMIT):
            goes_on = self._value(condition, frame)
            if not isinstance(goes_on, int):
                self.findings.append(f"{node.place}: a loop that is unrolled has an unknown number of iterations")
                return None
            if not goes_on:
                self.time.depth = before
                return None
            signal = self._statement(body, frame)
            if signal is not None and signal[0] == "return":
                return signal
            if signal is not None and signal[0] == "break":
                self.time.depth = before
                return None
            self.time.depth = before
            self._value(step, frame)
        raise NotSynthesizable(f"{node.place}: more than {LIMIT} copies of a loop's body")

    def _iterations(self, condition: Node, frame: Frame) -> int | None:
        """Of a loop that counts from 0 by ones."""
        bare = condition.bare
        if bare.kind != K.BINARY_OPERATOR or bare.sign != "<":
            return None
        end = self._value(bare.kids[1], frame)
        return end if isinstance(end, int) else None

    @contextmanager
    def _loop(self, pipelined: bool) -> Iterator[None]:
        """What earlier iterations wrote is not known in a loop, nor what they all wrote after it."""
        depth, outer = self.time.depth, self._pipelined
        self.time.epoch += 1
        self._pipelined = outer or pipelined
        yield
        self._pipelined, self.time.depth = outer, depth
        self.time.epoch += 1

    def _variable(self, node: Node, frame: Frame) -> Any:
        kind, begin = node.type, node.kids[0] if node.kids else None
        if isinstance(kind, Pointer):
            found = None if begin is None else self._evaluate(begin, frame)
            if kind.is_reference:
                return found if isinstance(found, (Cell, Array, Record)) else self._held(kind.target, found)
            return Cell(kind, found, self.time.epoch, self.time.depth)
        if isinstance(kind, RecordOf):
            if kind.name == "stream" and all(p.name != "DATAFLOW" for p in self._directives(frame.function.body)):
                self.findings.append(f"{node.place}: stream {node.name!r} is in no dataflow region")
            empty = begin is None or (begin.bare.kind == K.INIT_LIST_EXPR and not begin.bare.kids)
            given = None if begin is None or empty else self._evaluate(begin, frame)
            if isinstance(given, Record):
                result = copied(given, self.time) if begin is not None and begin.bare.kind != K.CALL_EXPR else given
                result.name, result.epoch, result.depth = node.name, self.time.epoch, self.time.depth
                return result
            return self._new(kind, node.name, "")
        if isinstance(kind, ArrayOf):
            array = made(kind, UNKNOWN, self.time.epoch, self.time.depth, False, node.name, owner=frame.function.name)
            self._arrays.append(array)
            return array
        value = UNKNOWN if begin is None else self._value(begin, frame)
        fixed = node.target is not None and node.target.type.is_const_qualified()
        cell = Cell(kind, UNKNOWN, self.time.epoch, self.time.depth)
        cell.write(value, self.time)
        cell.fixed = fixed
        return cell
