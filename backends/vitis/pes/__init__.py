"""Processing elements, one folder per kind: what weights it takes, and its C++."""

from hlsq.backends.vitis.pes.base import PE, pe_for

__all__ = ["PE", "pe_for"]
