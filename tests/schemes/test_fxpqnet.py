"""The network designer, against a plain Algorithm 2 that emulates every candidate in full."""

from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from designing import CALIBRATION, WIDTHS, design, judges, small_network, whole_search
from fxp_plain import Plain, algorithm_2, refined
from searching import predictions, sure_images

from hlsq.errors import CalibrationError, InputError, OptionError
from hlsq.formats import FixedPoint
from hlsq.graph import Graph
from hlsq.graph.lowering import quantize_graph
from hlsq.plan import Plan
from hlsq.schemes import run_scheme
from hlsq.schemes.fxp.structures import Structures, format_of


@pytest.fixture(scope="module")
def network() -> Graph:
    return small_network()


@pytest.fixture(scope="module")
def evaluation() -> tuple[Any, Any]:
    return judges()


@pytest.fixture(scope="module")
def found() -> Plan:
    return whole_search()


@cache
def plain_algorithm(seed: int) -> Plain:
    """Shared by searches on one network, which try many of the same plans."""
    graph = refined(2, seed)
    x = sure_images(graph, 64)
    return Plain(graph, CALIBRATION, x, predictions(graph, x))


def reductions(plan: Plan) -> list[tuple[str, int]]:
    return [(r["data_structure"], r["bits"]) for r in plan.info["reductions"]]


@pytest.mark.slow(5)
@pytest.mark.parametrize(
    ("seed", "drop", "options"),
    [
        (2, 0.05, {}),
        (5, 0.1, {"stages": 2}),
        (2, 0.05, {"rank": "deviation"}),
        (2, 0.15, {"rank": "deviation", "reserve": 1.645, "stages": 2}),
    ],
)
def test_result_is_that_of_the_plain_algorithm(seed: int, drop: float, options: dict[str, Any]) -> None:
    plain = plain_algorithm(seed)
    plan = design(plain.graph, (plain.samples, plain.labels), max_drop=drop, **options)
    start = run_scheme("fxp_uniform", plain.graph, CALIBRATION, **WIDTHS)
    expected, taken = algorithm_2(plain, start, drop, 1, **options)
    assert reductions(plan) == taken
    assert len(taken) > 5
    assert (plan.blocks, plan.inputs) == (expected.blocks, expected.inputs)
    assert plan.info["result"]["drop"] == pytest.approx(plain.drop(plan))
    assert plan.info["result"]["drop"] <= drop


@pytest.mark.slow(3)
def test_no_block_is_evaluated_without_need(found: Plan) -> None:
    assert found.info["evaluations"] < found.info["plain_evaluations"] / 1.5


@pytest.mark.parametrize("cost", ["l1", "l2", "top1", "top5"])
@pytest.mark.slow(3)
def test_other_costs(network: Graph, evaluation: Any, cost: str) -> None:
    y = predictions(network, CALIBRATION)
    plan = design(network, evaluation, cost=cost, calibration_labels=y, competition="lazy")
    assert plan.info["result"]["drop"] <= 0.05
    assert reductions(plan)
    assert "calibration_labels" not in plan.options


@pytest.mark.slow(3)
def test_lazy_competition_keeps_to_the_drop(network: Graph, evaluation: Any) -> None:
    lazy = whole_search(competition="lazy")
    assert lazy.info["result"]["drop"] <= 0.05
    plain = Plain(network, CALIBRATION, *evaluation)
    assert plain.drop(lazy) == pytest.approx(lazy.info["result"]["drop"])


@pytest.mark.parametrize("kind", ["threads", "processes"])
@pytest.mark.slow(3)
def test_executors_do_not_change_the_result(network: Graph, evaluation: Any, found: Plan, kind: str) -> None:
    if kind == "threads":
        with ThreadPoolExecutor(3) as executor:
            plan = design(network, evaluation, executor=executor)
    else:
        with ProcessPoolExecutor(2, get_context("forkserver")) as executor:
            plan = design(network, evaluation, executor=executor)
    assert (plan.blocks, plan.inputs) == (found.blocks, found.inputs)
    assert plan.info["reductions"] == found.info["reductions"]


@pytest.mark.slow(3)
def test_ranking_by_the_deviation_decides(found: Plan) -> None:
    other = whole_search(rank="deviation")
    assert other.info["reductions"] != found.info["reductions"]
    assert all(r["deviation"] > 0 for r in other.info["reductions"])
    assert not any(r["deviation"] for r in found.info["reductions"])


@pytest.mark.slow(3)
def test_a_custom_metric_decides(network: Graph, evaluation: Any) -> None:
    def minus_error(outputs: Any, labels: Any) -> float:
        return -float(np.abs(outputs - labels).mean())

    x, _ = evaluation
    from hlsq.emulate.real import run_float

    real = run_float(network, {"image": x.astype(np.float32)})["class"]
    plan = design(network, (x, real), metric=minus_error, max_drop=0.8)
    assert plan.info["evaluation"]["metric"].endswith("minus_error")
    assert plan.info["float"]["accuracy"] == pytest.approx(0, abs=1e-6)
    assert 0 < plan.info["result"]["drop"] <= 0.8
    assert "minus_error" in plan.options["metric"]


@pytest.mark.slow(3)
def test_a_shorter_search_is_the_beginning_of_a_longer_one(
    network: Graph, evaluation: Any, found: Plan, tmp_path: Path
) -> None:
    state = tmp_path / "state.json"
    short = design(network, evaluation, max_reductions=5, state=state)
    assert short.info["reductions"] == found.info["reductions"][:5]
    assert short.info["stopped"] == "max_reductions"
    whole = design(network, evaluation, state=state)
    assert (whole.blocks, whole.inputs) == (found.blocks, found.inputs)
    assert whole.info["stopped"] == "nothing more is allowed"
    assert whole.info["reductions"] == found.info["reductions"]
    again = design(network, evaluation, max_reductions=5, state=state)
    assert (again.blocks, again.inputs, again.info["result"]) == (short.blocks, short.inputs, short.info["result"])


@pytest.mark.slow(3)
def test_nothing_allowed_leaves_what_costs_nothing(network: Graph, evaluation: Any) -> None:
    plan = design(network, evaluation, max_drop=0.0)
    assert plan.info["result"]["drop"] <= max(plan.info["float"]["accuracy"] - plan.info["start"]["accuracy"], 0)


@pytest.mark.slow(3)
def test_plan_is_integer_only_and_saves(network: Graph, found: Plan, tmp_path: Path) -> None:
    structures = Structures(network)
    for structure in structures.all:
        assert isinstance(format_of(found, structure), FixedPoint)
    for block in quantize_graph(network, found).blocks:
        if block.requant is not None:
            assert block.requant.is_shift, "every requantisation is a shift"
    found.save(tmp_path / "plan.json")
    assert Plan.load(tmp_path / "plan.json").blocks == found.blocks


@pytest.mark.slow(3)
def test_average_bits_are_told(network: Graph, found: Plan) -> None:
    structures = Structures(network)
    weights = [(format_of(found, s).width, s.size) for s in structures.all if s.kind == "weight"]
    told = found.info["average_bits"]["weights"]
    assert told["structures"] == pytest.approx(np.mean([w for w, _ in weights]))
    assert told["values"] == pytest.approx(sum(w * n for w, n in weights) / sum(n for _, n in weights))


@pytest.mark.slow(7)
def test_several_inputs_and_outputs(zoo: Graph, samples: Any) -> None:
    def minus_error(outputs: Any, labels: Any) -> float:
        return -float(sum(np.abs(a - b).mean() for a, b in zip(outputs, labels, strict=True)))

    from hlsq.emulate.real import run_float

    real = run_float(zoo, {k: v.astype(np.float32) for k, v in samples.items()})
    plan = run_scheme(
        "fxpqnet",
        zoo,
        samples,
        evaluation=(samples, list(real.values())),
        metric=minus_error,
        max_drop=1.5,
        competition="lazy",
        other_width=9,
        edge_width=None,
    )
    assert 0 < plan.info["result"]["drop"] <= 1.5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_drop": -0.1}, "max_drop is -0.1; allowed: a number from 0"),
        ({"max_drop": True}, "max_drop is True"),
        ({"reserve": -1}, "reserve is -1; allowed: a number from 0"),
        ({"reserve": 1, "metric": lambda *_: 0.0}, "reserve is 1; allowed: 0 for a metric of your own"),
        ({"competition": "none"}, "competition is 'none'; allowed: 'full', 'lazy'"),
        ({"rank": "loss"}, "rank is 'loss'; allowed: 'metric', 'deviation'"),
        ({"strategy": "bold"}, "strategy is 'bold'; allowed: 'conservative', 'neutral', 'aggressive'"),
        ({"cost": "l3"}, "cost is 'l3'"),
        ({"max_reductions": -1}, "max_reductions is -1"),
        ({"stages": 0}, "stages is 0; allowed: a whole number from 1"),
        ({"search_limit": -1}, "search_limit is -1"),
        ({"weight_width": 0}, "weight_width is 0; allowed: a whole number from 1 to 32"),
        ({"widths": {"conv9.weight": 3}}, "'conv9.weight' is unknown; valid: .*conv0.weight"),
        ({"widths": {"conv0.weight": 40}}, r"widths\['conv0.weight'\] is 40"),
        ({"metric": "f1"}, "metric is 'f1'"),
        ({"executor": 3}, "executor is 3"),
        ({"state": 3}, "state is 3; allowed: a path"),
        ({"cost": "top1"}, "calibration_labels: none"),
        ({"calibration_labels": [[1.0]]}, r"calibration_labels have the shape \[1, 1\]"),
    ],
)
def test_wrong_options_are_refused(network: Graph, evaluation: Any, options: Any, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        design(network, evaluation, **options)


def test_wrong_samples_are_refused(network: Graph, evaluation: Any) -> None:
    x, y = evaluation
    with pytest.raises(OptionError, match="evaluation is missing"):
        design(network, None)
    with pytest.raises(InputError, match="96 samples but 95 labels"):
        design(network, (x, y[:-1]))
    with pytest.raises(InputError, match="evaluation samples"):
        design(network, (x[:, :4], y))
    with pytest.raises(CalibrationError):
        run_scheme("fxpqnet", network, np.zeros((0, 8, 8, 3)), evaluation=evaluation)


def test_an_accumulator_that_is_too_wide_names_the_layer(network: Graph, evaluation: Any) -> None:
    from hlsq.errors import QuantizationError

    with pytest.raises(QuantizationError, match="layer 'conv0'"):
        design(network, evaluation, edge_width=32, other_width=32, forward=False)


@pytest.mark.slow(3)
def test_progress_goes_to_a_terminal_only(network: Graph, evaluation: Any, capsys: Any) -> None:
    design(network, evaluation, competition="lazy", max_drop=0.0)
    assert capsys.readouterr().err == ""
