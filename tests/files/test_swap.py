"""Many files change at once or not at all, whatever happens in between and whose files lie beside them."""

import json
import os
import shutil
from pathlib import Path

import pytest
from kills import kills, run_killed

from hlsq.errors import GraphError, OutputDirError
from hlsq.files.swap import exclusive, is_unfinished, replace_files, settled

OLD = {"a": "old", "gone/b": "old", "both/c": "old", "x": "a file that becomes a folder", "d": "same"}
NEW = {"a": "new", "deep/er/e": "new", "both/c": "new", "x/f": "new", "d": "same"}
MINE = {"mine": "mine", "both/mine.o": "mine", "deep/er/mine": "mine"}


def put(folder: Path, files: dict[str, str], earlier: dict[str, str]) -> None:
    with exclusive(folder, OutputDirError, "the folder", 0):
        replace_files(folder, files, list(earlier), OutputDirError, "the folder")


def content(folder: Path) -> dict[str, str]:
    """All files but the private ones."""
    files = [p for p in folder.rglob("*") if p.is_file() or p.is_symlink()]
    return {n: p.read_text() for p in files if not (n := str(p.relative_to(folder))).startswith(".hlsq")}


def private(folder: Path) -> list[str]:
    return sorted(p.name for p in (folder / ".hlsq").iterdir())


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: None)  # nobody pulls the plug here


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With the old files and those of somebody else."""
    folder = tmp_path / "folder"
    put(folder, OLD, {})
    for name, text in MINE.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def test_files_are_replaced_and_others_stay(folder: Path) -> None:
    assert content(folder) == OLD | MINE
    put(folder, NEW, OLD)
    assert content(folder) == NEW | MINE
    assert private(folder) == ["files.lock"]
    assert not (folder / "gone").exists(), "a folder that this empties goes away"


@pytest.mark.slow(4)
def test_a_kill_at_any_moment_leaves_the_old_or_the_new(folder: Path, tmp_path: Path) -> None:
    kept, before = tmp_path / "kept", OLD | MINE
    shutil.copytree(folder, kept)

    def prepare() -> None:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(kept, folder)

    outcomes = set()
    for at in kills(lambda: put(folder, NEW, OLD), prepare, 40):
        if at % 2:  # what comes next is a reader, who finishes what was begun, ...
            with settled(folder, GraphError, "the folder", 0):
                after = content(folder)
            assert after in (before, NEW | MINE), at
            outcomes.add("new" if after == NEW | MINE else "old")
            assert private(folder) == ["files.lock"]
        put(folder, NEW, OLD | NEW)  # ... or the same call again
        assert content(folder) == NEW | MINE, at
        assert private(folder) == ["files.lock"]
    assert outcomes == {"old", "new"}


@pytest.mark.slow(3)
def test_a_kill_while_a_folder_is_filled_for_the_first_time(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    for at in kills(lambda: put(folder, NEW, {}), lambda: shutil.rmtree(folder, ignore_errors=True), 30):
        put(folder, NEW, {})
        assert content(folder) == NEW, at
        assert private(folder) == ["files.lock"]


def test_a_kill_while_finishing_is_finished(folder: Path) -> None:
    def finish() -> None:
        with settled(folder, GraphError, "the folder", 0):
            pass

    at = next(n for n in range(200) if run_killed(lambda: put(folder, NEW, OLD), n) and is_unfinished(folder))
    for later in range(4, 40, 3):
        if not run_killed(finish, later):
            break
    assert later > 4
    finish()
    assert content(folder) == NEW | MINE, at
    assert private(folder) == ["files.lock"]


@pytest.mark.parametrize("name", ["mine", "both/mine.o", "mine/below", "both"])
def test_files_of_others_are_never_in_the_way(folder: Path, name: str) -> None:
    with pytest.raises(OutputDirError, match=r"the folder would replace '.*', which hlsq did not write; move it"):
        put(folder, {"a": "new", name: "new"}, OLD)
    assert content(folder) == OLD | MINE
    assert private(folder) == ["files.lock"]


def test_a_file_of_others_with_the_same_content_is_in_nobodys_way(folder: Path) -> None:
    put(folder, {"mine": "mine"}, OLD)
    assert content(folder) == MINE


@pytest.mark.parametrize("name", ["../outside", "/outside", "both/../../outside", ".hlsq/files.lock", ""])
def test_only_files_inside_are_deleted(folder: Path, name: str) -> None:
    outside = folder.parent / "outside"
    outside.write_text("mine")
    put(folder, NEW, {**OLD, name.replace("/outside", str(outside)) if name == "/outside" else name: ""})
    assert outside.read_text() == "mine"
    assert content(folder) == NEW | MINE


def test_a_folder_of_ours_may_be_a_link_to_another_disk(folder: Path) -> None:
    shared = Path("/dev/shm")
    if not os.access(shared, os.W_OK) or shared.stat().st_dev == folder.stat().st_dev:
        pytest.skip("no second file system")
    other = shared / f"hlsq-{os.getpid()}"
    try:
        shutil.move(folder / "both", other)
        (folder / "both").symlink_to(other)
        put(folder, NEW, OLD)
        assert (folder / "both").is_symlink()
        assert (other / "c").read_text() == "new"
        assert (other / "mine.o").read_text() == "mine"
    finally:
        shutil.rmtree(other)


def journal(folder: Path, text: str) -> None:
    """What a killed process leaves, or whoever made the folder."""
    staged = folder / ".hlsq/new"
    staged.mkdir()
    (staged / "0").write_text("theirs")
    (folder / ".hlsq/journal.json").write_text(text)


@pytest.fixture
def outside(folder: Path) -> Path:
    """A folder with a file, and a link to it in ``folder``."""
    outside = folder.parent / "outside"
    (outside / "new").mkdir(parents=True)
    (outside / "new/file").write_text("mine")
    (folder / "link").symlink_to(outside / "new")
    return outside


@pytest.mark.parametrize(
    "plan", [{"remove": ["link/file"], "move": {}}, {"remove": [], "move": {"0": "link/file"}}], ids=["remove", "move"]
)
def test_a_journal_reaches_nothing_behind_a_link_out_of_the_folder(
    folder: Path, outside: Path, plan: dict[str, object]
) -> None:
    journal(folder, json.dumps(plan))
    with pytest.raises(GraphError, match="'link/file' of it lies behind a link"), settled(folder, GraphError, "it", 0):
        pass
    assert (outside / "new/file").read_text() == "mine"


def test_the_private_folder_is_no_link(folder: Path, outside: Path) -> None:
    shutil.rmtree(folder / ".hlsq")
    (folder / ".hlsq").symlink_to(outside)
    with pytest.raises(GraphError, match="is a link, which hlsq did not make"), settled(folder, GraphError, "it", 0):
        pass
    assert [str(p.relative_to(outside)) for p in sorted(outside.rglob("*"))] == ["new", "new/file"]


def test_files_behind_a_link_out_of_the_folder_are_not_deleted(folder: Path, outside: Path) -> None:
    put(folder, NEW, {**OLD, "link/file": ""})
    assert (outside / "new/file").read_text() == "mine"


@pytest.mark.parametrize(
    "text",
    [
        '{"remove": ["a\\u0000b"], "move": {}}',
        '{"remove": ["\\ud800"], "move": {}}',
        '{"remove": [], "move": {"0": "\\ud800"}}',
        "[" * 100_000,
    ],
    ids=["zero byte", "removed surrogate", "moved surrogate", "deep"],
)
def test_a_damaged_journal_is_an_error_of_ours(folder: Path, text: str) -> None:
    journal(folder, text)
    with pytest.raises(GraphError, match=r"journal.json' is damaged"), settled(folder, GraphError, "it", 0):
        pass


def test_the_working_directory_stays_itself(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    put(Path("."), NEW, OLD)
    assert content(Path.cwd()) == NEW | MINE
    assert os.path.samestat(os.stat("."), folder.stat())


def test_a_reader_writes_nothing(tmp_path: Path) -> None:
    with settled(tmp_path, GraphError, "the folder", 0):
        assert list(tmp_path.iterdir()) == []


def test_a_damaged_journal_is_named(folder: Path) -> None:
    (folder / ".hlsq" / "journal.json").write_text("{")
    with pytest.raises(OutputDirError, match=r"journal\.json' is damaged.*delete it"):
        put(folder, NEW, OLD)
