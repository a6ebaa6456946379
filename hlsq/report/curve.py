"""Accuracy against memory, as searches found it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hlsq.errors import PlanError
from hlsq.plan import Plan

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class CurvePoint:
    """One plan of a search.

    Attributes:
        memory_bytes: of its weights, by DoubleQ's count.
        accuracy: or whatever metric the search used.
        label: what was changed last.
    """

    memory_bytes: float
    accuracy: float
    label: str


def curve_of(info: Mapping[str, Any]) -> list[CurvePoint]:
    """The trade-off that the ``info`` of a plan of ``doubleq_ext`` tells; empty for other schemes."""
    rounds, start = info.get("rounds"), info.get("doubleq")
    if not isinstance(rounds, Sequence) or not isinstance(start, Mapping):
        return []
    points = [CurvePoint(start["memory_bytes"], start["accuracy"], "start")]
    points += [CurvePoint(r["memory_bytes"], r["accuracy"], str(r["name"])) for r in rounds]
    if isinstance(end := info.get("quant8"), Mapping):
        points.append(CurvePoint(end["memory_bytes"], end["accuracy"], "all in eight bits"))
    return points


def tradeoff(
    plans: Plan | Mapping[str, Plan], references: Mapping[str, Points] | None = None, title: str = ""
) -> Figure:
    """A picture of accuracy against weight memory.

    Args:
        plans: of a search (``doubleq_ext``), or several by name.
        references: other results by name: (memory in bytes, accuracy from 0 to 1) of each.
        title: of the picture.

    Returns:
        A matplotlib figure: ``tradeoff(plan).savefig("curve.png")``.

    Raises:
        PlanError: a plan without a search.
    """
    from hlsq.report.pictures import draw_curves

    named = {plans.scheme: plans} if isinstance(plans, Plan) else dict(plans)
    curves = {}
    for name, plan in named.items():
        points = curve_of(plan.info)
        if not points:
            raise PlanError(
                f"plan {name!r} is of scheme {plan.scheme!r} and has no rounds of a search; give plans of 'doubleq_ext'"
            )
        curves[name] = [(p.memory_bytes, p.accuracy) for p in points]
    return draw_curves(curves, references or {}, title)
