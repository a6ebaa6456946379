"""What directives say about variables: that they exist, and how arrays are laid out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from clang.cindex import CursorKind

from synthesis.calls import Calls
from synthesis.objects import Array, Cell, Record
from synthesis.pragmas import Pragma
from synthesis.state import Frame
from synthesis.tree import Node

K = CursorKind


class Application(Calls):
    """Directives, where they stand in what is followed."""

    def _apply(self, number: int, frame: Frame) -> None:
        pragma = self.source.pragmas[number]
        if pragma.name == "PIPELINE" and "off" not in pragma.words:
            self._pipelined = self._pipelined or pragma in self._directives(frame.function.body)
        for path in pragma.variables:
            if pragma.name == "INTERFACE" and path == "return" and frame is self._top:
                continue
            found = self._look_up(path, frame)
            if found is None:
                self.findings.append(f"{pragma}: there is no variable {path!r} here")
                continue
            self.findings += self._misplaced(pragma, path, found, frame)
            if pragma.name in ("ARRAY_PARTITION", "ARRAY_RESHAPE"):
                self._lay_out(pragma, path, found)

    def _misplaced(self, pragma: Pragma, path: str, found: Any, frame: Frame) -> Iterator[str]:
        """A directive for a variable of another kind than it is about."""
        stream = isinstance(found, Record) and found.kind.name == "stream"
        if pragma.name == "INTERFACE" and (frame is not self._top or path not in self._ports):
            yield f"{pragma}: {path!r} is no port of the top function"
        if pragma.name == "STREAM" and not stream and not isinstance(found, Array):
            yield f"{pragma}: {path!r} is neither a stream nor an array"
        if pragma.name == "STABLE" and stream:
            yield f"{pragma}: {path!r} is a stream, which co-simulation would repeat"

    def _lay_out(self, pragma: Pragma, path: str, found: Any) -> None:
        """What ARRAY_PARTITION and ARRAY_RESHAPE say of an array's dimensions."""
        if isinstance(found, Cell) and isinstance(found.value, Array):
            found = found.value
        if not isinstance(found, Array):
            self.findings.append(f"{pragma}: {path!r} is no array")
            return
        dim = int(pragma.get("dim") or 1)
        if not 0 <= dim <= found.dimensions:
            self.findings.append(f"{pragma}: {path!r} has {found.dimensions} dimensions, not {dim}")
        elif pragma.name == "ARRAY_PARTITION" and "complete" in (*pragma.words, pragma.get("type")):
            found.whole.complete |= {dim} if dim else set(range(1, found.dimensions + 1))

    def _look_up(self, path: str, frame: Frame) -> Any:
        first, *members = path.split(".")
        found = frame.names.get(first)
        if found is None and frame.this is not None:
            found = frame.this.named(first)
        if found is None and first in self._global_names:
            found = self._global(self._global_names[first])
        for member in members:
            if isinstance(found, Cell):
                found = found.value
            found = found.named(member) if isinstance(found, Record) else None
        return found

    def _directives(self, body: Node) -> list[Pragma]:
        kids = body.kids if body.kind == K.COMPOUND_STMT else [body]
        return [self.source.pragmas[kid.value or 0] for kid in kids if kid.kind == "directive"]
