"""Finding the modules of a package, so that a new format, layer or scheme is one new file and no list to edit."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache


@cache
def import_all(package: str) -> None:
    """Import every module directly inside ``package``, so that the classes they define register themselves."""
    module = importlib.import_module(package)
    for found in pkgutil.iter_modules(module.__path__):
        importlib.import_module(f"{package}.{found.name}")
