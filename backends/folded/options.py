"""What a user can ask of the engines of a folded accelerator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hlsq.backends.folded.engines import Assignment
from hlsq.backends.folded.grouping import choose_engines
from hlsq.backends.folded.pieces import Multiplier
from hlsq.backends.folded.tasks import Work
from hlsq.backends.folded.wishes import read_engines, wished_engines
from hlsq.backends.pes import DualForm
from hlsq.errors import OptionError


@dataclass(frozen=True)
class EngineOptions:
    """What a user can ask of the engines.

    Attributes:
        pes: most PEs of an engine; None: 256.
        engines: see ``wishes``; None: as ``grouping`` finds best.
        dual: form of PEs that multiply or shift.
        multiplier: where products are computed that are no shifts, for engines that do not say so.
        sum_bits: of the accumulators for some blocks, by name, at least as many as these need; others take what they
            need.
        least_word: lanes that a memory word has at least, beside engines that the user fixes.
        loads_beside: whether the last input may come while the first pass already works on it.
    """

    pes: int | None = None
    engines: Mapping[str, Any] | None = None
    dual: DualForm = "booth"
    multiplier: Multiplier = "auto"
    sum_bits: Mapping[str, int] = field(default_factory=dict)
    least_word: int = 1
    loads_beside: bool = True

    def assigned(self, work: Work) -> Assignment:
        """The engines for ``work``."""
        if self.engines is None:
            return choose_engines(work, self.pes, self.multiplier)
        if self.pes is not None:
            raise OptionError(f"engines= says how many PEs there are, and pes={self.pes!r} does; give one of them")
        return wished_engines(work, read_engines(self.engines), self.multiplier, self.least_word)
