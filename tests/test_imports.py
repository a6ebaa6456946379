"""Imports point one way; this walks every module of the source tree and fails on an arrow the other way."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TREES = {"hlsq": ROOT / "hlsq", "hlsq.backends": ROOT / "backends", "hlsq.converters": ROOT / "converters"}

# What each part of hlsq may import of hlsq, longest prefix first; what is not listed here may import all of hlsq.
# An entry allows itself and the names it lists.
ARROWS = {
    "hlsq.errors": (),
    "hlsq.discovery": (),
    "hlsq.toolchain": ("hlsq.errors",),
    "hlsq.formats": ("hlsq.errors", "hlsq.discovery"),
    "hlsq.plan": ("hlsq.errors", "hlsq.formats"),
    "hlsq.graph": ("hlsq.errors", "hlsq.discovery", "hlsq.formats", "hlsq.plan"),
    "hlsq.emulate": ("hlsq.errors", "hlsq.discovery", "hlsq.formats", "hlsq.plan", "hlsq.graph"),
}
_READERS = ("hlsq.errors", "hlsq.discovery", "hlsq.formats", "hlsq.plan", "hlsq.graph", "hlsq.emulate")
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
    "hlsq.formats": ("numpy",),
    "hlsq.plan": ("numpy",),
    "hlsq.graph": ("numpy",),
    "hlsq.emulate": ("numpy", "threadpoolctl", "tqdm"),
}
# These know Keras or hls4ml, so nothing else of hlsq may import them while it is itself imported, ...
OUTER = ("hlsq.backends", "hlsq.converters", "hlsq.quantizers")
# ... and only these may do so inside a function.
LAZY = ("hlsq.api", "hlsq.cli", "hlsq.hardware", "hlsq.demo")
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
            inside = lazy or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            for child in ast.iter_child_nodes(node):
                yield from walk(child, inside, typing)

    return walk(ast.parse(source), False, False)


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
        if imported.typing:
            continue
        part = rule_for(module, ARROWS)
        if top == "hlsq" and part is not None:
            allowed = (part, *ARROWS[part])
            if not any(within(target, prefix) for prefix in allowed):
                found.append(f"{where}: {part} may import only {', '.join(allowed)}")
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


def test_all_imports_point_one_way() -> None:
    seen = dict(modules())
    assert {"hlsq.formats.affine", "hlsq.graph.graph", "hlsq.emulate.real"} <= set(seen)
    wrong = [fault for name, path in seen.items() for fault in faults(path.read_text(), name, path.stem == "__init__")]
    assert not wrong, "\n".join(wrong)


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
        ("hlsq.emulate.real", "from tqdm import tqdm\nfrom . import kernels\nfrom hlsq.graph import Graph"),
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
