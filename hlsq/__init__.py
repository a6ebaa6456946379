"""Quantise Keras models so that FPGA hardware shifts instead of multiplying, and prove it bit for bit.

``import hlsq`` is light: everything is loaded when it is first used, modules such as ``hlsq.schemes`` included.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any

from hlsq.discovery import lazy_modules

if TYPE_CHECKING:
    from hlsq.api import convert, load_project, quantize
    from hlsq.exploration import explore
    from hlsq.formats import Affine, FixedPoint, PowerOfTwo
    from hlsq.graph import Graph, QuantizedGraph
    from hlsq.hardware import HardwareModel
    from hlsq.plan import BlockPlan, Plan

__version__ = "0.1.0"

_HOME = {
    "convert": "hlsq.api",
    "explore": "hlsq.exploration",
    "load_project": "hlsq.api",
    "quantize": "hlsq.api",
    "Affine": "hlsq.formats",
    "FixedPoint": "hlsq.formats",
    "PowerOfTwo": "hlsq.formats",
    "Graph": "hlsq.graph",
    "QuantizedGraph": "hlsq.graph",
    "HardwareModel": "hlsq.hardware",
    "BlockPlan": "hlsq.plan",
    "Plan": "hlsq.plan",
}

_BESIDE = {"backends", "converters"}
"""Subpackages that an editable install takes from elsewhere, so that they are not found in this folder."""

__all__ = [
    "Affine",
    "BlockPlan",
    "FixedPoint",
    "Graph",
    "HardwareModel",
    "Plan",
    "PowerOfTwo",
    "QuantizedGraph",
    "convert",
    "explore",
    "load_project",
    "quantize",
]


_module = lazy_modules(__name__)


def __getattr__(name: str) -> Any:
    return getattr(import_module(_HOME[name]), name) if name in _HOME else _module(name)


def __dir__() -> list[str]:
    modules = {found.name for found in iter_modules(__path__)} | _BESIDE
    return sorted({*__all__, *modules, *(name for name in globals() if name.startswith("__"))})
