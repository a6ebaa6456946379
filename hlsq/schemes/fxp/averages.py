"""Average word lengths of a plan of FxP-QNet's schemes."""

from __future__ import annotations

from collections.abc import Iterator

from hlsq.memory import AverageLength, LengthGroup, average_lengths
from hlsq.plan import Plan
from hlsq.schemes.fxp.structures import Structures, format_of


def plan_averages(plan: Plan, structures: Structures) -> list[AverageLength]:
    """Of activations, weights and all other parameters, as far as there are any."""

    def tensors() -> Iterator[tuple[LengthGroup, int, int]]:
        for s in structures.all:
            group: LengthGroup = "activations" if s.kind == "activation" else "weights" if s.computes else "others"
            yield group, format_of(plan, s).width, s.size

    return average_lengths(tensors())


def average_bits(plan: Plan, structures: Structures) -> dict[str, dict[str, float]]:
    """Averages as a plan's ``info`` has them: by group, of its data-structures and of their values."""
    return {a.group: {"structures": a.tensors, "values": a.values} for a in plan_averages(plan, structures)}


def average_text(plan: Plan, structures: Structures) -> str:
    """Averages over values in one line."""
    return ", ".join(f"{a.group} {a.values:.2f}" for a in plan_averages(plan, structures))
