"""What `hlsq quantize` tells of a plan that a search has found, and `hlsq convert` of its hardware."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hlsq.counted import in_percent

if TYPE_CHECKING:
    from hlsq.hardware import HardwareModel
    from hlsq.plan import Plan


def summary(plan: Plan) -> list[tuple[str, str]]:
    """Names and values: the metric before and after the search, and average word lengths, where the plan has them."""
    info = plan.info
    rows = []
    if "evaluation" in info:
        name = info["evaluation"]["metric"]
        rows.append(("evaluation samples", f"{info['evaluation']['samples']:,}"))
        rows += [(f"{name}, {what}", _value(name, value)) for what, value in _stages(info)]
    for group, found in info.get("average_bits", {}).items():
        rows.append((f"bits of {group}, on average", f"{found['values']:.2f}"))
    return rows


def hardware_rows(hw: HardwareModel) -> list[tuple[str, str]]:
    """Names and values: what was asked, what the design is estimated to need, whether it fits, how fast and why."""
    from hlsq.backends.vitis.facts import design_facts  # not needed before something was converted
    from hlsq.report.cost import summary_rows

    facts = design_facts(hw.design)
    rows = summary_rows(facts.estimate, facts.asked, facts.pace)
    program = facts.program
    if program is None:
        return rows
    told = ("program", f"{program.length}; hlsq report lists it")
    return [rows[0], ("engines", program.in_words), told, *rows[1:]]


def _stages(info: Mapping[str, Any]) -> list[tuple[str, float]]:
    """The networks whose metric ``info`` has, in the order of their making."""
    from hlsq.report.curve import curve_of  # not needed before something was searched

    if points := curve_of(info):
        first, found, eight = points[0], points[-2], points[-1]
        return [("quant8", eight.accuracy), ("doubleq", first.accuracy), ("found", found.accuracy)]
    named = {"float": "floating point", "start": "before the search", "result": "found"}
    return [(text, info[key]["accuracy"]) for key, text in named.items() if key in info]


def _value(metric: str, value: float) -> str:
    return in_percent(value, 2) if metric == "accuracy" else f"{value:.6g}"
