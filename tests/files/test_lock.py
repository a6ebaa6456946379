"""Locks hold between threads and processes, name their holder, and end with it."""

import fcntl
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from hlsq.errors import OutputDirError
from hlsq.files.lock import locked, release, try_lock

HOLD = """
import sys, time
from hlsq.files.lock import locked
with locked(sys.argv[1], RuntimeError, "it", 0):
    print("held", flush=True)
    time.sleep(60)
"""


def hold(path: Path, wait: float = 0) -> locked:  # type: ignore[valid-type]
    return locked(path, OutputDirError, "the project", wait)


def test_another_process_is_named_and_its_end_ends_it(tmp_path: Path) -> None:
    path = tmp_path / "a" / "lock"
    with subprocess.Popen([sys.executable, "-c", HOLD, path], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        message = rf"the project is being worked on by process {other.pid} on \S+ \(-c .*lock\); wait until"
        with pytest.raises(OutputDirError, match=message), hold(path):
            pass
        other.send_signal(signal.SIGKILL)
    with hold(path):
        pass


def test_one_thread_at_a_time(tmp_path: Path) -> None:
    inside, most = [], []

    def work() -> None:
        for _ in range(5):
            with hold(tmp_path / "lock", 60):
                inside.append(1)
                most.append(len(inside))
                time.sleep(0.002)
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 20


@pytest.mark.slow(3)
def test_whoever_waits_long_is_told_for_whom(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    descriptor = try_lock(tmp_path / "lock")
    assert descriptor is not None
    timer = threading.Timer(2.5, release, [descriptor])
    timer.start()
    with hold(tmp_path / "lock", 60):
        assert [r.getMessage() for r in caplog.records] == [
            "the project is being worked on by another process; waiting for that to end"
        ]
    timer.join()


def test_a_failure_inside_releases(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), hold(tmp_path / "lock"):
        1 / 0  # noqa: B018
    with hold(tmp_path / "lock"):
        pass


def test_a_forked_process_does_not_keep_it(tmp_path: Path) -> None:
    end = multiprocessing.get_context("fork").Event()
    descriptor = try_lock(tmp_path / "lock")
    assert descriptor is not None
    child = multiprocessing.get_context("fork").Process(target=end.wait, args=(60,))
    child.start()
    os.close(descriptor)  # as if this process had been killed
    try:
        with hold(tmp_path / "lock", 10):
            pass
    finally:
        end.set()
        child.join()


def test_a_deleted_lock_locks_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its holder may delete it between another one's opening and locking it, who would then lock a file of no name."""
    path, flock = tmp_path / "lock", fcntl.flock

    def deleted_before(descriptor: int, kind: int) -> None:
        monkeypatch.setattr(fcntl, "flock", flock)
        path.unlink()
        flock(descriptor, kind)

    monkeypatch.setattr(fcntl, "flock", deleted_before)
    with hold(path, 10), pytest.raises(OutputDirError, match="being worked on"), hold(path):
        pass


def test_no_folder_for_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    message = "cannot lock the project with '.*lock': a part of the path is no folder"
    with pytest.raises(OutputDirError, match=message), hold(tmp_path / "file" / "lock"):
        pass


def test_what_a_link_points_to_is_not_emptied(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("mine")
    (tmp_path / "lock").symlink_to(target)
    with pytest.raises(OutputDirError, match="it is a link"), hold(tmp_path / "lock"):
        pass
    assert target.read_text() == "mine"
