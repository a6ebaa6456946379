"""What makes plans and integers uses no function whose last digit depends on the processor."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("hlsq/formats", "hlsq/graph", "hlsq/emulate", "hlsq/calibration", "hlsq/schemes", "hlsq/search", "converters")
FILES = sorted({*(path for part in PARTS for path in (ROOT / part).rglob("*.py")), ROOT / "hlsq" / "elementary.py"})
PRODUCTS = ROOT / "hlsq" / "emulate" / "products.py"
"""The one file that multiplies matrices."""

SUMS = {"dot", "vdot", "inner", "matmul", "einsum", "tensordot", "linalg", "convolve", "correlate", "cov", "corrcoef"}
CURVES = {"exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "power", "float_power", "pow", "cbrt", "hypot"}
CURVES |= {"sin", "cos", "tan", "arctan2", "sinh", "cosh", "tanh", "arcsinh", "logaddexp", "logspace", "geomspace"}


def faults(source: str, products: bool = False) -> Iterator[str]:
    """Matrix products, and functions of NumPy and ``math`` that are not exactly defined."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.BinOp, ast.AugAssign)) and isinstance(node.op, ast.MatMult):
            yield f"line {node.lineno}: @"
        if not isinstance(node, ast.Attribute) or not isinstance(node.value, ast.Name):
            continue
        banned = node.attr in CURVES or (node.attr in SUMS and not products)
        if node.value.id in ("np", "numpy", "math") and banned:
            yield f"line {node.lineno}: {node.value.id}.{node.attr}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_sum_or_curve_of_the_machine(path: Path) -> None:
    assert list(faults(path.read_text(encoding="utf-8"), path == PRODUCTS)) == []


@pytest.mark.parametrize("line", ["a @ b", "a @= b", "np.einsum('i,i', a, b)", "np.linalg.solve(a, b)", "math.log2(a)"])
def test_each_kind_is_found(line: str) -> None:
    assert list(faults(line))


def test_files_are_found() -> None:
    assert PRODUCTS in FILES
    assert len(FILES) > 100
