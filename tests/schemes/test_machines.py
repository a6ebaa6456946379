"""A plan depends on the network and the samples, not on the machine, its threads or the batches."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hlsq.emulate import products
from hlsq.graph.lowering import quantize_graph
from hlsq.plan import Plan
from hlsq.schemes import run_scheme, scheme_names
from tests.support.machine import another_machine
from tests.support.searching import chain, images

GRAPH = chain(3, residual=True)
X = images(90, 1)
LABELS = np.random.default_rng(5).integers(0, 5, 60)
EVALUATION = {"evaluation": (images(60, 2), LABELS)}
PLANS: list[tuple[str, dict[str, Any]]] = [
    ("quant8", {"calibration_method": "entropy", "per_channel": True}),
    ("doubleq", {"calibration_method": "mse"}),
    ("fixed", {"calibration_method": "percentile", "weight_width": 4}),
    ("doubleq_ef", {"code_bits": 3, "scale": "free"}),
    ("doubleq_ef", {"code_bits": 4, "scale": "power_of_two", "reference": "layer", "order": "natural"}),
    ("doubleq_ef", {"code_bits": 8, "scale": "free", "activation_width": 16, "bias_correction": False}),
    ("doubleq_ext", {**EVALUATION, "max_layers": 1}),
    ("doubleq_ext", {**EVALUATION, "max_layers": 1, "form": "error_feedback", "code_bits": (3, 8)}),
    ("fxp_uniform", {"weight_width": 5, "activation_width": 5}),
    ("fxp_uniform", {"weight_width": 1, "cost": "l2", "strategy": "neutral"}),
    ("fxpqnet", {**EVALUATION, "max_drop": 0.1, "rank": "deviation", "reserve": 0.5, "max_reductions": 3}),
]
EFFORT = ("seconds", "evaluations", "plain_evaluations")


def content(plan: Plan) -> Any:
    """What a plan file holds, apart from how long it took and the option that may differ."""

    def kept(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: kept(v) for k, v in value.items() if k not in (*EFFORT, "batch_size")}
        return [kept(v) for v in value] if isinstance(value, (list, tuple)) else value

    return kept(plan.to_dict())


def test_every_scheme_is_here() -> None:
    assert {name for name, _ in PLANS} == set(scheme_names())


@pytest.mark.parametrize(("name", "options"), PLANS)
@pytest.mark.slow(1)
def test_the_same_plan_on_every_machine(name: str, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    plan = run_scheme(name, GRAPH, X, **options)
    for cores, batch_size in ((1, 7), (3, 90)):
        with monkeypatch.context() as patch:
            order = another_machine(patch, cores, seed=cores)
            other = run_scheme(name, GRAPH, X, batch_size=batch_size, **options)
            assert content(other) == content(plan)
            assert order.inexact == 0
            again = quantize_graph(GRAPH, Plan.from_dict(plan.to_dict()))
        for mine, its in zip(quantize_graph(GRAPH, plan).blocks, again.blocks, strict=True):
            assert (mine.requant, mine.format) == (its.requant, its.format)
            assert np.array_equal(mine.bias, its.bias)  # type: ignore[arg-type]
            if mine.weights is not None and its.weights is not None:
                assert np.array_equal(mine.weights.values, its.weights.values)


def test_other_sums_show_where_factors_are_on_no_grid(monkeypatch: pytest.MonkeyPatch) -> None:
    order = another_machine(monkeypatch, 1)
    a, b = np.random.default_rng(0).normal(size=(2, 40, 40))
    products.product(a, b)
    assert order.inexact == 0
    monkeypatch.setattr(products, "on_grid", lambda values, *_, **__: values)
    products.product(a, b)
    assert order.inexact > 0
