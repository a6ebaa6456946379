"""What the folded accelerator does not run, as an error that says so."""

from __future__ import annotations

from hlsq.errors import UnsupportedLayerError
from hlsq.graph import QBlock


def refused(block: QBlock, problem: str, supported: str) -> UnsupportedLayerError:
    """The error for ``block``; for the caller to raise."""
    return UnsupportedLayerError(
        block.layers[0] if block.layers else block.name,
        type(block.op).__name__,
        f"{problem} on the folded accelerator",
        f"{supported}, and all of it with architecture='dataflow'",
    )
