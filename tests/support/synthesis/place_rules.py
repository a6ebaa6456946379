"""Where directives stand: in which braces, in which order, and which others are there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from clang.cindex import Cursor, CursorKind

from synthesis.directives import DIRECTIVES, Place
from synthesis.pragmas import Pragma
from synthesis.syntax import Source, declarations, directive_number

LOOPS = (CursorKind.FOR_STMT, CursorKind.WHILE_STMT, CursorKind.DO_STMT, CursorKind.CXX_FOR_RANGE_STMT)
FUNCTIONS = (
    *(CursorKind.FUNCTION_DECL, CursorKind.CXX_METHOD, CursorKind.CONSTRUCTOR, CursorKind.DESTRUCTOR),
    *(CursorKind.FUNCTION_TEMPLATE, CursorKind.CONVERSION_FUNCTION),
)


@dataclass
class Braces:
    """A block of statements.

    Attributes:
        place: what it belongs to.
        pragmas: the directives directly in it.
        late: those of them that have other statements before them.
    """

    place: Place
    pragmas: list[Pragma] = field(default_factory=list)
    late: list[Pragma] = field(default_factory=list)


def place_findings(source: Source) -> Iterator[str]:
    """What stands where it may not, at the wrong place, or twice."""
    for declaration in declarations(source.unit):
        yield from _walk(declaration, source, Place.BLOCK, None)


def _walk(cursor: Cursor, source: Source, place: Place, braces: Braces | None) -> Iterator[str]:
    if cursor.kind in (CursorKind.VAR_DECL, CursorKind.INIT_LIST_EXPR):
        return
    number = directive_number(cursor)
    if number is not None:
        pragma = source.pragmas[number]
        if braces is None:
            yield f"{pragma}: it stands in no block of statements"
        return
    inner = Place.LOOP if cursor.kind in LOOPS else Place.FUNCTION if cursor.kind in FUNCTIONS else Place.BLOCK
    if cursor.kind != CursorKind.COMPOUND_STMT:
        for child in cursor.get_children():
            yield from _walk(child, source, inner, None)
        return
    here = Braces(place)
    begun = False
    for child in cursor.get_children():
        number = directive_number(child)
        if number is None:
            begun = True
            yield from _walk(child, source, Place.BLOCK, here)
            continue
        here.pragmas.append(source.pragmas[number])
        if begun:
            here.late.append(source.pragmas[number])
    yield from _braces_findings(here)


def _braces_findings(here: Braces) -> Iterator[str]:
    seen: dict[tuple[str, ...], Pragma] = {}
    for pragma in here.pragmas:
        directive = DIRECTIVES.get(pragma.name)
        if directive is None:
            continue
        if here.place not in directive.places:
            yield f"{pragma}: it stands in {here.place.value}"
        if pragma.name in ("PIPELINE", "UNROLL") and pragma in here.late:
            yield f"{pragma}: it does not stand first"
        for subject in pragma.variables or ("",):
            # A port to memory has a register with its address as well; dependences are of two kinds.
            register = "s_axilite" if pragma.name == "INTERFACE" and "s_axilite" in pragma.words else ""
            kind = pragma.get("type") or "" if pragma.name == "DEPENDENCE" else register
            about = (pragma.name, subject, pragma.get("dim") or "", pragma.get("op") or "", kind)
            if about in seen:
                yield f"{pragma}: it repeats or contradicts line {seen[about].line}"
            seen[about] = pragma
    names = {p.name: p for p in here.pragmas}
    for one, other in (("PIPELINE", "UNROLL"), ("PIPELINE", "DATAFLOW"), ("UNROLL", "DATAFLOW")):
        if one in names and other in names and here.place is Place.LOOP:
            yield f"{names[one]}: it contradicts {other} of the same loop"
    shapes = {v: p for p in here.pragmas if p.name == "ARRAY_PARTITION" for v in p.variables}
    for pragma in here.pragmas:
        if pragma.name != "ARRAY_RESHAPE":
            continue
        for v in pragma.variables:
            if v in shapes and (pragma.get("dim") or "1") == (shapes[v].get("dim") or "1"):
                yield f"{pragma}: it contradicts ARRAY_PARTITION of the same dimension in line {shapes[v].line}"
