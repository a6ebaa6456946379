"""What `hlsq quantize` tells of a plan that a search has found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hlsq.plan import Plan


def summary(plan: Plan) -> list[tuple[str, str]]:
    """Names and values: the metric before and after the search, and average word lengths, where the plan has them."""
    info = plan.info
    rows = []
    if "evaluation" in info:
        name = info["evaluation"]["metric"]
        rows.append(("evaluation samples", f"{info['evaluation']['samples']:,}"))
        rows += [(f"{name}, {what}", _value(name, found["accuracy"])) for what, found in _stages(info)]
    for group, found in info.get("average_bits", {}).items():
        rows.append((f"bits of {group}, on average", f"{found['values']:.2f}"))
    return rows


def _stages(info: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """The networks whose metric ``info`` has, in the order of their making."""
    named = {"float": "floating point", "quant8": "quant8", "doubleq": "doubleq", "start": "before the search"}
    found = [(text, info[key]) for key, text in named.items() if key in info]
    if "result" in info:
        return [*found, ("found", info["result"])]
    rounds = info.get("rounds", [])
    last = [("found", rounds[-1])] if rounds else []
    rerounded = info.get("rerounded", {})
    return [*found, *([("found", rerounded)] if rerounded.get("kept") else last)]


def _value(metric: str, value: float) -> str:
    return f"{value:.2%}" if metric == "accuracy" else f"{value:.6g}"
