"""Finding the modules of a package, so that a new format, layer or scheme is one new file and no list to edit."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from collections.abc import Callable
from functools import cache
from typing import Any


@cache
def import_all(package: str) -> None:
    """Import every module directly inside ``package``, so that the classes they define register themselves."""
    module = importlib.import_module(package)
    for found in pkgutil.iter_modules(module.__path__):
        importlib.import_module(f"{package}.{found.name}")


def lazy_modules(package: str) -> Callable[[str], Any]:
    """The ``__getattr__`` of ``package``, which imports a module of it when its name is first used."""

    def find(name: str) -> Any:
        full = f"{package}.{name}"
        if name.startswith("_") or not name.isidentifier() or importlib.util.find_spec(full) is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}", name=name)
        return importlib.import_module(full)

    return find
