"""What happened to a written project: a fault of its data is an error, a change of its C++ is the user's right."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small import small_network

import hlsq
from hlsq.backends.vitis.integrity import check_design, edited_files
from hlsq.errors import GraphError, HlsqError, PlanError
from hlsq.files.checksums import content_checksum

Data = dict[str, Any]


@pytest.fixture
def folder(project: hlsq.HardwareModel) -> Path:
    return project.output_dir


def edit(path: Path, change: Callable[[Data], object]) -> None:
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data, indent=1) + "\n")


def without_checksums(folder: Path) -> None:
    """As projects were before there were checksums."""
    edit(folder / "hlsq_project.json", lambda d: d.pop("checksums"))


def test_an_untouched_project_loads(folder: Path) -> None:
    assert edited_files(folder) == []
    loaded = hlsq.load_project(folder)
    assert loaded.plan is not None
    without_checksums(folder)
    assert hlsq.load_project(folder).graph.outputs == loaded.graph.outputs
    assert edited_files(folder) == []


# None of these changes contradicts anything else in the file.
QUIET: dict[str, Callable[[Data], object]] = {
    "graph.json": lambda d: d.update(name="other"),
    "plan.json": lambda d: d["blocks"]["class"]["weight"].update(scale=0.5),
    "deviations.json": lambda d: d["sum"].update(values=10**6),
}


@pytest.mark.parametrize("name", QUIET)
def test_quiet_changes_of_data_are_noticed(folder: Path, name: str) -> None:
    edit(folder / name, QUIET[name])
    with pytest.raises(GraphError, match=re.escape(str(folder / name)) + ": not as hlsq wrote it"):
        hlsq.load_project(folder)


def test_other_weights_are_noticed(folder: Path) -> None:
    path = folder / "graph.npz"
    with np.load(path) as found:
        arrays = dict(found)
    np.savez_compressed(path, **arrays)
    hlsq.load_project(folder)  # the same integers, written in the same way
    np.savez(path, **arrays)
    with pytest.raises(
        GraphError, match=r"graph\.npz: not as hlsq wrote it \(its checksum is another\); restore it, or"
    ):
        hlsq.load_project(folder)
    without_checksums(folder)
    hlsq.load_project(folder)


def test_contradictions_name_the_place_first(folder: Path) -> None:
    edit(folder / "graph.json", lambda d: d["blocks"][-1].update(shape=[1]))
    for change in (lambda folder: None, without_checksums):
        change(folder)
        with pytest.raises(GraphError, match=r"graph\.json: blocks\[4\] \('class'\): shape: \[1\], but .* give \[3\]"):
            hlsq.load_project(folder)


def test_a_change_of_generated_files_is_allowed(folder: Path) -> None:
    for name in ("firmware/hlsq_net.cpp", "hlsq_net_test.cpp"):
        (folder / name).write_text((folder / name).read_text() + "\n")
    (folder / "build_lib.sh").unlink()
    (folder / "notes.txt").write_text("mine")
    assert hlsq.load_project(folder).graph.outputs == ("class",)
    assert sorted(edited_files(folder)) == ["firmware/hlsq_net.cpp", "hlsq_net_test.cpp"]


def test_a_project_from_before_its_part_was_checked(folder: Path) -> None:
    def earlier(marker: Data) -> None:
        options = {key: value for key, value in marker["options"].items() if key not in ("resources", "part_check")}
        marker["options"] = options | {"part": "notapart"}
        marker["checksums"]["hlsq_project.json"] = content_checksum(marker["options"])

    edit(folder / "hlsq_project.json", earlier)
    design = hlsq.load_project(folder).design
    assert design.options.part == "notapart"
    assert design.options.capacity is None
    check_design(folder, design)
    with pytest.raises(GraphError, match="of another network, or of other options"):
        check_design(folder, replace(design, options=replace(design.options, clock_period=7.0)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.update(hlsq_project=1), "not a project of hlsq of version 2 (hlsq_project 1)"),
        (lambda d: d["options"].update(clock_period=7.0), "options: not as hlsq wrote them"),
        (lambda d: d["options"].update(more=1), "options: 'more' is unknown; valid: part"),
        (lambda d: d["checksums"].pop("graph.npz"), "checksums: 'graph.npz' is missing"),
        (lambda d: d["checksums"].update({"graph.npz": 5}), "checksums.graph.npz: expected text, found 5"),
        (lambda d: d.update(files="all"), "files: expected a list, found 'all'"),
        (lambda d: d.pop("options"), "'options' is missing"),
        (lambda d: d.pop("checksums") and d["options"].update(clock_period=-1), "options: clock_period -1 must be"),
        (lambda d: d.pop("checksums") and d["options"].update(project_name=5), "options: project_name 5 must be"),
        (
            lambda d: d.pop("checksums") and d["options"].update(reuse_factor={"no": 5}),
            "options: reuse_factor: 'no' is",
        ),
        (lambda d: d.pop("checksums") and d["options"].update(word_bits=[16]), "options: word_bits [16] is unknown"),
        (lambda d: d.pop("checksums") and d["options"].update(io_type=None), "options: io_type: None is unknown"),
    ],
)
def test_a_damaged_marker(folder: Path, change: Callable[[Data], object], message: str) -> None:
    path = folder / "hlsq_project.json"
    edit(path, change)
    with pytest.raises(GraphError) as caught:
        hlsq.load_project(folder)
    assert str(caught.value).startswith(f"{path}: ")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "error", "message"),
    [
        ("deviations.json", b"\xff", GraphError, "it is not text in UTF-8"),
        ("deviations.json", b'{"sum": {"values": 1}}', GraphError, "sum: 'differing' is missing"),
        ("deviations.json", b'{"nowhere": {}}', GraphError, "'nowhere' is unknown; valid: conv/first"),
        (
            "deviations.json",
            b'{"sum": {"values": 1, "differing": 2, "largest": 1}}',
            GraphError,
            "from 0 to 1, found 2",
        ),
        ("plan.json", b"{}", PlanError, "not an hlsq plan of version 1 (no 'hlsq_plan')"),
    ],
)
def test_other_damaged_files(folder: Path, name: str, content: bytes, error: type[HlsqError], message: str) -> None:
    without_checksums(folder)
    assert (folder / name).is_file()
    (folder / name).write_bytes(content)
    with pytest.raises(error) as caught:
        hlsq.load_project(folder).stored_inputs()
    assert str(folder / name) in str(caught.value)
    assert message in str(caught.value)


def test_the_plan_of_another_network(folder: Path) -> None:
    _, plan = small_network()
    without_checksums(folder)
    (folder / "plan.json").write_text(plan.to_json().replace('"class"', '"fc"'))
    with pytest.raises(PlanError, match=r"plan\.json: blocks: 'class' is not in both plan and network"):
        hlsq.load_project(folder)


@pytest.mark.parametrize("name", ["plan.json", "deviations.json"])
def test_what_is_there_but_no_file_is_not_taken_for_missing(folder: Path, name: str) -> None:
    (folder / name).unlink(missing_ok=True)
    (folder / name).mkdir()
    with pytest.raises((PlanError, GraphError), match=name.replace(".", r"\.")):
        hlsq.load_project(folder)
