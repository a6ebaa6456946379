"""Clang's cursors as plain nodes, read once a function, so that following them many times is quick."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from clang.cindex import Cursor, CursorKind

from synthesis.syntax import binary_operator, constant, directive_number, key, place, unary_operator
from synthesis.types import Integer, type_of

K = CursorKind
SKIPPED = (
    *(K.TYPE_REF, K.TEMPLATE_REF, K.NAMESPACE_REF, K.TYPEDEF_DECL, K.TYPE_ALIAS_DECL, K.STATIC_ASSERT),
    *(K.NULL_STMT, K.USING_DECLARATION, K.STRUCT_DECL),
)
LITERALS = (K.INTEGER_LITERAL, K.CXX_BOOL_LITERAL_EXPR, K.CHARACTER_LITERAL)


@dataclass(eq=False)
class Node:
    """One statement or expression.

    Attributes:
        kind: clang's.
        kids: what it is made of.
        type: of its value.
        name: of what it mentions.
        sign: of an operator.
        value: of a literal, or the number of a directive.
        target: declaration that it mentions.
        target_key: of that.
        arguments: of a call.
        cursor: clang's.
    """

    kind: Any
    kids: list[Node]
    type: Any = None
    name: str = ""
    sign: str = ""
    value: int | None = None
    target: Cursor | None = None
    target_key: Any = None
    arguments: list[Node] = field(default_factory=list)
    cursor: Cursor | None = None

    @property
    def place(self) -> str:
        """File and line."""
        return "" if self.cursor is None else place(self.cursor)

    @property
    def bare(self) -> Node:
        """Without brackets and conversions that nobody wrote."""
        node = self
        while node.kind in (K.UNEXPOSED_EXPR, K.PAREN_EXPR) and node.kids:
            node = node.kids[-1]
        return node


def node_of(cursor: Cursor) -> Node:
    """``cursor`` and everything in it."""
    kind = cursor.kind
    number = directive_number(cursor)
    if number is not None:
        return Node("directive", [], value=number, cursor=cursor)
    node = Node(kind, [], name=cursor.spelling, cursor=cursor)
    if kind.is_expression():
        node.type = type_of(cursor.type)
    if kind in LITERALS:
        node.value = constant(cursor)
        return node
    if kind in (K.DECL_REF_EXPR, K.MEMBER_REF_EXPR, K.CALL_EXPR, K.MEMBER_REF):
        node.target = cursor.referenced
        node.target_key = None if node.target is None else key(node.target)
        if kind == K.DECL_REF_EXPR and (node.target is None or node.target.kind == K.TEMPLATE_NON_TYPE_PARAMETER):
            node.value = constant(cursor)
        elif kind == K.DECL_REF_EXPR and node.target.kind == K.VAR_DECL:
            declared = node.target.type
            if declared.is_const_qualified() and isinstance(type_of(declared), Integer):
                node.value = constant(cursor)
    if kind in (K.BINARY_OPERATOR, K.COMPOUND_ASSIGNMENT_OPERATOR):
        node.sign = binary_operator(cursor)
    elif kind == K.UNARY_OPERATOR:
        node.sign = unary_operator(cursor)
    elif kind == K.VAR_DECL:
        node.type = type_of(cursor.type)
        node.target, node.target_key = cursor, key(cursor)
    if kind == K.VAR_DECL:
        node.kids = _initialiser(cursor)
        return node
    children = [child for child in cursor.get_children() if child.kind not in SKIPPED]
    if kind == K.CALL_EXPR:
        node.arguments = [node_of(argument) for argument in cursor.get_arguments() if argument is not None]
        children = children[:1]  # the others are the arguments
    node.kids = [node_of(child) for child in children]
    return node


def _initialiser(cursor: Cursor) -> list[Node]:
    """The expression that a variable begins with, without the sizes of an array."""
    children = [c for c in cursor.get_children() if c.kind.is_expression()]
    if not children:
        return []
    last = children[-1]
    if "[" in cursor.type.get_canonical().spelling and last.kind not in (K.INIT_LIST_EXPR, K.CALL_EXPR):
        declared = cursor.type.get_canonical()
        if declared.get_array_size() >= 0:
            return []
    return [node_of(last)]


@dataclass(eq=False)
class Function:
    """One function, or one instance of a template.

    Attributes:
        name: of it.
        parameters: key, name and type of each.
        initialised: of a constructor: key of a member and what it begins with.
        body: its braces.
        owner: name of its class.
        is_static: whether it belongs to no object.
        result: type of what it returns.
    """

    name: str
    parameters: list[tuple[Any, str, Any]]
    initialised: list[tuple[Any, Node]]
    body: Node
    owner: str
    is_static: bool
    result: Any


def function_of(cursor: Cursor) -> Function | None:
    """What ``cursor`` declares; None where there is no body."""
    definition = cursor if cursor.is_definition() else cursor.get_definition()
    if definition is None:
        return None
    initialised: list[tuple[Any, Node]] = []
    body, member = None, None
    for child in definition.get_children():
        if child.kind == K.COMPOUND_STMT:
            body = node_of(child)
        elif child.kind == K.MEMBER_REF:
            member = key(child.referenced)
        elif member is not None and child.kind.is_expression():
            initialised.append((member, node_of(child)))
            member = None
    if body is None:
        return None
    parameters = [(key(p), p.spelling, type_of(p.type)) for p in definition.get_arguments()]
    parent = definition.semantic_parent
    return Function(
        definition.spelling,
        parameters,
        initialised,
        body,
        "" if parent is None else parent.spelling,
        definition.is_static_method() or definition.kind == K.FUNCTION_DECL,
        type_of(definition.result_type),
    )
