"""Losses of single candidates: exact, bounded, and counted."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from searching import chain, images, predictions, real_outputs

from hlsq.formats import FixedPoint
from hlsq.graph import Graph
from hlsq.graph.lowering import quantize_graph
from hlsq.plan import Plan
from hlsq.schemes import run_scheme
from hlsq.search import Candidate
from hlsq.search.evaluator import IMPOSSIBLE, Evaluator, Resources, growing_parts

GRAPH = chain(3, 1)
X = images(150, 3)
LABELS = predictions(GRAPH, X)


@pytest.fixture(scope="module")
def plan() -> Plan:
    return run_scheme("fixed", GRAPH, images(64, 2), weight_width=5)


def wrong(graph: Graph, plan: Plan) -> int:
    logits = real_outputs(quantize_graph(graph, plan), X)["class"]
    return int((logits.argmax(axis=1) != LABELS).sum())


@pytest.fixture
def evaluator(plan: Plan) -> Iterator[Evaluator]:
    def loss(answer: Any, rows: Any) -> float:
        return int((answer.outputs["class"].argmax(axis=1) != LABELS[rows]).sum())

    with Evaluator(
        GRAPH,
        plan,
        {"image": X},
        loss=loss,
        deviation=lambda answer, rows: float(np.square(answer.outputs["class"] - LABELS[rows, None]).sum()),
        parts=lambda outputs: growing_parts(len(X), 16),
        alternatives=[["image"], *([b.name] for b in GRAPH.blocks)],
        reals={"image": X},
        resources=Resources(),
    ) as found:
        yield found


def candidates(plan: Plan) -> list[Candidate]:
    conv = plan.blocks["conv1"]
    return [
        Candidate("weights", {"conv1": replace(conv, weight=FixedPoint(3, 2))}),
        Candidate("output", {"conv1": replace(conv, output=FixedPoint(2, 0, signed=False))}),
        Candidate("input", {}, {"image": FixedPoint(3, 1)}),
        Candidate(
            "both", {"conv2": replace(plan.blocks["conv2"], weight=FixedPoint(2, 1))}, {"image": FixedPoint(4, 1)}
        ),
    ]


def changed(plan: Plan, candidate: Candidate) -> Plan:
    return replace(plan, blocks={**plan.blocks, **candidate.changes}, inputs={**plan.inputs, **candidate.inputs})


def test_losses_are_those_of_full_emulations(plan: Plan, evaluator: Evaluator) -> None:
    assert evaluator.base_loss() == wrong(GRAPH, plan)
    for candidate in candidates(plan):
        expected = wrong(GRAPH, changed(plan, candidate))
        assert expected > 0
        assert evaluator.loss(candidate) == expected
        assert evaluator.loss(candidate, expected + 0.5) == expected
        assert evaluator.loss(candidate, expected) == IMPOSSIBLE, "not below the bound"


def test_a_deviation_is_summed_beside_the_loss(plan: Plan, evaluator: Evaluator) -> None:
    for candidate in candidates(plan):
        outputs = real_outputs(quantize_graph(GRAPH, changed(plan, candidate)), X)["class"]
        loss, deviation = evaluator.measure(candidate)
        assert loss == evaluator.loss(candidate)
        assert deviation == pytest.approx(np.square(outputs - LABELS[:, None]).sum(), rel=1e-5)
        assert evaluator.measure(candidate, loss) == (IMPOSSIBLE, IMPOSSIBLE)
        assert evaluator.measure(candidate, most=deviation) == (loss, deviation)
        assert evaluator.measure(candidate, most=deviation * 0.999) == (IMPOSSIBLE, IMPOSSIBLE)


def test_a_moved_base_is_that_of_the_candidate(plan: Plan, evaluator: Evaluator) -> None:
    first, _, third, both = candidates(plan)
    now = plan
    for candidate in (third, first, both):
        evaluator.move(candidate)
        now = changed(now, candidate)
        assert evaluator.plan == now
        assert evaluator.base_loss() == wrong(GRAPH, now)
    assert evaluator.loss(candidates(now)[1]) == wrong(GRAPH, changed(now, candidates(now)[1]))


def test_a_bound_spares_evaluations(plan: Plan, evaluator: Evaluator) -> None:
    bad = Candidate("bad", {"conv0": replace(plan.blocks["conv0"], weight=FixedPoint(2, -3))})
    before = evaluator.evaluations
    assert evaluator.loss(bad, 3) == IMPOSSIBLE
    assert evaluator.evaluations - before <= 16 * len(GRAPH.blocks), "one part is enough"
    assert evaluator.plain_evaluations >= 2 * 150 * len(GRAPH.blocks)


def test_what_the_network_cannot_have_is_infinitely_bad(plan: Plan, evaluator: Evaluator) -> None:
    conv = plan.blocks["conv1"]
    assert evaluator.loss(Candidate("wide", {"conv1": replace(conv, weight=FixedPoint(60, 50))})) == IMPOSSIBLE
    assert evaluator.loss(Candidate("none", {"conv1": replace(conv, weight=None)})) == IMPOSSIBLE


@pytest.mark.parametrize("samples", [1, 15, 16, 17, 64, 150])
def test_parts_grow_and_hold_every_sample_once(samples: int) -> None:
    parts = growing_parts(samples, 16)
    assert np.concatenate(parts).tolist() == list(range(samples))
    sizes = [len(p) for p in parts]
    assert sizes[0] == min(16, samples)
    assert all(size == sum(sizes[:i]) for i, size in enumerate(sizes[1:-1], start=1))


def test_errors_are_squared_deviations_from_the_float_network(plan: Plan) -> None:
    from hlsq.emulate.emulator import Emulator
    from hlsq.emulate.real import iterate_blocks

    reals = dict(iterate_blocks(GRAPH, {"image": X.astype(np.float32)}))
    seen: dict[str, float] = {}

    def loss(answer: Any, rows: Any) -> float:
        for name, value in answer.errors.items():
            seen[name] = seen.get(name, 0.0) + value
        return 0.0

    with Evaluator(
        GRAPH,
        plan,
        {"image": X},
        loss=loss,
        parts=lambda outputs: growing_parts(len(X)),
        alternatives=[["conv1"]],
        reals=reals,
        resources=Resources(),
    ) as evaluator:
        candidate = candidates(plan)[0]
        seen.clear()
        evaluator.loss(candidate)
    network = quantize_graph(GRAPH, changed(plan, candidate))
    blocks = Emulator(network).run(X, trace=True).blocks
    assert set(seen) == {"conv1", "conv2", "pool", "class"}, "what lies behind the change, and nothing else"
    for name, value in seen.items():
        expected = np.square(network.formats[name].dequantize(blocks[name].astype(np.int64)) - reals[name]).sum()
        assert value == pytest.approx(expected, rel=1e-4)
