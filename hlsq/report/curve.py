"""Accuracy against memory, as a search found it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

ACCURACY = "accuracy"
Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class CurvePoint:
    """One plan of a search.

    Attributes:
        memory_bytes: of the codes of all its weights.
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
