"""Accuracy against memory, as searches found it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hlsq.errors import PlanError
from hlsq.plan import Plan

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ACCURACY = "accuracy"
Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class CurvePoint:
    """One plan of a search.

    Attributes:
        memory_bytes: of its weights, by DoubleQ's count.
        accuracy: from 0 to 1; or the value of the search's own metric.
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
    again = info.get("rerounded")
    if isinstance(again, Mapping) and again["kept"]:
        points.append(CurvePoint(points[-1].memory_bytes, again["accuracy"], "all weights rounded again"))
    if isinstance(end := info.get("quant8"), Mapping):
        points.append(CurvePoint(end["memory_bytes"], end["accuracy"], "all in eight bits"))
    return points


def metric_of(info: Mapping[str, Any]) -> str:
    """Name of the metric that a search used."""
    found = info.get("evaluation")
    return str(found.get("metric", ACCURACY)) if isinstance(found, Mapping) else ACCURACY


def tradeoff(
    plans: Plan | Mapping[str, Plan], references: Mapping[str, Points] | None = None, title: str = ""
) -> Figure:
    """A picture of accuracy against weight memory, by DoubleQ's count (codes of the convolutions).

    Args:
        plans: of a search (``doubleq_ext``), or several by name.
        references: other results by name: (memory in bytes, accuracy from 0 to 1) of each point.
        title: of the picture.

    Returns:
        A matplotlib figure: ``tradeoff(plan).savefig("curve.png")`` or ``"curve.svg"``.

    Raises:
        PlanError: a plan without a search, or searches with different metrics.
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
    metrics = {name: metric_of(plan.info) for name, plan in named.items()}
    if len(set(metrics.values())) > 1:
        raise PlanError(f"the plans were searched by different metrics ({metrics}); draw those of one metric together")
    return draw_curves(curves, references or {}, title, next(iter(metrics.values()), ACCURACY))
