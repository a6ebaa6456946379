"""The scripts of projects/, imported by path and called like commands."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

PROJECTS = Path(__file__).resolve().parents[2] / "projects"

Script = Callable[[str], ModuleType]


@pytest.fixture(scope="session")
def script() -> Script:
    """Imports a script, as in ``script("digits_doubleq/run.py")``."""

    def load(name: str) -> ModuleType:
        spec = importlib.util.spec_from_file_location(name.replace("/", "_").removesuffix(".py"), PROJECTS / name)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module  # dataclasses look their module up
        spec.loader.exec_module(module)
        return module

    return load


@pytest.fixture(scope="session")
def call(script: Script) -> Callable[..., Result]:
    """Runs a script's command with arguments."""

    def run(name: str, *arguments: Any) -> Result:
        return CliRunner().invoke(script(name).main, [str(a) for a in arguments])

    return run


@pytest.fixture(scope="session")
def percentages() -> Callable[[str], dict[str, float]]:
    """Reads the percentage in each line that begins with a name and a percentage."""

    def read(text: str) -> dict[str, float]:
        found = re.findall(r"^(\S.*?) {2,}([\d.]+) %", text, re.MULTILINE)
        return {name: float(value) for name, value in found}

    return read


@pytest.fixture(scope="session")
def random_cifar10(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a CIFAR-10 of random images, for tests of everything but accuracy."""
    folder = tmp_path_factory.mktemp("cifar10")
    rng = np.random.default_rng(0)
    for part, count in (("train", 80), ("test", 16)):
        x = rng.integers(0, 256, (count, 32, 32, 3), dtype=np.uint8)
        np.savez(folder / f"cifar10_{part}.npz", x=x, y=rng.integers(0, 10, count))
    return folder
