"""The file of an interrupted search."""

import json
from pathlib import Path
from typing import Any

import pytest

from hlsq.errors import SearchError
from hlsq.search.state import State


def filled(path: Path | None) -> State:
    state = State(path, "abc")
    state.references["start"] = 7
    state.record("conv1", 0, 3, 100)
    state.record("conv1", 2, 1, 100)
    state.finish({"name": "conv2", "value": 0.5})
    state.record("conv1", 1, 2, 50)
    return state


def test_everything_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    written = filled(path)
    read = State(path, "abc")
    assert read.rounds == [{"name": "conv2", "value": 0.5}]
    assert read.references == {"start": 7}
    assert read.current == {"conv1": {1: 2}}
    assert read.evaluations == 50
    assert read.to_dict() == written.to_dict()
    assert [p.name for p in tmp_path.iterdir()] == ["state.json"], "no temporary file is left"


def test_memory_will_do(tmp_path: Path) -> None:
    assert filled(None).rounds
    assert not list(tmp_path.iterdir())


def test_the_longer_search_is_taken_over() -> None:
    short, long = State(None, "abc"), filled(None)
    short.take(long.to_dict(), "a plan")
    assert short.rounds == long.rounds
    more = filled(None)
    more.finish({"name": "conv3"})
    more.take(long.to_dict(), "a plan")
    assert len(more.rounds) == 2, "but not a shorter one"


def test_that_of_another_search_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    filled(path)
    text = path.read_text()
    with pytest.raises(SearchError, match=r"state\.json.*belongs to another search"):
        State(path, "xyz")
    assert path.read_text() == text


@pytest.mark.parametrize("key", ["fingerprint", "rounds", "references", "current", "evaluations"])
@pytest.mark.parametrize("value", [None, "text", 3])
def test_a_damaged_one_is_refused(key: str, value: Any) -> None:
    data = filled(None).to_dict() | {key: value}
    if (key, value) == ("evaluations", 3):
        return
    with pytest.raises(SearchError):
        State(None, "abc").take(data, "the file")


def test_a_folder_is_no_state(tmp_path: Path) -> None:
    with pytest.raises(SearchError, match="cannot read"):
        State(tmp_path, "abc")


def test_the_file_is_always_complete(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    state = State(path, "abc")
    for part in range(50):
        state.record("conv1", part, part, 1)
        assert len(json.loads(path.read_text())["current"]["conv1"]) == part + 1
