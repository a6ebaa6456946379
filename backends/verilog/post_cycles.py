"""Clock cycles of post-processing's stages, said here alone: to the modules, and to the model of cycles."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

SELECT = 1
"""Sums of a position, in front of post-processing."""
WRITE = 2
"""Behind it: lanes to their places in words, and those into memories."""


@dataclass(frozen=True)
class PostCycles:
    """Of one engine; 0 where no layer needs the stage.

    Attributes:
        factor: of windows that overhang the map.
        combine: other maps are added to a sum that is a map itself.
        bias: and the shift of products in front of it.
        scale: of a channel, with its offset.
        requantise: or thresholds, which take as long.
        first: all of these, and the register of the result.
        chain: a residual's addition behind them, with its requantisation.
    """

    factor: int
    combine: int
    bias: int
    scale: int
    requantise: int
    first: int
    chain: int

    @classmethod
    def of(cls, features: Iterable[str]) -> PostCycles:
        """Of an engine whose post-processing needs ``features``."""
        has = set(features).__contains__
        stages = {
            "factor": 3 * has("factors"),
            "combine": 4 * has("combine"),
            "bias": 1 + has("product_shift"),
            "scale": 5 * has("scale"),
            "requantise": _requantise(has("multiply"), has("left")),
        }
        # Weighed, two additions, and the register of the result.
        chain = has("add") * (3 + 2 + _requantise(has("add_multiply"), has("add_left")) + 1)
        return cls(**stages, first=sum(stages.values()) + 1, chain=chain)

    @property
    def parameters(self) -> dict[str, int]:
        """Of the modules, by name."""
        return {f"{name.upper()}_CYCLES": cycles for name, cycles in asdict(self).items()}


def _requantise(multiplies: bool, left: bool) -> int:
    """Three shifts, rounding, comparison, selection; before them a product and a shift to the left."""
    return 6 + 3 * multiplies + left
