"""Windows of maps as positions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from hlsq.emulate.kernels.base import Kernel, Values, as_maps, pad_maps, windows
from hlsq.graph.ops import Windows
from hlsq.graph.ops.base import Op


class WindowsKernel(Kernel[Windows]):
    """All values of a window side by side."""

    op: ClassVar[type[Op]] = Windows

    def linear(self, op: Windows, inputs: Sequence[Values], weights: Values | None) -> Values:
        """Maps [n, out_h, out_w, window_h * window_w * channels] (or as many axes as the input)."""
        x = inputs[0]
        found = windows(pad_maps(as_maps(x), op.padding), op.window, op.strides, op.dilation)
        flat = found.reshape(*found.shape[:3], -1)
        return flat.reshape(len(x), *flat.shape[1:][4 - x.ndim :])
