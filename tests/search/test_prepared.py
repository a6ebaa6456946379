"""Plans made before a search begins are made once, whatever ends the process that makes them."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from kills import kills
from small import small_network

from hlsq.errors import SearchError
from hlsq.plan import Plan
from hlsq.search.prepared import Prepared
from hlsq.search.state import State

PLAN = small_network()[1]
NAMES = ("3 bits", "4 bits", "8 bits")


def make_all(path: Path | None, make: Callable[[str], Plan]) -> list[Plan]:
    prepared = Prepared(path, "abc")
    return [prepared.plan(name, lambda name=name: make(name)) for name in NAMES]  # type: ignore[misc]


def test_the_file_is_there_before_the_first_plan_is_made(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    found = []

    def make(name: str) -> Plan:
        found.append(list(json.loads(path.read_text())["prepared"]["plans"]))
        return PLAN

    assert make_all(path, make) == [PLAN] * 3
    assert found == [[], ["3 bits"], ["3 bits", "4 bits"]]
    assert make_all(path, lambda name: pytest.fail("made again")) == [PLAN] * 3


def test_memory_will_do(tmp_path: Path) -> None:
    assert make_all(None, lambda name: PLAN) == [PLAN] * 3
    assert not list(tmp_path.iterdir())


def test_a_search_goes_on_in_the_same_file(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    make_all(path, lambda name: PLAN)
    state = State(path, "search")
    assert state.rounds == []
    state.references["start"] = 7
    state.finish({"name": "conv2"})
    assert make_all(path, lambda name: pytest.fail("made again")) == [PLAN] * 3
    assert State(path, "search").rounds == [{"name": "conv2"}], "and keeps what it has found"
    assert "prepared" not in State(path, "search").to_dict(), "plans do not go into a plan"


def test_that_of_another_search_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    make_all(path, lambda name: PLAN)
    text = path.read_text()
    with pytest.raises(SearchError, match=r"state\.json: prepared: it belongs to another search"):
        Prepared(path, "xyz")
    assert path.read_text() == text


def test_a_state_from_before_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    state = State(path, "search")
    state.references["start"] = 7
    state.finish({"name": "conv2"})
    make_all(path, lambda name: PLAN)
    assert State(path, "search").rounds == [{"name": "conv2"}]


@pytest.mark.parametrize("prepared", [None, 3, {}, {"plans": 3}, {"fingerprint": "abc", "plans": {"3 bits": 5}}])
def test_a_damaged_one_is_refused(tmp_path: Path, prepared: object) -> None:
    path = tmp_path / "state.json"
    path.write_text(json.dumps({"hlsq_search": 1, "prepared": prepared}))
    with pytest.raises(SearchError, match=r"no state|damaged"):
        make_all(path, lambda name: PLAN)


def test_a_kill_at_any_moment_loses_no_finished_plan(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    for at in kills(lambda: make_all(path, lambda name: PLAN), lambda: path.unlink(missing_ok=True), 20):
        kept = list(json.loads(path.read_text())["prepared"]["plans"]) if path.exists() else []
        made: list[str] = []
        assert make_all(path, lambda name: made.append(name) or PLAN) == [PLAN] * 3  # type: ignore[func-returns-value] # noqa: B023
        assert made == [name for name in NAMES if name not in kept], at
        assert [p.name for p in tmp_path.iterdir()] == ["state.json"]
