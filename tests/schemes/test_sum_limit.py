"""FxP-QNet's search with accumulators of few bits."""

from __future__ import annotations

from pathlib import Path

import pytest
from designing import design, judges, small_network, whole_search

from hlsq.errors import OptionError, SearchError
from hlsq.graph.lowering import quantize_graph
from hlsq.graph.sums import edge_layers, partial_sums
from hlsq.plan import Plan


def longest_inner_sum(plan: Plan) -> int:
    """Bits, with their sign."""
    graph = quantize_graph(small_network(), plan)
    inner = [b for b in graph.blocks if b.weights is not None and b.name not in edge_layers(graph)]
    assert inner
    sums = [partial_sums(graph, block) for block in inner]
    return max(found.width + (not found.signed) for found in sums)


@pytest.mark.slow(5)
def test_no_sum_is_longer_than_allowed_and_a_search_goes_on_where_it_ended(tmp_path: Path) -> None:
    free = longest_inner_sum(whole_search())
    limit = free - 1
    found = design(small_network(), judges(), sum_bits=limit)
    assert longest_inner_sum(found) <= limit
    assert found.info["result"]["drop"] <= 0.05
    assert found.options["sum_bits"] == limit
    state = tmp_path / "state.json"
    design(small_network(), judges(), sum_bits=limit, max_reductions=2, state=state)
    again = design(small_network(), judges(), sum_bits=limit, state=state)
    assert (again.blocks, again.inputs) == (found.blocks, found.inputs)
    with pytest.raises(SearchError):
        design(small_network(), judges(), state=state)


@pytest.mark.slow(3)
def test_sums_that_no_allowed_reduction_makes_short_enough_are_refused() -> None:
    with pytest.raises(SearchError, match=r"sum_bits=2: sums of .* needs \d+ bits at the shortest words"):
        design(small_network(), judges(), sum_bits=2)


def test_sum_bits_are_a_number_of_bits() -> None:
    with pytest.raises(OptionError, match="sum_bits"):
        design(small_network(), judges(), sum_bits=40)
