"""``import hlsq`` is enough to use every module of it, and loads none of them."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

import hlsq

ROOT = Path(__file__).resolve().parents[1]
HEAVY = ("tensorflow", "keras", "tf_keras", "qkeras", "hls4ml", "matplotlib")


@pytest.mark.slow(5)
def test_modules_are_attributes_and_load_no_framework_before_they_are_used() -> None:
    code = (
        "import sys, hlsq\n"
        "names = [name for name in dir(hlsq) if not name.startswith('_')]\n"
        "print(sorted(names))\n"
        "print(sorted(name for name in sys.modules if name.startswith('hlsq.')))\n"
        "hlsq.schemes.get_scheme('doubleq'), hlsq.errors.HlsqError, hlsq.formats, hlsq.graph.ops, hlsq.report\n"
        "hlsq.backends, hlsq.converters, hlsq.memory, hlsq.search, hlsq.calibration, hlsq.zoo\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])\n"
        "hlsq.converters.keras.from_keras, hlsq.backends.vitis.legacy.tf_keras_as_keras, hlsq.quantizers.__all__\n"
        "print([name for name in names if not hasattr(hlsq, name)])\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd="/", check=False)
    assert result.returncode == 0, result.stderr
    names, loaded, heavy, missing = map(ast.literal_eval, result.stdout.strip().splitlines()[-4:])
    packages = {p.parent.name for p in ROOT.glob("hlsq/*/__init__.py")}
    assert set(names) == {
        *hlsq.__all__,
        *packages,
        *(p.stem for p in ROOT.glob("hlsq/[!_]*.py")),
        "backends",
        "converters",
    }
    assert loaded == ["hlsq.discovery"]
    assert heavy == []
    assert missing == []


@pytest.mark.parametrize("where", ["hlsq", "hlsq.backends", "hlsq.converters"])
@pytest.mark.parametrize("name", ["schemas", "_private", "__wrapped__", "tests", "a.b"])
def test_what_is_no_module_is_no_attribute(where: str, name: str) -> None:
    with pytest.raises(AttributeError, match=f"module '{where}' has no attribute '{re.escape(name)}'"):
        getattr(importlib.import_module(where), name)
