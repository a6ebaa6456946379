"""The C++ of every operation, one file and one template per operation."""

from hlsq.backends.vitis.blocks.base import BlockCode, code_for

__all__ = ["BlockCode", "code_for"]
