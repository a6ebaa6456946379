"""C++ types as far as hardware knows them: integers of a width, arrays, records."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from clang.cindex import Cursor, CursorKind, Type, TypeKind

from synthesis.syntax import directive_number, key, template_of

EXACT = re.compile(r"(unsigned )?_BitInt\((\d+)\)")
WIDTHS = {
    TypeKind.BOOL: 1,
    **dict.fromkeys((TypeKind.CHAR_S, TypeKind.CHAR_U, TypeKind.SCHAR, TypeKind.UCHAR), 8),
    **dict.fromkeys((TypeKind.SHORT, TypeKind.USHORT), 16),
    **dict.fromkeys((TypeKind.INT, TypeKind.UINT), 32),
    **dict.fromkeys((TypeKind.LONG, TypeKind.ULONG, TypeKind.LONGLONG, TypeKind.ULONGLONG), 64),
}
UNSIGNED = (
    *(TypeKind.BOOL, TypeKind.CHAR_U, TypeKind.UCHAR, TypeKind.USHORT, TypeKind.UINT),
    *(TypeKind.ULONG, TypeKind.ULONGLONG),
)


@dataclass(frozen=True)
class Integer:
    """``exact`` where the C++ names the width, so that it carries data and no count of a loop."""

    width: int
    signed: bool
    exact: bool

    def wrap(self, value: int) -> int:
        """``value`` as the type holds it."""
        if self.width == 1 and not self.exact:
            return int(value != 0)
        value &= (1 << self.width) - 1
        return value - (1 << self.width) if self.signed and value >> (self.width - 1) else value


@dataclass(frozen=True)
class ArrayOf:
    """So many elements."""

    element: Any
    count: int

    @property
    def bits(self) -> int:
        """Of all integers in it."""
        return self.count * bits_of(self.element)


@dataclass(frozen=True)
class Pointer:
    """A pointer or reference."""

    target: Any
    is_reference: bool


@dataclass(frozen=True, eq=False)
class RecordOf:
    """A struct or class.

    Attributes:
        name: without template arguments.
        declaration: of the instance.
    """

    name: str
    declaration: Cursor
    type: Type

    @cached_property
    def fields(self) -> dict[Any, tuple[str, Any]]:
        """Key of the declaration to name and type."""
        return {key(f): (f.spelling, type_of(f.type)) for f in self.type.get_fields()}

    @cached_property
    def directives(self) -> tuple[int, ...]:
        """Numbers of the directives in the constructor without arguments.

        Clang does not show that of an instance which another class has as a member, but that of the template.
        """
        children = list(self.declaration.get_children()) or list(template_of(self.declaration).get_children())
        for child in children:
            if child.kind == CursorKind.CONSTRUCTOR and not list(child.get_arguments()):
                statements = [s for body in child.get_children() if body.kind == CursorKind.COMPOUND_STMT
                              for s in body.get_children()]  # fmt: skip
                return tuple(n for s in statements if (n := directive_number(s)) is not None)
        return ()


@dataclass(frozen=True)
class Other:
    """What no value is made of: void, functions."""

    name: str


_KNOWN: dict[str, Any] = {}


def bits_of(kind: Any) -> int:
    """Bits of a value of a type."""
    if isinstance(kind, Integer):
        return kind.width
    if isinstance(kind, ArrayOf):
        return kind.bits
    if isinstance(kind, RecordOf):
        return sum(bits_of(field) for _, field in kind.fields.values())
    return 0


def forget_types() -> None:
    """Types belong to one syntax tree; those of the last one are dropped."""
    _KNOWN.clear()


def type_of(found: Type) -> Any:
    """What hardware knows of a type of clang's."""
    found = found.get_canonical()
    name = found.spelling
    if name not in _KNOWN:
        _KNOWN[name] = _read(found, name)
    return _KNOWN[name]


def _read(found: Type, name: str) -> Any:
    if exact := EXACT.fullmatch(name.replace("const ", "").replace("volatile ", "")):
        return Integer(int(exact[2]), not exact[1], True)
    if found.kind in WIDTHS:
        return Integer(WIDTHS[found.kind], found.kind not in UNSIGNED, False)
    if found.kind == TypeKind.CONSTANTARRAY:
        return ArrayOf(type_of(found.element_type), found.element_count)
    if found.kind in (TypeKind.POINTER, TypeKind.LVALUEREFERENCE, TypeKind.RVALUEREFERENCE):
        return Pointer(type_of(found.get_pointee()), found.kind != TypeKind.POINTER)
    if found.kind == TypeKind.RECORD:
        declaration = found.get_declaration()
        return RecordOf(declaration.spelling, declaration, found)
    return Other(name)
