"""Finished rounds that a search cannot have found."""

from __future__ import annotations

from typing import Any

import pytest

from hlsq.errors import SearchError
from hlsq.search import GreedySearch, Problem
from hlsq.search.greedy import FULL, START


def given(problem: Problem, *rounds: dict[str, Any]) -> dict[str, Any]:
    """A state without checksum."""
    content = {"references": {START: 9, FULL: 1}, "rounds": list(rounds), "current": {}, "evaluations": 0}
    return {"hlsq_search": 1, "fingerprint": problem.fingerprint, **content}


def finished(problem: Problem, **changes: Any) -> dict[str, Any]:
    return {
        "index": 0,
        "name": next(iter(problem.levels)),
        "value": 0.5,
        "evaluations": 1,
        "plain_evaluations": 2,
    } | changes


def test_what_could_be_is_taken(problem: Problem) -> None:
    with GreedySearch(problem, earlier=given(problem, finished(problem))) as search:
        found = search.round(0)
    assert found is not None
    assert found.value == 0.5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"index": 1}, "rounds[0].index: expected a whole number from 0 to 0, found 1"),
        ({"name": "nowhere"}, "rounds[0].name: expected one of "),
        ({"name": ["a"]}, "rounds[0].name: expected one of "),
        ({"value": "0.5"}, "rounds[0].value: expected a finite number"),
        ({"level": 2}, "rounds[0].level: expected a whole number from 1 to 1, found 2"),
        ({"level": True}, "rounds[0].level: expected a whole number"),
        ({"evaluations": -1}, "rounds[0].evaluations: expected a whole number"),
        ({"more": 1}, "rounds[0]: 'more' is unknown"),
    ],
)
def test_what_could_not_be_is_refused(problem: Problem, change: dict[str, Any], message: str) -> None:
    with pytest.raises(SearchError) as caught:
        GreedySearch(problem, earlier=given(problem, finished(problem, **change)))
    assert str(caught.value).startswith("the plan to continue from: ")
    assert message in str(caught.value)


def test_a_level_is_taken_once(problem: Problem) -> None:
    with pytest.raises(SearchError, match=r"rounds\[1\]: round 2 gives .* a level that it has already"):
        GreedySearch(problem, earlier=given(problem, finished(problem), finished(problem)))


def test_a_part_that_there_is_not(problem: Problem) -> None:
    state = given(problem) | {"current": {next(iter(problem.levels)): {"99": 3}}}
    with GreedySearch(problem, earlier=state) as search, pytest.raises(SearchError, match=r"part 99 of \d+ \(from 0\)"):
        search.round(0)
