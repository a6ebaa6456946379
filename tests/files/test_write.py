"""Files appear whole or not at all, with the permissions they had, through links, and with errors that say why."""

import os
import resource
import stat
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from hlsq.errors import OutputFileError, PlanError, ToolFailedError
from hlsq.files.write import Log, write_file

LIMIT = 2000


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    """No file of this process may become longer than ``size`` bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def write(path: Path, content: str = "new") -> None:
    write_file(path, content, OutputFileError, "the thing")


def test_text_bytes_and_missing_folders(tmp_path: Path) -> None:
    write(tmp_path / "a" / "b" / "text", "é\n")
    assert (tmp_path / "a" / "b" / "text").read_bytes() == "é\n".encode()
    write_file(tmp_path / "bytes", b"\0\1", OutputFileError, "the thing")
    assert (tmp_path / "bytes").read_bytes() == b"\0\1"
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["a", "b", "bytes", "text"], "nothing beside them"


def test_permissions_stay_and_new_files_follow_the_umask(tmp_path: Path) -> None:
    path = tmp_path / "file"
    before = os.umask(0o027)
    try:
        write(path)
        write_file(tmp_path / "run", "#!/bin/sh\n", OutputFileError, "the thing", executable=True)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert stat.S_IMODE((tmp_path / "run").stat().st_mode) == 0o750
    path.chmod(0o604)
    write(path, "newer")
    assert stat.S_IMODE(path.stat().st_mode) == 0o604


@pytest.mark.parametrize("exists", [True, False])
def test_links_are_followed_and_stay(tmp_path: Path, exists: bool) -> None:
    target, link = tmp_path / "there" / "target", tmp_path / "link"
    target.parent.mkdir()
    if exists:
        target.write_text("old")
    link.symlink_to("there/target")
    write(link)
    assert link.is_symlink()
    assert target.read_text() == "new"


def test_long_names(tmp_path: Path) -> None:
    write(tmp_path / ("n" * 255))
    assert [p.name for p in tmp_path.iterdir()] == ["n" * 255]


def test_what_a_killed_process_left_is_taken_over(tmp_path: Path) -> None:
    (tmp_path / ".file.hlsq-new").write_text("a half that is longer than the new content")
    write(tmp_path / "file")
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("file", "new")]


def test_pipes_are_written_to(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    write(pipe)
    reader.join(10)
    assert read == ["new"]
    assert pipe.is_fifo()


def test_many_writers_leave_one_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    contents = [str(number) * 5000 for number in range(8)]
    with ThreadPoolExecutor(len(contents)) as pool:
        writers = [pool.submit(lambda c=c: [write(path, c) for _ in range(10)]) for c in contents]
        while not all(writer.done() for writer in writers):
            if path.exists():
                assert path.read_text() in contents
        for writer in writers:
            writer.result()
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("earlier", ["old", None])
def test_a_failure_leaves_the_earlier_file(tmp_path: Path, earlier: str | None) -> None:
    path = tmp_path / "file"
    if earlier:
        path.write_text(earlier)
    with file_size_limit(LIMIT), pytest.raises(PlanError, match=r"cannot write the plan to '.*file': .*ulimit -f"):
        write_file(path, "x" * (LIMIT + 1), PlanError, "the plan")
    assert [p.read_text() for p in tmp_path.iterdir()] == ([earlier] if earlier else [])


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("/dev/full", "the disk is full; free some space"),
        ("/proc/none/file", "does not exist; create it"),
        ("folder", "there is a folder of that name; choose another name"),
        ("text/file", "a part of the path is no folder"),
        ("n" * 300, "the name is too long; choose a shorter one"),
        ("zero\0byte", "null"),
    ],
)
def test_errors_say_why_and_what_helps(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "text").write_text("old")
    with pytest.raises(OutputFileError, match=f"^cannot write the thing to '.*{message}"):
        write(tmp_path / name)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["folder", "text"]


def test_logs_grow_in_their_place(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with Log(path, ToolFailedError, "the log") as log:
        log.write("one\n")
        assert path.read_text() == "one\n"
        with file_size_limit(LIMIT), pytest.raises(ToolFailedError, match=r"cannot write the log to '.*log'.*ulimit"):
            log.write("x" * (LIMIT + 1))
    with pytest.raises(ToolFailedError, match="no folder"):
        Log(path / "log", ToolFailedError, "the log")


def test_a_log_is_not_written_through_a_link(tmp_path: Path) -> None:
    """Who made the folder may have put one there."""
    (tmp_path / "mine").write_text("kept")
    (tmp_path / "log").symlink_to(tmp_path / "mine")
    with pytest.raises(ToolFailedError, match=r"cannot write the log to .*log'.*link"):
        Log(tmp_path / "log", ToolFailedError, "the log")
    assert (tmp_path / "mine").read_text() == "kept"
