"""Only what a change reaches is computed, and the integers are those of a full emulation."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from networks import random_network
from searching import chain, images, real_outputs

from hlsq.formats import Affine, FixedPoint, Format
from hlsq.graph import Graph
from hlsq.graph.lowering import quantize_graph
from hlsq.plan import BlockPlan, Plan
from hlsq.schemes import run_scheme
from hlsq.search import Candidate, first_base, next_base
from hlsq.search.cache import blocks_to_run, compact, reachable, worth_keeping

COUNT = 37
ROWS = np.random.default_rng(8).permutation(COUNT)[:30]


def random_inputs(graph: Graph, seed: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    return {i.name: rng.normal(size=(COUNT, *i.shape)) for i in graph.inputs}


def other_weights(plan: Plan) -> list[Candidate]:
    """One candidate for each block with weights, and one that changes two blocks."""
    weight: Format = FixedPoint(6, 4)
    names = [name for name, formats in plan.blocks.items() if formats.weight is not None]
    single = [Candidate(name, {name: replace(plan.blocks[name], weight=weight, first_level=None)}) for name in names]
    pair = single[0].changes | single[-1].changes
    return [*single, Candidate("pair", {**pair})]


@pytest.mark.parametrize("cache_bytes", [0, 2000, 2**31])
@pytest.mark.parametrize("seed", range(12))
def test_outputs_are_those_of_a_full_emulation(seed: int, cache_bytes: int) -> None:
    graph, plan = random_network(seed)
    if not any(formats.weight for formats in plan.blocks.values()):
        pytest.skip("a random network without weights")
    inputs = random_inputs(graph, seed)
    candidates = other_weights(plan)
    base, count = first_base(graph, plan, inputs, [set(c.changes) for c in candidates], cache_bytes=cache_bytes)
    assert count == COUNT * len(graph.blocks)
    for candidate in candidates:
        prepared = base.prepare(candidate)
        outputs = prepared.run(ROWS)
        expected = real_outputs(quantize_graph(graph, base.with_changes(candidate.changes)), inputs)
        assert set(outputs) == set(expected)
        for name, values in expected.items():
            np.testing.assert_array_equal(outputs[name], values[ROWS])
        if cache_bytes == 2**31:
            assert set(prepared.blocks) == reachable(base.graph, candidate.changes)
        assert prepared.evaluations(5) == 5 * len(prepared.blocks)


@pytest.mark.parametrize("cache_bytes", [0, 2000, 2**31])
@pytest.mark.parametrize("seed", range(12, 20))
def test_the_next_base_is_a_first_base(seed: int, cache_bytes: int) -> None:
    graph, plan = random_network(seed)
    if not any(formats.weight for formats in plan.blocks.values()):
        pytest.skip("a random network without weights")
    inputs = random_inputs(graph, seed)
    candidates = other_weights(plan)
    names = [set(c.changes) for c in candidates]
    base, _ = first_base(graph, plan, inputs, names, cache_bytes=cache_bytes)
    for candidate in candidates:
        moved, count = next_base(base, candidate.changes, names, cache_bytes=cache_bytes)
        fresh, whole = first_base(graph, moved.plan, inputs, names, cache_bytes=cache_bytes)
        assert count <= whole
        assert set(moved.tensors) == set(fresh.tensors)
        for name, values in fresh.tensors.items():
            np.testing.assert_array_equal(moved.tensors[name], values)


def test_a_changed_activation_format_reaches_its_readers() -> None:
    graph = chain(4, residual=True)
    plan = run_scheme("quant8", graph, images(64, 2))
    x = images(COUNT)
    coarse = replace(plan.blocks["conv1"], output=Affine(4, 0.3, signed=False))
    base, _ = first_base(graph, plan, {"image": x}, [{"conv1"}])
    found = base.prepare(Candidate("coarse", {"conv1": coarse})).run(np.arange(COUNT))["class"]
    np.testing.assert_array_equal(
        found, real_outputs(quantize_graph(graph, base.with_changes({"conv1": coarse})), x)["class"]
    )
    assert (found != base.prepare(Candidate("same", {})).run(np.arange(COUNT))["class"]).any()


def test_what_is_kept_is_really_used() -> None:
    """The comparisons above must be able to fail: wrong activations give wrong outputs."""
    graph = chain(4)
    plan = run_scheme("quant8", graph, images(64, 2))
    base, _ = first_base(graph, plan, {"image": images(COUNT)}, [{"conv3"}])
    candidate = Candidate("last", {"conv3": BlockPlan(FixedPoint(6, 4), output=plan.blocks["conv3"].output)})
    before = base.prepare(candidate).run(ROWS)["class"]
    base.tensors["conv2"][:] = 0  # type: ignore[index]
    assert (base.prepare(candidate).run(ROWS)["class"] != before).any()


def test_a_candidate_that_changes_nothing_computes_nothing() -> None:
    graph = chain(3)
    plan = run_scheme("quant8", graph, images(64, 2))
    base, _ = first_base(graph, plan, {"image": images(COUNT)})
    assert base.prepare(Candidate("same", {"conv1": plan.blocks["conv1"]})).blocks == ()


def test_activations_are_kept_compactly_and_within_the_limit() -> None:
    graph = chain(5)
    plan = run_scheme("quant8", graph, images(64, 2))
    network = quantize_graph(graph, plan)
    alternatives = [{f"conv{i}"} for i in range(5)]
    map_bytes = COUNT * 8 * 8 * 6
    base, _ = first_base(graph, plan, {"image": images(COUNT)}, alternatives)
    assert {n for n in base.tensors if n.startswith("conv")} == {"conv0", "conv1", "conv2", "conv3"}
    assert all(values.itemsize == 1 for name, values in base.tensors.items() if name != "class")
    for maps in range(5):
        kept = worth_keeping(graph, network, alternatives, COUNT, maps * map_bytes)
        assert kept == {f"conv{3 - i}" for i in range(maps)} - {"conv-1"}, "the last ones first"


def test_blocks_to_run_goes_back_to_what_is_held() -> None:
    graph = chain(5, residual=True)
    assert blocks_to_run(graph, {"conv2"}, {"image"}) == ("conv0", "conv1", "conv2")
    assert blocks_to_run(graph, {"sum2"}, {"image", "conv1"}) == ("conv2", "sum2")
    assert blocks_to_run(graph, {"sum2"}, {"image", "sum2"}) == ()
    assert reachable(graph, {"sum4"}) == {"sum4", "pool", "class"}


def test_smallest_types() -> None:
    from hlsq.graph import Interval

    cases = {(0, 255): "uint8", (-1, 127): "int8", (-1, 128): "int16", (0, 256): "uint16", (-(2**40), 0): "int64"}
    for (lo, hi), name in cases.items():
        assert compact(Interval(lo, hi)).name == name
