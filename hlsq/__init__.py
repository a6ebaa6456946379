"""Quantise Keras models so that FPGA hardware shifts instead of multiplying, and prove it bit for bit.

``import hlsq`` is light: everything is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hlsq.api import convert, load_project, quantize
    from hlsq.formats import Affine, FixedPoint, PowerOfTwo
    from hlsq.graph import Graph, QuantizedGraph
    from hlsq.hardware import HardwareModel
    from hlsq.plan import BlockPlan, Plan

__version__ = "0.1.0"

_HOME = {
    "convert": "hlsq.api",
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
    "load_project",
    "quantize",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'hlsq' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
