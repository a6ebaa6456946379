"""Stages of pipelines, counted by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from flowing import several_inputs_and_outputs

from hlsq.cost import products_of, split
from hlsq.cost.estimate import Choices, PEs
from hlsq.cost.estimate.facts import Facts, facts_of
from hlsq.cost.estimate.pipeline import pipeline_depth

GRAPH = several_inputs_and_outputs()
FIRST = GRAPH.by_name["first"]  # 5 x 5 on two channels of 8 bits
FACTS = facts_of(GRAPH, FIRST)
ENDS, LINES = 2, 1


def stages(reuse: int, kind: Any = "shift", facts: Facts = FACTS, **options: Any) -> int:
    products = products_of(FIRST, GRAPH)
    assert products is not None
    return pipeline_depth(facts, FIRST, split("first", products, reuse), PEs(kind, 16), Choices(**options))


FACTOR = FACTS.requantisers[0]
assert FACTOR is not None
FINISHING = 2 + 4 * (FACTOR.factor > 0) + FACTS.bias


@pytest.mark.parametrize(
    ("reuse", "tree", "others"),
    [
        (1, 6, 0),  # 50 products, weights that never change
        (2, 6, 2),  # a row of weights, a selection or none
        (10, 4, 3),  # ten taps at a time: an accumulator
        (100, 0, 3),
    ],
)
def test_of_an_array(reuse: int, tree: int, others: int) -> None:
    chosen = split("first", products_of(FIRST, GRAPH), reuse)  # type: ignore[arg-type]
    assert (chosen.tap_block - 1).bit_length() == tree
    assert stages(reuse) == ENDS + LINES + 1 + tree + others + FINISHING


def test_dsp_slices_have_stages_of_their_own() -> None:
    assert stages(10, "multiply", multipliers="dsp") - stages(10, "multiply", multipliers="fabric") == 3 + 3 * (
        FACTS.requantisers[0] is not None and FACTS.requantisers[0].factor > 0
    )
    assert stages(10, facts=replace(FACTS, gain=12)) == stages(10) + 4
    assert stages(10, facts=replace(FACTS, gain=12), multipliers="fabric") < stages(10) + 4


def test_a_sum_of_three() -> None:
    block = GRAPH.by_name["sum"]
    facts = facts_of(GRAPH, block)
    requant = facts.requantisers[0]
    finishing = 0 if requant is None else 2 + 4 * (requant.factor > 0)
    assert pipeline_depth(facts, block, None, None, Choices(multipliers="dsp")) == ENDS + 2 + finishing
