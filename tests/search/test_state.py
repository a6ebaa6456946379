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


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.update(hlsq_search=2), "not a state of a search of version 1 (hlsq_search 2)"),
        (lambda d: d["references"].update(start=float("nan")), "references.start: NaN, an infinity"),
        (lambda d: d["references"].update(start="7"), "references.start: expected a finite number, found '7'"),
        (lambda d: d["rounds"].append(5), "rounds[1]: expected an object, found 5"),
        (lambda d: d["current"]["conv1"].update(x=1), "current.conv1: expected whole numbers as keys, found 'x'"),
        (lambda d: d["current"]["conv1"].update({"1": True}), "current.conv1.1: expected a finite number, found True"),
        (lambda d: d.update(evaluations=-1), "evaluations: expected a whole number from 0 to"),
        (lambda d: d.update(more=1), "'more' is unknown"),
        (lambda d: d.update(checksum=[]), "checksum: expected text"),
        (lambda d: d["references"].update(start=8), "not as hlsq wrote it (its checksum is another)"),
        (lambda d: d["rounds"][0].update(value=0.75), "not as hlsq wrote it (its checksum is another)"),
    ],
)
def test_a_damaged_file_names_the_place(tmp_path: Path, change: Any, message: str) -> None:
    path = tmp_path / "state.json"
    filled(path)
    data = json.loads(path.read_text())
    change(data)
    path.write_text(text := json.dumps(data))
    with pytest.raises(SearchError) as caught:
        State(path, "abc")
    assert str(caught.value).startswith(f"{path}: ")
    assert message in str(caught.value)
    assert path.read_text() == text, "the file is kept"


def test_a_state_from_before_there_were_checksums(tmp_path: Path) -> None:
    data = filled(None).to_dict()
    del data["checksum"]
    state = State(None, "abc")
    state.take(data, "the file")
    assert state.to_dict() == filled(None).to_dict()


def test_a_folder_is_no_state(tmp_path: Path) -> None:
    with pytest.raises(SearchError, match="cannot read"):
        State(tmp_path, "abc")


def test_the_file_is_always_complete(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    state = State(path, "abc")
    for part in range(50):
        state.record("conv1", part, part, 1)
        assert len(json.loads(path.read_text())["current"]["conv1"]) == part + 1
