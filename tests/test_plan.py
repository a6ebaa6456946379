"""Plans: readable files that can be edited by hand."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from networks import random_network

from hlsq.errors import PlanError
from hlsq.formats import Affine, FixedPoint, PowerOfTwo
from hlsq.graph.lowering import quantize_graph
from hlsq.plan import BlockPlan, Plan


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


def plan_of(**blocks: BlockPlan) -> Plan:
    return Plan("none", "fold", {"x": FixedPoint(8, 7)}, blocks)


def test_another_width_takes_a_step_that_fits() -> None:
    plan = plan_of(
        a=BlockPlan(weight=FixedPoint(8, 7), output=Affine(8, 0.1, -128)), b=BlockPlan(weight=PowerOfTwo(4, 6, 0.5))
    )
    assert plan.with_format("a", width=4).blocks["a"].weight == FixedPoint(4, 3)
    output = plan.with_format("a", "output", width=4).blocks["a"].output
    assert isinstance(output, Affine)
    assert (output.width, output.zero_point, output.scale) == (4, -8, pytest.approx(1.7))
    assert plan.with_format("b", width=3).blocks["b"].weight == PowerOfTwo(3, 2, 8.0)
    assert plan.with_format("x", "input", width=6).inputs["x"] == FixedPoint(6, 5)
    assert plan.with_format("a", width=4, values=[[0.1, -0.2]]).blocks["a"].weight == FixedPoint(4, 5)
    assert plan.with_format("a", width=4, frac=9, values=[0.1]).blocks["a"].weight == FixedPoint(4, 9)
    assert plan.with_format("a", signed=False).blocks["a"].weight == FixedPoint(8, 7, signed=False)
    assert plan.with_format("a", width=8) == plan


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("c",), "the plan has no input or block 'c'; those it has: x, a"),
        (("a", "bias"), "'a' has no format 'bias'; those it has: weight"),
        (("x", "weight"), "'x' has no format 'weight'; those it has: input"),
        (("a", "weight", {"width": 0}), "a.weight: width must be a whole number from 1 to 64; got 0"),
        (("a", "weight", {"width": "4"}), "a.weight: width must be a whole number"),
        (("a", "weight", {"scale": 1.0}), "a.weight: format 'fixed' has no field scale; valid: frac"),
        (("a", "weight", {"values": [float("nan")]}), "a.weight: FixedPoint cannot hold NaN"),
    ],
)
def test_formats_that_cannot_be(change: Any, message: str) -> None:
    name, tensor, fields = (*change, "weight", {})[:2] + ((change[2] if len(change) > 2 else {}),)
    with pytest.raises(PlanError, match=re.escape(message)):
        plan_of(a=BlockPlan(weight=FixedPoint(8, 7))).with_format(name, tensor, **fields)
