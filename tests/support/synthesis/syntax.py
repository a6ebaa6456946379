"""Syntax trees of C++ by libclang, with what its Python interface leaves out."""

from __future__ import annotations

import ctypes
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from clang.cindex import Cursor, CursorKind, Diagnostic, Index, TranslationUnit, conf

from synthesis.pragmas import DECLARATION, STATEMENT, Pragma, as_statements, pragmas_of

HEADERS = Path(__file__).parent / "headers"
FOLDER = "/project"
"""Where the files seem to lie; none is on disk."""
NUMBERS = ".inc"
"""End of the names of files with the content of memories."""

_LIB = conf.lib
for _name, _result in (("BinaryOperatorKind", ctypes.c_int), ("UnaryOperatorKind", ctypes.c_int)):
    _function = getattr(_LIB, f"clang_getCursor{_name}")
    _function.restype, _function.argtypes = _result, [Cursor]
_LIB.clang_Cursor_Evaluate.restype, _LIB.clang_Cursor_Evaluate.argtypes = ctypes.c_void_p, [Cursor]
_LIB.clang_EvalResult_getKind.restype, _LIB.clang_EvalResult_getKind.argtypes = ctypes.c_int, [ctypes.c_void_p]
_LIB.clang_EvalResult_getAsLongLong.restype = ctypes.c_longlong
_LIB.clang_EvalResult_getAsLongLong.argtypes = [ctypes.c_void_p]
_LIB.clang_EvalResult_dispose.argtypes = [ctypes.c_void_p]

BINARY = (
    *("", ".*", "->*", "*", "/", "%", "+", "-", "<<", ">>", "<=>", "<", ">", "<=", ">=", "==", "!=", "&", "^", "|"),
    *("&&", "||", "=", "*=", "/=", "%=", "+=", "-=", "<<=", ">>=", "&=", "^=", "|=", ","),
)
UNARY = ("", "p++", "p--", "++p", "--p", "&", "*", "+", "-", "~", "!")


@dataclass(frozen=True)
class Source:
    """Parsed C++.

    Attributes:
        unit: clang's.
        pragmas: by the number that stands in the tree.
        errors: what the compiler did not accept.
    """

    unit: TranslationUnit
    pragmas: tuple[Pragma, ...]
    errors: tuple[str, ...]


def parse(files: Mapping[str, str], main: str) -> Source:
    """``main`` of ``files`` (path to text) as a synthesis tool reads it, directives as statements."""
    pragmas: list[Pragma] = []
    unsaved = [(f"{FOLDER}/directive.h", DECLARATION)]
    for path, text in files.items():
        if path.endswith(NUMBERS):
            unsaved.append((f"{FOLDER}/{path}", text))
        if not path.endswith((".h", ".cpp")):
            continue
        found = list(pragmas_of(path, text))
        unsaved.append((f"{FOLDER}/{path}", _readable(as_statements(text, len(pragmas)), path, files)))
        pragmas += found
    arguments = ["-std=c++14", "-D__SYNTHESIS__", "-nostdinc", "-Wno-everything", "-ferror-limit=0"]
    arguments += [f"-isystem{HEADERS}", "-include", f"{FOLDER}/directive.h", "-ftemplate-depth=4096"]
    unit = Index.create().parse(f"{FOLDER}/{main}", args=arguments, unsaved_files=unsaved)
    lines = {(p.file, p.line): p for p in pragmas}
    errors = tuple(
        f"{p}: it stands in no function"
        if (p := lines.get((_short(str(d.location.file)), d.location.line))) is not None
        else f"{_short(str(d.location.file))}:{d.location.line}: {d.spelling}"
        for d in unit.diagnostics
        if d.severity >= Diagnostic.Error
    )
    return Source(unit, tuple(pragmas), errors)


def _readable(text: str, path: str, files: Mapping[str, str]) -> str:
    """``text`` including the other files by their whole paths, as ``..`` would need folders on disk.

    Integers are the compiler's own here and have no members, so their widths are asked of a template.
    """

    def whole(found: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(path), found[2]))
        return f'{found[1]}"{FOLDER}/{target}"' if target in files else found[0]

    text = re.sub(r"\b([A-Za-z_]\w*)::width\b", r"hls_width<\1>::value", text)
    return re.sub(r'(#include )"([^"]+)"', whole, text)


def _short(path: str) -> str:
    return path.removeprefix(f"{FOLDER}/")


def place(cursor: Cursor) -> str:
    """File and line."""
    where = cursor.location
    return f"{_short(str(where.file))}:{where.line}"


def key(cursor: Cursor) -> tuple[int, int | None]:
    """The same for every cursor of one declaration, another for every instance of a template."""
    return cursor._kind_id, cursor.data[0]


def binary_operator(cursor: Cursor) -> str:
    """Its sign."""
    return BINARY[_LIB.clang_getCursorBinaryOperatorKind(cursor)]


def unary_operator(cursor: Cursor) -> str:
    """Its sign, ``p`` standing for the operand where the place matters."""
    return UNARY[_LIB.clang_getCursorUnaryOperatorKind(cursor)]


def constant(cursor: Cursor) -> int | None:
    """The integer that the compiler itself computes for an expression, or None."""
    result = _LIB.clang_Cursor_Evaluate(cursor)
    if not result:
        return None
    value = _LIB.clang_EvalResult_getAsLongLong(result) if _LIB.clang_EvalResult_getKind(result) == 1 else None
    _LIB.clang_EvalResult_dispose(result)
    return value


def directive_number(cursor: Cursor) -> int | None:
    """Of a statement that stands for a directive, else None."""
    if cursor.kind != CursorKind.CALL_EXPR or cursor.spelling != STATEMENT:
        return None
    return int(next(iter(next(iter(cursor.get_arguments())).get_tokens())).spelling)


def template_of(cursor: Cursor) -> Cursor:
    """The template of which ``cursor`` is an instance."""
    return _LIB.clang_getSpecializedCursorTemplate(cursor)


def declarations(unit: TranslationUnit) -> Iterator[Cursor]:
    """Everything that is declared in the files themselves, in namespaces too."""
    waiting = list(unit.cursor.get_children())[::-1]
    while waiting:
        cursor = waiting.pop()
        if not str(cursor.location.file).startswith(FOLDER):
            continue
        if cursor.kind in (CursorKind.NAMESPACE, CursorKind.LINKAGE_SPEC):
            waiting += list(cursor.get_children())[::-1]
        else:
            yield cursor
