"""The folder of an exploration: what is not computed again, what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from exploring import SCHEMES, Case
from numpy.typing import NDArray

import hlsq
from hlsq.errors import HlsqError, OutputDirError, SearchError
from hlsq.exploration import Exploration, steps, tasks
from hlsq.exploration.store import MARKER
from hlsq.files.checksums import content_checksum
from hlsq.plan import Plan

WORK = ("plan_of", "measure_of", "design_of")


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the computations that an exploration does."""
    done: list[str] = []

    def counting(name: str, function: Callable[..., object], *given: object) -> object:
        done.append(name)
        return function(*given)

    for name in WORK:
        monkeypatch.setattr(steps, name, partial(counting, name, getattr(steps, name)))
    return done


def test_what_is_known_is_not_computed_again(
    case: Case, found: Exploration, tmp_path: Path, counted: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "measure", lambda graph: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        case.explore(output_dir=tmp_path)
    assert counted == ["plan_of", "plan_of", "measure_of"]
    monkeypatch.undo()
    assert case.explore(output_dir=tmp_path) == found
    assert len(list((tmp_path / "results").iterdir())) == 2 + 2 + 6


@pytest.mark.parametrize(
    ("change", "again"),
    [
        ({}, {}),
        ({"targets": ["reuse=4", "interval=700"]}, {"design_of": 1}),
        ({"schemes": ["quant8", "doubleq"]}, {"plan_of": 1, "measure_of": 1, "design_of": 1}),
        ({"clock_period": 4.0}, {"design_of": 1}),
        ({"parts": ["xc7z020"]}, {"design_of": 1}),
        ({"evaluation": None}, {"measure_of": 1}),
    ],
)
def test_what_changes_is(
    case: Case, tmp_path: Path, counted: list[str], change: dict[str, object], again: dict[str, int]
) -> None:
    given = {"schemes": ["quant8"], "targets": ["reuse=4"], "output_dir": tmp_path}
    case.explore(**given)  # type: ignore[arg-type]
    counted.clear()
    found = case.explore(**(given | change))  # type: ignore[arg-type]
    assert {name: counted.count(name) for name in set(counted)} == again
    assert found == case.explore(**(given | change | {"output_dir": None}))  # type: ignore[arg-type]


def test_other_samples_and_weights_make_other_plans(case: Case, tmp_path: Path, counted: list[str]) -> None:
    given = {"schemes": ["quant8"], "targets": ["reuse=4"], "output_dir": tmp_path}
    case.explore(**given)  # type: ignore[arg-type]
    counted.clear()
    case.explore(**given, calibration=case.x[:39])  # type: ignore[arg-type]
    assert counted.count("plan_of") == 1
    kernel = case.graph.blocks[0].kernel
    assert kernel is not None
    kernel[0] += 1
    try:
        counted.clear()
        case.explore(**given)  # type: ignore[arg-type]
    finally:
        kernel[0] -= 1
    assert counted == ["plan_of", "measure_of", "design_of"]


class Tensor:
    """As of other libraries: its representation tells little."""

    def __init__(self, values: NDArray[Any]) -> None:
        self.values = values

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.asarray(self.values, dtype)

    def __repr__(self) -> str:
        return "<Tensor>"


def test_tensors_are_known_by_their_values(case: Case, tmp_path: Path, counted: list[str]) -> None:
    for times in (1.0, 0.1, 1.0):
        case.explore(["quant8"], ["reuse=4"], calibration=Tensor(case.x[:40] * times), output_dir=tmp_path)
    assert counted.count("plan_of") == 2


@pytest.mark.parametrize("there", ["nothing", "folder", "exploration"])
@pytest.mark.parametrize("given", [{"calibration": None}, {"calibration": np.zeros((3, 5, 5, 2))}, {"evaluation": 3}])
def test_what_cannot_begin_leaves_nothing_behind(case: Case, tmp_path: Path, there: str, given: dict[str, Any]) -> None:
    folder = tmp_path / "above" / "out"
    if there != "nothing":
        folder.mkdir(parents=True)
    if there == "exploration":
        case.explore(["quant8"], ["reuse=4"], output_dir=folder)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(HlsqError, match=r"calibration|input 'image'|evaluation"):
        case.explore(["doubleq"], ["reuse=4"], output_dir=folder, **given)
    assert sorted(tmp_path.rglob("*")) == before


def test_the_folder_has_page_json_and_plans(case: Case, found: Exploration, tmp_path: Path) -> None:
    assert case.explore(output_dir=tmp_path) == found
    assert (tmp_path / "exploration.html").read_text(encoding="utf-8") == found.to_html()
    assert json.loads((tmp_path / "exploration.json").read_text()) == found.to_dict()
    assert sorted(path.name for path in (tmp_path / "plans").iterdir()) == [
        "doubleq_ef_code_bits_3.json",
        "quant8.json",
    ]
    plan = Plan.load(tmp_path / "plans" / "doubleq_ef_code_bits_3.json")
    assert plan.to_dict() == hlsq.quantize(case.graph, calibration=case.x[:40], **SCHEMES[1]).to_dict()  # type: ignore[arg-type]


def test_names_that_no_file_system_takes(case: Case, tmp_path: Path) -> None:
    plan = hlsq.quantize(case.graph, "quant8", case.x[:20])
    names = ["../../up", "a_3", "a", "a/b", "a:b", "a!", "A", "\x1b[2J", "..", "x" * 300]
    case.explore(dict.fromkeys(names, plan), ["reuse=4"], output_dir=tmp_path / "in")
    assert [path.name for path in tmp_path.iterdir()] == ["in"]
    assert len({path.name.lower() for path in (tmp_path / "in" / "plans").iterdir()}) == len(names)


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda text: text[: len(text) // 2], "is not JSON"),
        (lambda text: "", "is not JSON"),
        (
            lambda text: text.replace('"hlsq_result": 1', '"hlsq_result": 2'),
            "not a result of an exploration of version 1",
        ),
        (lambda text: text.replace('"weight_bits": ', '"weight_bits": 1'), "not as hlsq wrote it"),
        (lambda text: text.replace('"scheme": "quant8"', '"scheme": "quant9"'), "not as hlsq wrote it"),
        (lambda text: text.replace('"lut": ', '"lut": 9'), "not as hlsq wrote it"),
        (lambda text: text.replace('"content"', '"contents"'), "'content' is missing"),
    ],
)
def test_a_damaged_file_is_refused_with_the_remedy(
    case: Case, tmp_path: Path, damage: Callable[[str], str], told: str
) -> None:
    def explore() -> Exploration:
        return case.explore(["quant8"], ["reuse=4"], output_dir=tmp_path)

    whole = explore()
    damaged = [path for path in (tmp_path / "results").iterdir() if damage(path.read_text()) != path.read_text()]
    assert damaged
    path = damaged[0]
    path.write_text(damage(path.read_text()))
    with pytest.raises(SearchError, match=told) as error:
        explore()
    assert str(path) in str(error.value)
    assert "delete it, and its result is computed again" in str(error.value)
    path.unlink()
    assert explore() == whole


@pytest.mark.parametrize("value", [None, "", -1, [], {}])
@pytest.mark.parametrize("change", ["all", "new", "none"])
def test_what_no_result_can_hold_is_refused_with_the_remedy(
    case: Case, tmp_path: Path, change: str, value: object
) -> None:
    """As of a version in which results had other fields: the checksum is right."""

    def explore() -> Exploration:
        return case.explore(["quant8"], ["reuse=4", "interval=1"], output_dir=tmp_path)

    whole = explore()
    for path in (tmp_path / "results").iterdir():
        text = path.read_text()
        data = json.loads(text)
        known = data["content"]
        data["content"] = {"all": dict.fromkeys(known, value), "new": {**known, "<b>": value}, "none": {}}[change]
        data["checksum"] = content_checksum(data["content"])
        path.write_text(json.dumps(data))
        with pytest.raises(SearchError, match=r"content.*; restore the file, or delete it") as error:
            explore()
        assert str(path) in str(error.value)
        path.write_text(text)
    assert explore() == whole


def test_a_result_under_another_name_is_refused(case: Case, tmp_path: Path) -> None:
    case.explore(["quant8"], ["reuse=4"], output_dir=tmp_path)
    first, second, *_ = sorted((tmp_path / "results").iterdir())
    first.write_bytes(second.read_bytes())
    with pytest.raises(SearchError, match="not as hlsq wrote it"):
        case.explore(["quant8"], ["reuse=4"], output_dir=tmp_path)


def test_folders_of_others_are_refused(case: Case, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("precious")
    with pytest.raises(OutputDirError, match=r"holds files that hlsq explore did not write .*choose an empty or new"):
        case.explore(output_dir=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    with pytest.raises(OutputDirError, match="is no folder to write to"):
        case.explore(output_dir=tmp_path / "mine.txt")
    for wrong in ("", 7):
        with pytest.raises(OutputDirError, match="is no path; choose a folder"):
            case.explore(output_dir=wrong)


@pytest.mark.parametrize("content", ["mine", "[]", "{}", '{"hlsq_exploration": 2}', '{"hlsq_exploration": true}'])
def test_the_mark_of_others_is_refused_and_kept(case: Case, tmp_path: Path, content: str) -> None:
    precious, folder = tmp_path / "precious.json", tmp_path / "out"
    precious.write_text(content)
    folder.mkdir()
    (folder / MARKER).symlink_to(precious)
    with pytest.raises(OutputDirError, match=f"{MARKER}.*; choose an empty or new folder"):
        case.explore(output_dir=folder)
    assert precious.read_text() == content
    assert [path.name for path in folder.iterdir()] == [MARKER]


def test_a_process_that_was_killed_as_it_began_has_left_nothing_in_the_way(case: Case, tmp_path: Path) -> None:
    (tmp_path / f".{MARKER}.hlsq-new").write_text("{")
    case.explore(["quant8"], ["reuse=4"], output_dir=tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *("exploration.html", "exploration.json", MARKER, "plans", "results")
    ]


def test_several_explorations_begin_in_one_folder(case: Case, tmp_path: Path) -> None:
    """Each sees the other's files at every moment of their making."""
    plan = {"mine": hlsq.quantize(case.graph, "quant8", case.x[:20])}
    for number in range(3):
        with ThreadPoolExecutor(8) as executor:
            folder = tmp_path / str(number)
            found = list(executor.map(lambda _, f=folder: case.explore(plan, ["reuse=4"], output_dir=f), range(8)))
        assert all(one == found[0] for one in found)
        assert not list(folder.rglob(".*"))
