"""One float block: a linear operation with its per-channel scale and its activation (FxP-QNet's C-Block)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsq.graph.ops import Op

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Activation:
    """What happens to the values before they are requantised.

    Args:
        relu: negative values become zero.
        max_value: larger values become this one (6 for ReLU6).
        negative_shift: negative values are divided by ``2**negative_shift`` (leaky ReLU with slope 2**-shift).
        min_value: after that, smaller values become this one (QKeras's leaky ReLU saturates there).
    """

    relu: bool = False
    max_value: float | None = None
    negative_shift: int | None = None
    min_value: float | None = None

    @property
    def is_linear(self) -> bool:
        """Whether it changes nothing."""
        return self == Activation()

    def apply(self, values: NDArray[Any]) -> NDArray[Any]:
        """The activation of real ``values``."""
        if self.relu:
            values = np.maximum(values, 0)
        if self.negative_shift is not None:
            values = np.where(values < 0, values * values.dtype.type(2.0**-self.negative_shift), values)
        if self.max_value is not None:
            values = np.minimum(values, values.dtype.type(self.max_value))
        if self.min_value is not None:
            values = np.maximum(values, values.dtype.type(self.min_value))
        return values

    def __str__(self) -> str:
        if self.negative_shift is not None:
            return f"leaky_relu(slope=2^-{self.negative_shift})"
        if self.relu:
            return "relu" if self.max_value is None else f"relu(max={self.max_value:g})"
        return "linear" if self.max_value is None else f"min({self.max_value:g})"


@dataclass(frozen=True, eq=False)
class ChannelScale:
    """A batch norm refined to ``multiplier * x + shift`` per output channel (FxP-QNet eq. 4-5)."""

    multiplier: Array
    shift: Array


@dataclass(frozen=True, eq=False)
class Block:
    """One linear operation, its optional per-channel scale and its activation; all values real.

    Args:
        name: unique; the name of the Keras layer (of the linear one where several were merged).
        op: the operation.
        inputs: names of blocks or graph inputs.
        kernel: weights in the operation's layout, None if it has none.
        bias: one value per output channel, or None.
        scale: refined batch norm, or None.
        activation: applied after the scale.
        layers: names of all Keras layers this block stands for.
    """

    name: str
    op: Op
    inputs: tuple[str, ...]
    kernel: Array | None = None
    bias: Array | None = None
    scale: ChannelScale | None = None
    activation: Activation = field(default_factory=Activation)
    layers: tuple[str, ...] = ()
