"""Imports point one way; this walks every module of the source tree and fails on an arrow the other way, or a circle.

Imports inside functions and those for type checkers count: who reads one file then has to read all of a circle.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TREES = {"hlsq": ROOT / "hlsq", "hlsq.backends": ROOT / "backends", "hlsq.converters": ROOT / "converters"}

# What each part of hlsq may import of hlsq, longest prefix first; what is not listed here may import all of hlsq.
# An entry allows itself and the names it lists.
_BASICS = (
    "hlsq.errors",
    "hlsq.counted",
    "hlsq.discovery",
    "hlsq.elementary",
    "hlsq.escape",
    "hlsq.files",
    "hlsq.progress",
)
ARROWS = {
    "hlsq.errors": ("hlsq.escape",),
    "hlsq.counted": (),
    "hlsq.discovery": (),
    "hlsq.elementary": (),
    "hlsq.progress": (),
    "hlsq.escape": (),
    "hlsq.files": ("hlsq.errors", "hlsq.escape"),
    "hlsq.toolchain": ("hlsq.errors", "hlsq.files"),
    "hlsq.packages": ("hlsq.errors",),
    "hlsq.formats": _BASICS,
    "hlsq.plan": ("hlsq.errors", "hlsq.files", "hlsq.formats"),
    "hlsq.graph": (*_BASICS, "hlsq.formats", "hlsq.plan"),
    "hlsq.emulate": (*_BASICS, "hlsq.formats", "hlsq.plan", "hlsq.graph"),
}
_READERS = (*_BASICS, "hlsq.formats", "hlsq.plan", "hlsq.graph", "hlsq.emulate")
ARROWS |= {
    "hlsq.calibration": _READERS,
    "hlsq.search": _READERS,
    "hlsq.schemes": (*_READERS, "hlsq.calibration", "hlsq.search", "hlsq.memory"),
    "hlsq.memory": _READERS,
    "hlsq.cost": (*_READERS, "hlsq.memory"),
    "hlsq.report": (*_READERS, "hlsq.memory", "hlsq.cost"),
}
# What these parts may import besides the standard library and hlsq.
FOREIGN = {
    "hlsq.files": ("numpy",),
    "hlsq.formats": ("numpy",),
    "hlsq.elementary": ("numpy",),
    "hlsq.plan": ("numpy",),
    "hlsq.graph": ("numpy",),
    "hlsq.progress": ("tqdm",),
    "hlsq.emulate": ("numpy", "threadpoolctl"),
}
# These know Keras or hls4ml, so nothing else of hlsq may import them while it is itself imported, ...
OUTER = ("hlsq.backends", "hlsq.converters", "hlsq.quantizers")
# ... and only these may do so inside a function.
LAZY = ("hlsq.api", "hlsq.cli", "hlsq.hardware", "hlsq.demo", "hlsq.exploration")
HEAVY = ("tensorflow", "keras", "tf_keras", "qkeras", "hls4ml")


@dataclass(frozen=True)
class Import:
    """One imported name; ``lazy`` inside a function, ``typing`` where only a type checker goes."""

    line: int
    target: str
    lazy: bool
    typing: bool


def imports_of(source: str, module: str, is_package: bool = False) -> Iterator[Import]:
    """Every import of ``module``'s source, relative ones resolved; ``from a import b`` gives ``a.b``."""
    package = module.split(".") if is_package else module.split(".")[:-1]

    def walk(node: ast.AST, lazy: bool, typing: bool) -> Iterator[Import]:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(node.lineno, alias.name, lazy, typing)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            start = ".".join([*base, *([node.module] if node.module else [])])
            for alias in node.names:
                yield Import(node.lineno, f"{start}.{alias.name}", lazy, typing)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            for child in node.body:
                yield from walk(child, lazy, True)
            for child in node.orelse:
                yield from walk(child, lazy, typing)
        else:
            if (name := name_imported_by_call(node)) is not None:
                yield Import(node.lineno, name, lazy, typing)
            inside = lazy or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            for child in ast.iter_child_nodes(node):
                yield from walk(child, inside, typing)

    return walk(ast.parse(source), False, False)


def name_imported_by_call(node: ast.AST) -> str | None:
    """What ``import_module("name")`` imports; not the modules that ``import_all`` finds by walking a package."""
    match node:
        case ast.Call(
            func=ast.Name("import_module") | ast.Attribute(attr="import_module"), args=[ast.Constant(str(name)), *_]
        ):
            return name
    return None


def within(name: str, prefix: str) -> bool:
    return name == prefix or name.startswith(f"{prefix}.")


def rule_for(module: str, rules: dict[str, tuple[str, ...]]) -> str | None:
    return max((prefix for prefix in rules if within(module, prefix)), key=len, default=None)


def faults(source: str, module: str, is_package: bool = False) -> list[str]:
    """What is wrong with the imports of one module."""
    found = []
    outer = any(within(module, prefix) for prefix in OUTER)
    for imported in imports_of(source, module, is_package):
        target, top = imported.target, imported.target.split(".")[0]
        where = f"{module}:{imported.line} imports {target}"
        if top in ("backends", "converters"):
            found.append(f"{where}: its name is hlsq.{top}")
        part = rule_for(module, ARROWS)
        if top == "hlsq" and part is not None:
            allowed = (part, *ARROWS[part])
            if not any(within(target, prefix) for prefix in allowed):
                found.append(f"{where}: {part} may import only {', '.join(allowed)}")
        if imported.typing:
            continue
        lazily = imported.lazy and any(within(module, prefix) for prefix in LAZY)
        if not outer and not lazily and any(within(target, prefix) for prefix in OUTER):
            found.append(f"{where}: only {', '.join(LAZY)} may, inside a function")
        if not outer and top in HEAVY and not imported.lazy:
            found.append(f"{where}: {top} must be imported inside the function that needs it")
        part = rule_for(module, FOREIGN)
        foreign = top not in sys.stdlib_module_names and top != "hlsq"
        if part is not None and foreign and top not in FOREIGN[part]:
            found.append(f"{where}: {part} may import only {', '.join(FOREIGN[part])} and the standard library")
    return found


def modules() -> Iterator[tuple[str, Path]]:
    for name, folder in TREES.items():
        for path in sorted(folder.rglob("*.py")):
            parts = path.relative_to(folder).with_suffix("").parts
            if "templates" not in parts:
                yield ".".join([name, *(parts[:-1] if parts[-1] == "__init__" else parts)]), path


@dataclass(frozen=True)
class Module:
    """Source of one module; ``is_package`` for an ``__init__.py``."""

    source: str
    is_package: bool = False


def source_tree() -> dict[str, Module]:
    return {name: Module(path.read_text(), path.stem == "__init__") for name, path in modules()}


def edges(sources: Mapping[str, Module]) -> dict[str, set[str]]:
    """For every module the files that its imports name.

    ``from a import b`` names the file ``a/b.py`` if there is one, else ``a/__init__.py``, which must then have ``b``.
    That Python runs ``a/__init__.py`` on the way to ``a/b.py`` does not count: a package may gather names of its
    modules for others. Its modules must not take them from there, which would be a circle.
    """
    found: dict[str, set[str]] = {}
    for name, module in sources.items():
        targets = (file_of(i.target, sources) for i in imports_of(module.source, name, module.is_package))
        found[name] = {target for target in targets if target is not None}
    return found


def file_of(target: str, sources: Mapping[str, Module]) -> str | None:
    """The module among ``sources`` that the import of ``target`` reads; None for a foreign one."""
    parts = target.split(".")
    prefixes = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((prefix for prefix in prefixes if prefix in sources), None)


def circle(sources: Mapping[str, Module]) -> list[str]:
    """Modules of which each imports the next, the last one being the first again; empty if there is no such circle."""
    try:
        TopologicalSorter(edges(sources)).prepare()
    except CycleError as error:
        return list(reversed(error.args[1]))
    return []


def test_all_imports_point_one_way() -> None:
    seen = source_tree()
    assert {"hlsq.formats.affine", "hlsq.graph.graph", "hlsq.emulate.real"} <= set(seen)
    wrong = [fault for name, module in seen.items() for fault in faults(module.source, name, module.is_package)]
    assert not wrong, "\n".join(wrong)


def test_no_files_import_each_other_in_a_circle() -> None:
    seen = source_tree()
    found = edges(seen)
    assert "hlsq.graph.graph" in found["hlsq.graph"]
    assert "hlsq.backends.vitis.design" in found["hlsq.hardware"], "an import for type checkers"
    assert "hlsq.report" in found["hlsq.hardware"], "an import inside a function"
    assert not circle(seen), "imports in a circle: " + " -> ".join(circle(seen))


def made_up(sources: dict[str, str]) -> dict[str, Module]:
    """``sources`` of modules by name; those without a dot are packages."""
    return {name: Module(text, "." not in name) for name, text in {"p": "", **sources}.items()}


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        ({"p.a": "import p.b", "p.b": "from p import a"}, {"p.a", "p.b"}),
        ({"p.a": "from p.b import f", "p.b": "import q.c", "q.c": "from p.a import g"}, {"p.a", "p.b", "q.c"}),
        ({"p.a": "from . import b", "p.b": "def f():\n    from .a import g"}, {"p.a", "p.b"}),
        ({"p.a": "import p.b", "p.b": "class C:\n    def f(self):\n        import p.a as x"}, {"p.a", "p.b"}),
        ({"p.a": "import p.b", "p.b": "if TYPE_CHECKING:\n    from p.a import A"}, {"p.a", "p.b"}),
        ({"p.a": "import p.b", "p.b": "def f():\n    return importlib.import_module('p.a').g()"}, {"p.a", "p.b"}),
        ({"p": "from p.a import f", "p.a": "from p import g"}, {"p", "p.a"}),
        ({"p": "from p.a import f", "p.a": "from p import *"}, {"p", "p.a"}),
        ({"p": "from .a import f", "p.a": "from q import g", "q": "import p"}, {"p", "p.a", "q"}),
        ({"p.a": "from p.a import f"}, {"p.a"}),
    ],
)
def test_circle_is_noticed(sources: dict[str, str], expected: set[str]) -> None:
    modules = made_up(sources)
    found = circle(modules)
    assert set(found) == expected
    assert found[0] == found[-1]
    assert all(target in edges(modules)[name] for name, target in pairwise(found)), "each imports the next"


@pytest.mark.parametrize(
    "sources",
    [
        {"p.a": "import p.b", "p.b": "import p.c", "p.c": "import os"},
        {"p": "from p.a import f", "p.a": "from p import b", "p.b": ""},
        {"p": "from p.a import f", "p.a": "import p.b.c", "p.b": "", "p.b.c": "", "q": "from p import f"},
        {"p": "from p.a import f", "p.a": "from . import b", "p.b": "from p.c import d", "p.c": "", "p.c.d": ""},
        {"p.a": "import os.path, numpy.linalg", "p.b": "from p.a import f"},
    ],
)
def test_what_is_no_circle_is_accepted(sources: dict[str, str]) -> None:
    assert circle(made_up(sources)) == []


@pytest.mark.parametrize(
    ("module", "source", "reason"),
    [
        ("hlsq.formats.affine", "from hlsq.graph import Graph", "hlsq.formats may import only"),
        ("hlsq.formats.affine", "import hlsq", "hlsq.formats may import only"),
        ("hlsq.graph.block", "from ..emulate import real", "hlsq.graph may import only"),
        ("hlsq.graph.block", "def f():\n    from hlsq.schemes import doubleq", "hlsq.graph may import only"),
        ("hlsq.emulate.kernels.dense", "from hlsq import memory", "hlsq.emulate may import only"),
        ("hlsq.memory", "import hlsq.schemes.doubleq", "hlsq.memory may import only"),
        ("hlsq.search.race", "from hlsq.schemes import run_scheme", "hlsq.search may import only"),
        ("hlsq.report.make", "def f():\n    from hlsq.hardware import HardwareModel", "hlsq.report may import only"),
        ("hlsq.report.make", "if TYPE_CHECKING:\n    import hlsq.backends.vitis.design", "hlsq.report may import only"),
        ("hlsq.graph.block", "import scipy.linalg", "may import only numpy"),
        ("hlsq.formats.affine", "import tqdm", "may import only numpy"),
        ("hlsq.api", "import hlsq.converters.keras", "inside a function"),
        ("hlsq.api", "try:\n    from hlsq import backends\nexcept ImportError:\n    pass", "inside a function"),
        ("hlsq.data", "def f():\n    import hlsq.backends.vitis", "inside a function"),
        ("hlsq.data", "import keras", "inside the function"),
        ("hlsq.zoo.digits", "class A:\n    import tensorflow as tf", "inside the function"),
        ("hlsq.backends.vitis.plugin", "import backends.vitis", "its name is hlsq.backends"),
    ],
)
def test_wrong_import_is_noticed(module: str, source: str, reason: str) -> None:
    found = faults(source, module)
    assert found, f"{source!r} in {module} must be a fault"
    assert reason in found[0]


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("hlsq.formats.affine", "import numpy as np\nfrom hlsq.formats.base import Format\nimport json"),
        ("hlsq.emulate.real", "import threadpoolctl\nfrom . import kernels\nfrom hlsq.graph import Graph"),
        ("hlsq.api", "def f():\n    from hlsq.converters.keras import convert\n    import keras"),
        (
            "hlsq.api",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import hls4ml\n    import hlsq.backends",
        ),
        ("hlsq.backends.vitis.plugin", "import hls4ml\nfrom hlsq.graph import QBlock\nfrom hlsq.emulate import real"),
        ("hlsq.quantizers.po2", "import tensorflow\nfrom hlsq.formats import PowerOfTwo"),
    ],
)
def test_right_import_is_accepted(module: str, source: str) -> None:
    assert faults(source, module) == []


def test_import_hlsq_loads_no_framework() -> None:
    code = (
        "import sys, hlsq, hlsq.pytest_plugin, hlsq.toolchain\n"
        "hlsq.convert, hlsq.quantize, hlsq.Plan, hlsq.HardwareModel\n"
        f"print([name for name in {(*HEAVY, 'click', 'sklearn')!r} if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd="/", check=False)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == "[]"
