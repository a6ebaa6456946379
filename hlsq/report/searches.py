"""The picture of one search, or of several: accuracy against memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from hlsq.errors import PlanError
from hlsq.plan import Plan
from hlsq.report.curve import ACCURACY, Points, curve_of, metric_of
from hlsq.report.pictures import draw_curves

if TYPE_CHECKING:
    from matplotlib.figure import Figure


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
