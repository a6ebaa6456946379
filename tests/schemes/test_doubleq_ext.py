"""Layer selection, against a plain Algorithm 1 that emulates every candidate in full."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from searching import Counting, Unlucky, algorithm_1, chain, fail, full_accuracy, images, interrupt, predictions

from hlsq.emulate.real import run_float
from hlsq.errors import InputError, OptionError, PlanError, SearchError
from hlsq.formats import Affine, PowerOfTwo
from hlsq.graph import Block, Graph, GraphInput
from hlsq.graph.ops import Dense
from hlsq.plan import Plan
from hlsq.schemes import run_scheme

CALIBRATION = images(64, 2)
X = images(320, 3)


@pytest.fixture(scope="module")
def network() -> Graph:
    return chain(6, 4)


@pytest.fixture(scope="module")
def labels(network: Graph) -> Any:
    return predictions(network, X)


@pytest.fixture(scope="module")
def whole(network: Graph, labels: Any) -> Plan:
    """The search to the end."""
    return search(network, labels, mrt=1.0)


def search(graph: Graph, y: Any, **options: Any) -> Plan:
    return run_scheme("doubleq_ext", graph, CALIBRATION, evaluation=(X, y), **options)


def chosen(plan: Plan) -> list[tuple[str, float]]:
    return [(r["name"], r["accuracy"]) for r in plan.info["rounds"]]


@pytest.mark.parametrize(("seed", "residual"), [(4, False), (5, False), (6, True), (7, True)])
@pytest.mark.parametrize("mrt", [0.0, 0.6, 1.0])
@pytest.mark.slow(1)
def test_result_is_that_of_the_plain_algorithm(seed: int, residual: bool, mrt: float) -> None:
    graph = chain(6, seed, residual)
    y = predictions(graph, X)
    plan = search(graph, y, mrt=mrt)
    assert chosen(plan) == algorithm_1(graph, CALIBRATION, X, y, mrt)
    if chosen(plan):
        assert full_accuracy(graph, plan, X, y) == plan.info["rounds"][-1]["accuracy"]


def test_formats_are_those_of_the_two_schemes(network: Graph, labels: Any) -> None:
    plan = search(network, labels, mrt=0.5)
    double, single = (run_scheme(name, network, CALIBRATION) for name in ("doubleq", "quant8"))
    critical = {name for name, _ in chosen(plan)}
    assert critical
    assert critical < {f"conv{i}" for i in range(6)}
    for name, formats in plan.blocks.items():
        assert formats == (single if name in critical else double).blocks[name]
    assert isinstance(plan.blocks["class"].weight, Affine), "the last dense layer is no candidate"


def test_info_is_the_papers_table(network: Graph, whole: Plan) -> None:
    sizes = [b.kernel.size for b in network.blocks if b.name.startswith("conv") and b.kernel is not None]
    last = network.blocks[-1].kernel.size  # type: ignore[union-attr] # in eight bits
    eight, five = sum(sizes) + last, sum(sizes) * 5 / 8 + last
    info = whole.info
    assert info["quant8"]["memory_bytes"] == eight
    assert info["doubleq"] == {
        "accuracy": info["doubleq"]["accuracy"], "memory_bytes": five, "reduction": pytest.approx(1 - five / eight),
    }  # fmt: skip
    memory = five
    for number, r in enumerate(info["rounds"], start=1):
        memory += sizes[r["layer"]] * 3 / 8
        assert r["round"] == number
        assert r["name"] == f"conv{r['layer']}"
        assert r["memory_bytes"] == memory
        assert r["reduction"] == pytest.approx(1 - memory / eight)
        gained = r["accuracy"] - info["doubleq"]["accuracy"]
        assert r["recovered"] == pytest.approx(gained / (info["quant8"]["accuracy"] - info["doubleq"]["accuracy"]))
        assert r["plain_evaluations"] == 8 * 320 * (7 - number + 2 * (number == 1))
    assert sum(r["evaluations"] for r in info["rounds"]) < sum(r["plain_evaluations"] for r in info["rounds"])
    assert info["critical_layers"] == sorted(r["layer"] for r in info["rounds"])
    assert info["evaluation"] == {"samples": 320, "metric": "accuracy"}
    assert json.loads(json.dumps(whole.to_dict()))["info"] == info


def test_three_ways_to_stop(network: Graph, labels: Any, whole: Plan) -> None:
    rounds = whole.info["rounds"]
    assert len(rounds) >= 2
    one = search(network, labels, mrt=1.0, max_layers=1)
    assert (one.info["stopped"], chosen(one)) == ("max_layers", chosen(whole)[:1])
    assert isinstance(search(network, labels, max_layers=0).blocks["conv0"].weight, PowerOfTwo)
    tight = search(network, labels, mrt=1.0, budget=rounds[1]["memory_bytes"] - 1)
    assert (tight.info["stopped"], chosen(tight)) == ("budget", chosen(whole)[:1])
    exact = search(network, labels, mrt=1.0, budget=rounds[1]["memory_bytes"])
    assert chosen(exact)[:2] == chosen(whole)[:2]
    assert search(network, labels, mrt=rounds[0]["recovered"]).info["stopped"] == "mrt"


def test_nothing_lost_means_nothing_to_recover(network: Graph) -> None:
    double = run_scheme("doubleq", network, CALIBRATION)
    from searching import real_outputs

    from hlsq.graph.lowering import quantize_graph

    y = real_outputs(quantize_graph(network, double), X)["class"].argmax(axis=1)
    plan = search(network, y, mrt=1.0)
    assert plan.info["doubleq"]["accuracy"] == 1.0
    assert plan.info["rounds"] == []
    assert dict(plan.blocks) == dict(double.blocks)


def test_a_higher_threshold_goes_on_from_a_plan(network: Graph, labels: Any, whole: Plan, tmp_path: Path) -> None:
    low = search(network, labels, mrt=whole.info["rounds"][0]["recovered"])
    assert len(chosen(low)) == 1
    low.save(tmp_path / "low.json")
    fresh = Counting()
    search(network, labels, mrt=1.0, executor=fresh)
    for earlier in (low, tmp_path / "low.json"):
        executor = Counting()
        high = search(network, labels, mrt=1.0, continue_from=earlier, executor=executor)
        assert high.info["rounds"][1:] != []
        assert chosen(high) == chosen(whole)
        assert dict(high.blocks) == dict(whole.blocks)
        first = {t.candidate.name for t in executor.tasks}
        assert chosen(low)[0][0] not in first, "the first round is not searched again"
        assert len(executor.tasks) < len(fresh.tasks)
    idle = Counting()
    assert chosen(search(network, labels, mrt=0.0, continue_from=whole, executor=idle)) == []
    assert not idle.tasks, "a lower threshold needs nothing new"


def test_a_plan_of_another_search_is_refused(network: Graph, labels: Any, whole: Plan) -> None:
    with pytest.raises(SearchError, match="belongs to another search"):
        search(network, np.roll(labels, 1), continue_from=whole)
    with pytest.raises(SearchError, match="belongs to another search"):
        search(chain(6, 5), labels, continue_from=whole)
    with pytest.raises(PlanError, match="'doubleq' without a search"):
        search(network, labels, continue_from=run_scheme("doubleq", network, CALIBRATION))


@pytest.mark.parametrize("tasks", [0, 3, 30, 45])
@pytest.mark.slow(1)
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
    idle = Counting()
    assert chosen(search(network, labels, mrt=1.0, state=state, executor=idle)) == chosen(whole)
    assert not idle.tasks


KILLED = """
import sys
from searching import Counting, chain, images, kill_this_process, predictions
from hlsq.schemes import run_scheme
network, x = chain(6, 4), images(320, 3)
run_scheme("doubleq_ext", network, images(64, 2), evaluation=(x, predictions(network, x)), mrt=1.0,
           state=sys.argv[1], scratch=sys.argv[2], executor=Counting(35, kill_this_process))
"""


@pytest.mark.slow(2)
def test_a_killed_search_resumes_to_the_same_plan(network: Graph, labels: Any, whole: Plan, tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    support = Path(__file__).parents[1] / "support"
    run = subprocess.run(
        [sys.executable, "-c", KILLED, str(state), str(tmp_path)],
        cwd=support,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == -9, run.stderr
    found = json.loads(state.read_text())
    assert found["rounds"] or found["current"]
    rest = Counting()
    plan = search(network, labels, mrt=1.0, state=state, executor=rest)
    assert rest.tasks
    assert chosen(plan) == chosen(whole)
    assert dict(plan.blocks) == dict(whole.blocks)


def test_a_failing_worker_is_named_and_nothing_else_lost(
    network: Graph, labels: Any, whole: Plan, tmp_path: Path
) -> None:
    state = tmp_path / "state.json"
    with ThreadPoolExecutor(2) as pool:
        with pytest.raises(SearchError, match=r"round 1, candidate 'conv3'.*ZeroDivisionError: no luck"):
            search(network, labels, mrt=1.0, state=state, executor=Unlucky(pool, "conv3", fail))
        kept = json.loads(state.read_text())["current"]
        assert set(kept) >= {"conv0", "conv1", "conv2"}
        assert "conv3" not in kept
        plan = search(network, labels, mrt=1.0, state=state, executor=pool)
    assert chosen(plan) == chosen(whole)


def negative_distance(outputs: Any, targets: Any) -> float:
    return -float(np.square(outputs - targets).mean())


def test_any_metric(network: Graph, labels: Any) -> None:
    from searching import real_outputs

    from hlsq.graph.lowering import quantize_graph

    targets = np.eye(5)[labels]
    plan = search(network, targets, metric=negative_distance, max_layers=2, mrt=1.0)
    assert plan.options["metric"] == "negative_distance"
    double, single = (run_scheme(name, network, CALIBRATION) for name in ("doubleq", "quant8"))

    def value(candidate: Plan) -> float:
        return negative_distance(real_outputs(quantize_graph(network, candidate), X)["class"], targets)

    tried = {f"conv{i}": double.with_block(f"conv{i}", **vars(single.blocks[f"conv{i}"])) for i in range(6)}
    values = {name: value(candidate) for name, candidate in tried.items()}
    best = max(values, key=lambda name: values[name])
    assert plan.info["rounds"][0]["name"] == best
    assert plan.info["rounds"][0]["accuracy"] == pytest.approx(values[best], rel=1e-12)


def test_a_metric_must_return_numbers(network: Graph, labels: Any) -> None:
    with pytest.raises(SearchError, match="returned nan"):
        search(network, labels, metric=lambda outputs, y: float("nan"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"evaluation": None}, "evaluation is missing"),
        ({"evaluation": X}, "evaluation is a ndarray"),
        ({"mrt": 1.5}, "mrt is 1.5; allowed: a number from 0 to 1"),
        ({"mrt": True}, "mrt is True"),
        ({"mrt": float("nan")}, "mrt is nan"),
        ({"budget": 0}, "budget is 0; allowed: a positive number of bytes"),
        ({"budget": 10}, r"budget is 10 bytes; with powers of two in every layer the weights take \d+\.75 bytes"),
        ({"max_layers": -1}, "max_layers is -1"),
        ({"metric": "top5"}, "metric is 'top5'; allowed: 'accuracy'"),
        ({"executor": 4}, "executor is 4"),
        ({"workers": 0}, "workers is 0"),
        ({"cache_bytes": -1}, "cache_bytes is -1"),
        ({"state": 3}, "state is 3"),
        ({"continue_from": 3}, "continue_from is 3"),
        ({"evaluation": (X, np.zeros(3, int))}, "evaluation has 320 samples but 3 labels"),
        ({"evaluation": (X, np.zeros((320, 5)))}, r"class numbers \[samples\]"),
        ({"evaluation": (X, np.full(320, 5))}, "the network has 5 classes"),
        ({"evaluation": (X[:, 1:], np.zeros(320, int))}, "evaluation samples: input 'image' has shape"),
    ],
)
def test_wrong_options(network: Graph, labels: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises((OptionError, InputError), match=message):
        search(network, labels, **options) if "evaluation" not in options else run_scheme(
            "doubleq_ext", network, CALIBRATION, **options
        )


def test_accuracy_needs_one_output(zoo: Graph, samples: Any) -> None:
    with pytest.raises(OptionError, match="one output"):
        run_scheme("doubleq_ext", zoo, samples, evaluation=(samples, np.zeros(40, int)))


def test_networks_of_every_operation(zoo: Graph, samples: Any) -> None:
    """Two inputs, three outputs, every kind of block, refined batch norms."""

    def metric(outputs: Any, _: Any) -> float:
        return -float(np.abs(outputs[0]).sum() + np.abs(outputs[1]).sum())

    plan = run_scheme(
        "doubleq_ext", zoo, samples, evaluation=(samples, None), metric=metric, batch_norm="refine", max_layers=2
    )
    assert plan.batch_norm == "refine"
    assert len(plan.info["rounds"]) <= 2


@pytest.mark.parametrize(
    ("text", "message"),
    [("{", "is not JSON"), ("{}", "not a state"), ("[1]", "expected an object"), ('{"hlsq_search": 99}', "search 99")],
)
def test_damaged_state(network: Graph, labels: Any, tmp_path: Path, text: str, message: str) -> None:
    state = tmp_path / "state.json"
    state.write_text(text)
    with pytest.raises(SearchError, match=message):
        search(network, labels, state=state)
    assert state.read_text() == text, "the user's file stays as it was"


def test_state_that_cannot_be_written(network: Graph, labels: Any) -> None:
    with pytest.raises(SearchError, match="cannot write"):
        search(network, labels, state="/proc/none/state.json")


def test_plan_records_only_what_decides_the_result(network: Graph, labels: Any) -> None:
    with ThreadPoolExecutor(1) as pool:
        plan = search(network, labels, executor=pool, max_layers=1, mrt=0.7)
    assert plan.options["mrt"] == 0.7
    assert plan.options["max_layers"] == 1
    assert not {"evaluation", "executor", "state"} & set(plan.options)


@pytest.mark.realdata
def test_resnet20(resnet20: Graph) -> None:
    from hlsq.data import load_cifar10
    from hlsq.zoo.resnet20 import preprocess

    (train, _), (test, y) = load_cifar10()
    plan = run_scheme(
        "doubleq_ext", resnet20, preprocess(train[:128]), evaluation=(preprocess(test[:200]), y[:200]), max_layers=1
    )
    assert len(plan.info["rounds"]) == 1
    assert plan.info["doubleq"]["memory_bytes"] == 168910 + 640
    assert plan.info["quant8"]["memory_bytes"] == 270256 + 640
    assert plan.info["rounds"][0]["accuracy"] > plan.info["doubleq"]["accuracy"]
    assert 3 * plan.info["rounds"][0]["evaluations"] < plan.info["rounds"][0]["plain_evaluations"]


def test_dense_layers_count() -> None:
    """A network without convolutions has memory, and a budget that decides."""
    rng = np.random.default_rng(0)
    dense = [rng.normal(size=size) for size in ((6, 40), (40, 40), (40, 3))]
    names = ["a", "b", "c"]
    blocks = [Block(n, Dense(), (s,), w) for n, s, w in zip(names, ["x", "a", "b"], dense, strict=True)]
    mlp = Graph("mlp", (GraphInput("x", (6,)),), tuple(blocks), ("c",))
    x = rng.normal(size=(300, 6)).astype(np.float32)
    y = run_float(mlp, {"x": x})["c"].argmax(axis=1)
    last = 120
    both, least = 240 + 1600 + last, (240 + 1600) * 5 / 8 + last

    def made(budget: float | None) -> Plan:
        return run_scheme("doubleq_ext", mlp, x, evaluation=(x, y), mrt=1.0, budget=budget)

    whole = made(None)
    assert (whole.info["doubleq"]["memory_bytes"], whole.info["quant8"]["memory_bytes"]) == (least, both)
    assert whole.info["rounds"]
    assert made(least).info["rounds"] == []
    with pytest.raises(OptionError, match=f"budget is 1 bytes; .* take {least:g} bytes"):
        made(1)
