"""Plans: readable files that can be edited by hand."""

import json
from pathlib import Path
from typing import Any

import pytest
from networks import random_network

from hlsq.errors import PlanError
from hlsq.formats import FixedPoint
from hlsq.graph.lowering import quantize_graph
from hlsq.plan import Plan


@pytest.mark.parametrize("seed", range(10))
def test_a_plan_comes_back_as_it_was(seed: int, tmp_path: Path) -> None:
    _, plan = random_network(seed)
    plan.save(tmp_path / "plan.json")
    assert Plan.load(tmp_path / "plan.json") == plan


def test_a_plan_edited_by_hand_takes_effect(tmp_path: Path) -> None:
    graph, plan = random_network(0)
    plan.save(tmp_path / "plan.json")
    data = json.loads((tmp_path / "plan.json").read_text())
    data["blocks"]["logits"]["weight"] = {"format": "fixed", "width": 6, "frac": 4}
    (tmp_path / "plan.json").write_text(json.dumps(data))
    edited = Plan.load(tmp_path / "plan.json")
    assert edited == plan.with_block("logits", weight=FixedPoint(6, 4))
    weights = quantize_graph(graph, edited).by_name["logits"].weights
    assert weights is not None
    assert weights.format == FixedPoint(6, 4)
    assert abs(weights.values).max() <= 32


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"hlsq_plan": 7}, "not an hlsq plan of version 1 (hlsq_plan 7)"),
        ({"hlsq_plan": True}, "not an hlsq plan of version 1"),
        ({"batch_norm": "ignore"}, "batch_norm: expected one of 'fold', 'refine', found 'ignore'"),
        ({"blocks": {"c": {"wieght": {}}}}, "blocks.c: 'wieght' is unknown; valid: weight"),
        ({"blocks": {"c": {"weight": {"format": "float8"}}}}, "blocks.c.weight: unknown number format 'float8'"),
        ({"blocks": {"c": {"weight": {"format": "fixed", "width": 99, "frac": 0}}}}, "blocks.c.weight: width must"),
        ({"blocks": {"c": {"weight": {"format": "affine", "width": 8, "scale": "0.5"}}}}, "c.weight: scale must be a"),
        ({"blocks": {"c": {"weight": {"format": "affine", "width": 8, "scale": True}}}}, "c.weight: scale must be a"),
        ({"blocks": {"c": {"weight": {"format": "affine", "width": 8, "scale": 10**400}}}}, "blocks.c.weight.scale: a"),
        ({"blocks": {"c": {"weight": {"format": "affine", "width": 8, "scale": 1e-320}}}}, "blocks.c.weight.scale: N"),
        ({"blocks": {"c": {"weight": {"format": "fixed", "width": 8, "frac": -(2**63)}}}}, "c.weight: frac must be"),
        ({"blocks": {"c": {"weight": {"format": ["fixed"]}}}}, "c.weight: unknown number format ['fixed']"),
        (
            {"blocks": {"c": {"bias_values": [1, True]}}},
            "blocks.c.bias_values[1]: expected a finite number, found True",
        ),
        ({"blocks": {"c": {"bias_values": []}}}, "blocks.c.bias_values: expected a list of at least 1 values, found 0"),
        ({"blocks": {"c": {"values": {"shape": [1], "bits": 1, "data": "AA=="}}}}, "blocks.c: values of weights need"),
        ({"blocks": {"c": None}}, "blocks.c: expected an object, found None"),
        ({"inputs": {"x": {"format": "fixed", "width": 8}}}, "inputs.x: format 'fixed' needs the field frac"),
        ({"inputs": 5}, "inputs: expected an object, found 5"),
        ({"scheme": 5}, "scheme: expected text, found 5"),
        ({"options": [1]}, "options: expected an object, found [1]"),
        ({"info": "none"}, "info: expected an object, found 'none'"),
        ({"info": {"a": [1, float("nan")]}}, "info.a[1]: NaN, an infinity, or a number too large or too small"),
        ({"block": {}}, "'block' is unknown; valid: hlsq_plan, scheme"),
    ],
)
def test_what_is_no_plan(change: dict[str, Any], message: str, tmp_path: Path) -> None:
    _, plan = random_network(0)
    path = tmp_path / "plan.json"
    path.write_text(json.dumps({**plan.to_dict(), **change}))
    with pytest.raises(PlanError) as caught:
        Plan.load(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert message in str(caught.value)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match=r"cannot read a plan from .*none\.json: No such file"):
        Plan.load(tmp_path / "none.json")
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(PlanError, match="is not JSON"):
        Plan.load(tmp_path / "bad.json")


def test_changing_one_block() -> None:
    _, plan = random_network(0)
    with pytest.raises(PlanError, match="the plan has no block 'nowhere'; its blocks: "):
        plan.with_block("nowhere", weight=None)
    with pytest.raises(PlanError, match="a block has no 'wieght'; valid: weight"):
        plan.with_block("logits", wieght=None)
