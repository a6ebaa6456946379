"""Layer selection over code widths of error-feedback weights, against full emulation of every candidate."""

import json
import subprocess
import sys
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from searching import Counting, Unlucky, chain, fail, full_accuracy, images, interrupt, predictions, widths_algorithm

from hlsq.errors import OptionError, SearchError
from hlsq.formats import Affine, FixedPoint, PowerOfTwo
from hlsq.graph import Graph
from hlsq.plan import Plan
from hlsq.schemes import run_scheme

CALIBRATION = images(64, 2)
X = images(320, 3)
WIDTHS = (3, 4, 5, 8)
OPTIONS: dict[str, Any] = {"form": "error_feedback", "form_options": {"sweeps": 1}, "reround": False}


@pytest.fixture(scope="module")
def network() -> Graph:
    return chain(5, 4)


@pytest.fixture(scope="module")
def labels(network: Graph) -> Any:
    return predictions(network, X)


@pytest.fixture(scope="module")
def whole(network: Graph, labels: Any) -> Plan:
    return search(network, labels, mrt=1.0)


def search(graph: Graph, y: Any, **options: Any) -> Plan:
    return run_scheme("doubleq_ext", graph, CALIBRATION, evaluation=(X, y), **{**OPTIONS, **options})


FREE: dict[str, Any] = {"sweeps": 1, "scale": "free"}
"""What error feedback is told."""


def uniform_plans(graph: Graph) -> dict[int, Plan]:
    """``doubleq_ef`` with each width, the last layer in the eight bits of the first plan."""
    found = {
        bits: run_scheme(
            "doubleq_ef", graph, CALIBRATION, code_bits={"class": 8, "default": bits}, **FREE, reference="layer"
        )
        for bits in WIDTHS
    }
    last = {"class": found[WIDTHS[0]].blocks["class"]}
    return {bits: replace(plan, blocks={**plan.blocks, **last}) for bits, plan in found.items()}


def last_size(graph: Graph) -> int:
    """Bytes of the last layer, which keeps eight bits."""
    kernel = graph.blocks[-1].kernel
    assert kernel is not None
    return kernel.size


def chosen(plan: Plan) -> list[tuple[str, int, float]]:
    return [(r["name"], r["code_bits"], r["accuracy"]) for r in plan.info["rounds"]]


@pytest.fixture(scope="module")
def plans(network: Graph) -> dict[int, Plan]:
    return uniform_plans(network)


@pytest.mark.parametrize(("seed", "residual"), [(4, False), (6, True)])
@pytest.mark.parametrize("rank", ["metric", "metric_per_byte"])
@pytest.mark.slow(3)
def test_result_is_that_of_emulating_everything(seed: int, residual: bool, rank: str) -> None:
    graph = chain(4, seed, residual)
    y = predictions(graph, X)
    plan = search(graph, y, mrt=1.0, rank=rank)
    plans = uniform_plans(graph)
    expected = widths_algorithm(graph, plans, X, y, 1.0, per_byte=rank == "metric_per_byte")
    assert len(expected) > 1
    assert chosen(plan) == expected
    assert full_accuracy(graph, plan, X, y) == expected[-1][2]


@pytest.mark.slow(3)
def test_ranks_differ(network: Graph, labels: Any, whole: Plan) -> None:
    assert chosen(search(network, labels, mrt=1.0, rank="metric_per_byte")) != chosen(whole)


@pytest.mark.slow(2)
def test_weights_are_those_of_error_feedback_at_each_width(plans: dict[int, Plan], whole: Plan) -> None:
    final = dict.fromkeys(whole.blocks, 3) | {name: bits for name, bits, _ in chosen(whole)} | {"class": 8}
    assert len(set(final.values())) > 1
    for name, formats in whole.blocks.items():
        assert formats == plans[final[name]].blocks[name]
    assert whole.inputs == plans[3].inputs
    assert whole.options["code_bits"] == [3, 4, 5, 8]
    assert whole.options["calibration_method"] == "mse"


def test_info_is_the_papers_table(network: Graph, whole: Plan, labels: Any, plans: dict[int, Plan]) -> None:
    sizes = [b.kernel.size for b in network.blocks if b.name.startswith("conv") and b.kernel is not None]
    info, last = whole.info, last_size(network)
    assert info["quant8"] == {
        "accuracy": full_accuracy(network, plans[8], X, labels), "memory_bytes": sum(sizes) + last,
    }  # fmt: skip
    assert info["doubleq"] == {
        "accuracy": full_accuracy(network, plans[3], X, labels),
        "memory_bytes": sum(sizes) * 3 / 8 + last,
        "reduction": pytest.approx(1 - (sum(sizes) * 3 / 8 + last) / (sum(sizes) + last)),
    }
    bits = dict.fromkeys(range(5), 3)
    lost = info["quant8"]["accuracy"] - info["doubleq"]["accuracy"]
    for number, r in enumerate(info["rounds"], start=1):
        assert r["code_bits"] > bits[r["layer"]]
        bits[r["layer"]] = r["code_bits"]
        memory = sum(size * bits[layer] for layer, size in enumerate(sizes)) / 8 + last
        assert (r["round"], r["name"], r["memory_bytes"]) == (number, f"conv{r['layer']}", memory)
        assert r["reduction"] == pytest.approx(1 - memory / (sum(sizes) + last))
        assert r["recovered"] == pytest.approx((r["accuracy"] - info["doubleq"]["accuracy"]) / lost)
    assert info["critical_layers"] == sorted({r["layer"] for r in info["rounds"]})
    assert json.loads(json.dumps(whole.to_dict()))["info"] == info


@pytest.mark.slow(3)
def test_three_ways_to_stop(network: Graph, labels: Any, whole: Plan, plans: dict[int, Plan]) -> None:
    rounds = whole.info["rounds"]
    assert len(rounds) >= 3
    two = search(network, labels, mrt=1.0, max_layers=2)
    assert (two.info["stopped"], chosen(two)) == ("max_layers", chosen(whole)[:2])
    tight = search(network, labels, mrt=1.0, budget=rounds[1]["memory_bytes"])
    assert (tight.info["stopped"], chosen(tight)) == ("budget", chosen(whole)[:2])
    low = search(network, labels, mrt=0.0)
    assert (low.info["stopped"], chosen(low)) == ("mrt", [])
    assert dict(low.blocks) == dict(plans[3].blocks)


@pytest.mark.slow(4)
def test_a_higher_threshold_goes_on_from_a_plan(network: Graph, labels: Any, whole: Plan, tmp_path: Path) -> None:
    low = search(network, labels, mrt=1.0, max_layers=2)
    low.save(tmp_path / "low.json")
    fresh, rest = Counting(), Counting()
    search(network, labels, mrt=1.0, executor=fresh)
    high = search(network, labels, mrt=1.0, continue_from=tmp_path / "low.json", executor=rest)
    assert chosen(high) == chosen(whole)
    assert dict(high.blocks) == dict(whole.blocks)
    assert 0 < len(rest.tasks) < len(fresh.tasks)
    with pytest.raises(SearchError, match="belongs to another search"):
        search(network, labels, mrt=1.0, continue_from=low, rank="metric_per_byte")
    with pytest.raises(SearchError, match="belongs to another search"):
        search(network, labels, mrt=1.0, continue_from=low, form_options={"sweeps": 1, "samples": 60})


@pytest.mark.parametrize("tasks", [0, 40, 90])
@pytest.mark.slow(3)
def test_an_interrupted_search_goes_on(network: Graph, labels: Any, whole: Plan, tmp_path: Path, tasks: int) -> None:
    state = tmp_path / "state.json"
    with pytest.raises(KeyboardInterrupt):
        search(network, labels, mrt=1.0, state=state, executor=Counting(tasks, interrupt), workers=1)
    complete, rest = Counting(), Counting()
    search(network, labels, mrt=1.0, executor=complete, workers=1)
    plan = search(network, labels, mrt=1.0, state=state, executor=rest, workers=1)
    assert chosen(plan) == chosen(whole)
    assert dict(plan.blocks) == dict(whole.blocks)
    assert len(rest.tasks) == len(complete.tasks) - tasks, "every finished task was kept"


KILLED = """
import sys
from searching import Counting, chain, images, kill_this_process, predictions
from hlsq.schemes import run_scheme
network, x = chain(5, 4), images(320, 3)
run_scheme("doubleq_ext", network, images(64, 2), evaluation=(x, predictions(network, x)), mrt=1.0,
           form="error_feedback", form_options={"sweeps": 1}, reround=False,
           state=sys.argv[1], scratch=sys.argv[2], executor=Counting(110, kill_this_process))
"""


@pytest.mark.slow(3)
def test_a_killed_search_resumes_to_the_same_plan(network: Graph, labels: Any, whole: Plan, tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    run = subprocess.run(
        [sys.executable, "-c", KILLED, str(state), str(tmp_path)],
        cwd=Path(__file__).parents[1] / "support",
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == -9, run.stderr
    found = json.loads(state.read_text())
    assert found["rounds"]
    assert found["rounds"][0]["name"] == chosen(whole)[0][0]
    plan = search(network, labels, mrt=1.0, state=state)
    assert chosen(plan) == chosen(whole)
    assert dict(plan.blocks) == dict(whole.blocks)


@pytest.mark.slow(3)
def test_a_failing_worker_is_named_with_its_bits(network: Graph, labels: Any, whole: Plan, tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    with ThreadPoolExecutor(2) as pool:
        unlucky: Executor = Unlucky(pool, "conv3 with 5 bits", fail)
        with pytest.raises(SearchError, match=r"round 1, candidate 'conv3 with 5 bits'.*ZeroDivisionError: no luck"):
            search(network, labels, mrt=1.0, state=state, executor=unlucky)
        assert "conv0 with 4 bits" in json.loads(state.read_text())["current"]
        plan = search(network, labels, mrt=1.0, state=state, executor=pool)
    assert chosen(plan) == chosen(whole)


@pytest.mark.parametrize(
    ("options", "bits"),
    [({"code_bits": (4, 8), "max_layers": 3}, {4, 8}), ({"code_bits": [3, 5, 8], "max_layers": 2}, {3, 5, 8})],
)
def test_fewer_widths(network: Graph, labels: Any, options: dict[str, Any], bits: set[int]) -> None:
    plan = search(network, labels, mrt=1.0, **options)
    found = {formats.weight.bits for name, formats in plan.blocks.items() if formats.weight and name != "class"}
    assert found <= bits
    assert len(found) > 1
    sizes = [b.kernel.size for b in network.blocks if b.name.startswith("conv") and b.kernel is not None]
    assert plan.info["doubleq"]["memory_bytes"] == sum(sizes) * min(bits) / 8 + last_size(network)


@pytest.mark.slow(3)
def test_the_last_layer(network: Graph, labels: Any) -> None:
    kept = search(network, labels, mrt=0.0)
    assert isinstance(kept.blocks["class"].weight, Affine)
    narrow = search(network, labels, mrt=0.0, last_layer="doubleq")
    assert isinstance(narrow.blocks["class"].weight, PowerOfTwo)
    names = {r["name"] for r in search(network, labels, mrt=1.0, last_layer="doubleq").info["search"]["rounds"]}
    assert names <= {*(f"conv{i}" for i in range(5)), "class"}


def test_options_of_error_feedback_are_passed_on(network: Graph, labels: Any) -> None:
    plan = search(
        network, labels, max_layers=1, form_options={"scale": "power_of_two", "samples": 50, "activation_width": 7}
    )
    assert all(isinstance(fmt, FixedPoint) and fmt.width == 7 for fmt in plan.inputs.values())
    assert plan.info["calibration"]["samples"] == 50
    assert plan.options["form_options"] == {"scale": "power_of_two", "samples": 50, "activation_width": 7}


@pytest.mark.slow(8)
def test_rerounded_weights_are_kept_only_if_they_are_better(network: Graph, labels: Any, whole: Plan) -> None:
    outcomes = set()
    for rounds in (1, 2, 3):
        plain = search(network, labels, mrt=1.0, max_layers=rounds)
        plan = search(network, labels, mrt=1.0, max_layers=rounds, reround=True)
        widths = {name: f.weight.bits for name, f in plain.blocks.items() if f.weight is not None}
        other = run_scheme("doubleq_ef", network, CALIBRATION, code_bits=widths, **FREE)
        value = full_accuracy(network, other, X, labels)
        kept = value > chosen(plain)[-1][2]
        assert plan.info["rerounded"] == {"accuracy": value, "kept": kept}
        assert chosen(plan) == chosen(plain)
        assert dict(plan.blocks) == dict((other if kept else plain).blocks)
        outcomes.add(kept)
    assert chosen(search(network, labels, mrt=1.0, continue_from=plan)) == chosen(whole)
    assert outcomes == {True, False}, "a network on which both happens"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"form": "exact"}, "form is 'exact'; allowed: 'nearest', 'error_feedback'"),
        (
            {"code_bits": (3, 4)},
            r"code_bits is \(3, 4\); allowed: two or more of 3, 4, 5, 8 for form",
        ),
        ({"code_bits": (8,)}, "code_bits is"),
        ({"code_bits": (4, 3, 8)}, "code_bits is"),
        ({"code_bits": (2, 8)}, "code_bits is"),
        ({"code_bits": 4}, "code_bits is 4"),
        ({"form": "nearest", "form_options": {}, "code_bits": (3, 8)}, "two or more of 5, 8 for form"),
        ({"form": "nearest"}, "form 'nearest', option in form_options: 'sweeps' is unknown"),
        ({"form_options": {"code_bits": 4}}, "'code_bits' is unknown; valid: activation_width, bias_correction"),
        ({"form_options": {"calibration_method": "mse"}}, "'calibration_method' is unknown"),
        ({"form_options": 3}, "form_options is 3; allowed: a dict"),
        ({"form_options": {"scale": "odd"}}, "scheme 'doubleq_ef': scale is 'odd'"),
        ({"per_channel": True}, "per_channel is True; allowed: False for form 'error_feedback'"),
        ({"rank": "size"}, "rank is 'size'; allowed: 'metric', 'metric_per_byte'"),
        ({"reround": 1}, "reround is 1; allowed: True, False"),
        ({"budget": 10}, "budget is 10 bytes"),
    ],
)
def test_wrong_options(network: Graph, labels: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        search(network, labels, **options)


def test_error_feedback_needs_samples(network: Graph, labels: Any) -> None:
    from hlsq.calibration import calibrate
    from hlsq.schemes import get_scheme

    scheme = get_scheme("doubleq_ext")(evaluation=(X, labels), **OPTIONS)
    with pytest.raises(OptionError, match="needs calibration samples; call run"):
        scheme.plan(network, calibrate(network, CALIBRATION))


def test_networks_of_every_operation(zoo: Graph, samples: Any) -> None:
    def metric(outputs: Any, _: Any) -> float:
        return -float(np.abs(outputs[0]).sum() + np.abs(outputs[1]).sum())

    plan = run_scheme(
        "doubleq_ext", zoo, samples, evaluation=(samples, None), metric=metric, batch_norm="refine", max_layers=2,
        rank="metric_per_byte", **OPTIONS,
    )  # fmt: skip
    assert plan.batch_norm == "refine"
    assert len(plan.info["rounds"]) <= 2
