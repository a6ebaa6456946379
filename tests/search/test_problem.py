"""Changes that a search can make: levels, plans, bits, names."""

from dataclasses import replace

import pytest
from searching import chain, images, problem_of

from hlsq.plan import BlockPlan
from hlsq.schemes import run_scheme
from hlsq.search import Change, Problem


@pytest.fixture(scope="module")
def several() -> Problem:
    """Three convolutions from 3 to 4, 5 or 8 bits; the second one only to 8."""
    graph = chain(3, 4)
    plans = {b: run_scheme("doubleq_ef", graph, images(32, 2), code_bits=b, sweeps=0) for b in (3, 4, 5, 8)}
    levels = {n: [plans[b].blocks[n] for b in (4, 5, 8)] for n in ("conv0", "conv2")}
    levels["conv1"] = [plans[8].blocks["conv1"]]
    problem = problem_of(graph, images(64, 3))
    return replace(problem, start=plans[3], levels={name: levels[name] for name in sorted(levels)})


def test_every_wider_level_is_left(several: Problem) -> None:
    first = [Change("conv0", level) for level in (1, 2, 3)]
    last = [Change("conv2", level) for level in (1, 2, 3)]
    assert several.left([]) == [*first, Change("conv1", 1), *last]
    assert several.left([Change("conv2", 2), Change("conv1", 1)]) == [*first, Change("conv2", 3)]
    assert several.left([Change("conv0", 1), Change("conv0", 3)])[0] == Change("conv1", 1)
    assert several.left(several.everything) == []


def test_the_last_change_to_a_block_counts(several: Problem) -> None:
    plan = several.plan([Change("conv0", 1), Change("conv2", 3), Change("conv0", 2)])
    assert plan.blocks["conv0"] == several.levels["conv0"][1]
    assert plan.blocks["conv2"] == several.levels["conv2"][2]
    assert plan.blocks["conv1"] == several.start.blocks["conv1"]


def test_bits_of_the_weights(several: Problem) -> None:
    kernel = several.graph.blocks[0].kernel
    assert kernel is not None
    taken: list[Change] = []
    for level, bits in enumerate((3, 4, 5, 8)):
        assert several.weight_bits(taken, "conv0") == bits * kernel.size
        taken.append(Change("conv0", level + 1))


def test_names_tell_levels_apart_where_there_are_several(several: Problem) -> None:
    labels = [several.label(change) for change in several.left([])]
    assert labels[:4] == ["conv0 with 4 bits", "conv0 with 5 bits", "conv0 with 8 bits", "conv1"]
    assert len(set(labels)) == len(labels)


def test_the_fingerprint_tells_levels_and_ranks_apart(several: Problem) -> None:
    fewer: dict[str, list[BlockPlan]] = {name: list(levels)[-1:] for name, levels in several.levels.items()}
    problems = [several, replace(several, levels=fewer), replace(several, rank="metric_per_byte")]
    assert len({p.fingerprint for p in problems}) == 3
    assert replace(several).fingerprint == several.fingerprint
