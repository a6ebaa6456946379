"""The hls4ml backend ``HLSQ``: Vitis HLS with shift, multiply and sign processing elements."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hlsq.discovery import lazy_modules

BACKEND = "HLSQ"


def register(register_backend: Callable[[str, type], Any], register_writer: Callable[[str, type], Any]) -> None:
    """Entry point of hls4ml's plugin mechanism: makes ``backend="HLSQ"`` known."""
    from hlsq.backends.vitis.backend import HLSQBackend
    from hlsq.backends.vitis.nodes import register_nodes
    from hlsq.backends.vitis.writer import HLSQWriter

    register_writer(BACKEND, HLSQWriter)
    register_nodes()
    register_backend(BACKEND, HLSQBackend)


__getattr__ = lazy_modules(__name__)


# hls4ml loads its plugins while ``hls4ml.backends`` is imported. Imported here, a program that starts with this module
# registers the backend too; imported last, because at that moment hls4ml asks this module for ``register``.
import hls4ml.backends  # noqa: E402, F401
