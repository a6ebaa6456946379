"""Damaged states of searches: one error that names file and place, or the result of an undisturbed search."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from damage import attempt, changed_bytes, changed_json
from searching import chain, images, predictions, problem_of

from hlsq.errors import SearchError
from hlsq.plan import Plan
from hlsq.schemes import run_scheme
from hlsq.search import GreedySearch, Problem, Settings

STATES = 130


def without_checksum(text: str) -> str:
    """As states were before they had one, so that only what they say can be judged."""
    data = json.loads(text)
    del data["checksum"]
    return json.dumps(data)


def greedy(problem: Problem, state: Path) -> list[Any]:
    with GreedySearch(problem, Settings(state=state, progress=False)) as search:
        return [search.round(number) for number in range(2)]


@pytest.mark.slow(10)
def test_states_of_greedy_searches(tmp_path: Path) -> None:
    graph = chain(3)
    problem = problem_of(graph, images(64, 3))
    state = tmp_path / "state.json"
    expected = greedy(problem, state)
    text = state.read_text()
    right = _damaged(text, state, partial(greedy, problem, state), lambda found: found == expected, 3)
    assert right < STATES / 2


@pytest.mark.slow(20)
def test_states_of_fxpqnet(tmp_path: Path) -> None:
    graph, x = chain(2), images(48, 3)
    state = tmp_path / "state.json"

    def search() -> Plan:
        given = {"evaluation": (x, predictions(graph, x)), "max_drop": 0.2, "max_reductions": 1, "forward": True}
        return run_scheme("fxpqnet", graph, images(16, 1), progress=False, state=state, competition="lazy", **given)

    expected = search()
    assert _damaged(state.read_text(), state, search, lambda found: found.blocks == expected.blocks, 4) < STATES / 2


def _damaged(text: str, state: Path, search: Any, same: Any, stream: int) -> int:
    """How many of many damaged states with a checksum gave the right result; those without must only end well."""
    right = 0
    for number in range(STATES):
        rng = np.random.default_rng([stream, number])
        plain = without_checksum(text) if number % 2 else text
        damaged = changed_json(rng, plain).encode() if rng.random() < 0.8 else changed_bytes(rng, plain.encode())
        state.write_bytes(damaged)
        where = f"seed [{stream}, {number}], {state}:\n{damaged[:20000]!r}"
        found = attempt(search, (SearchError,), [state], where)
        if found is not None and number % 2 == 0:
            assert same(found), where
            right += 1
    return right
