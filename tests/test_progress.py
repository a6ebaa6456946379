"""How long work shows how far it is."""

from __future__ import annotations

import errno
import io
import threading

import pytest

from hlsq import progress
from hlsq.progress import progress_bar, track


def test_a_log_gets_a_line_now_and_then(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(progress, "LINES_APART", 0.0)

    assert list(track(range(3), "round weights", "block")) == [0, 1, 2]

    lines = capsys.readouterr().err.split("\n")
    assert lines.pop() == ""
    assert "3/3" in lines[-1]
    assert all(line.startswith("round weights: ") and "\r" not in line for line in lines), lines


def test_short_work_prints_nothing_in_a_log(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar(10, "verify", "sample") as bar:
        for number in range(10):
            bar.set_postfix_str(f"image {number}")
            bar.update()

    assert capsys.readouterr().err == ""


def test_a_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with progress_bar(10, "verify", "sample") as bar:
        assert not bar.disable
        assert not isinstance(bar, progress._Lines)

    with progress_bar(10, "verify", "sample", progress=False) as bar:
        bar.update(10)
    assert capsys.readouterr().err == ""


def test_asked_for_it_shows_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar(10, "verify", "sample", progress=True, done=4) as bar:
        bar.update(6)
        assert bar.n == 10
    assert "verify: " in capsys.readouterr().err


class Unwritable(io.StringIO):
    """What nobody reads any more, or a full disk."""

    def __init__(self, terminal: bool) -> None:
        super().__init__()
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal

    def write(self, text: str) -> int:
        raise OSError(errno.EPIPE, "broken pipe")


class Closed(io.StringIO):
    """As a terminal that has gone."""

    def __init__(self) -> None:
        super().__init__()
        self.close()


@pytest.mark.parametrize("stream", [None, Closed(), Unwritable(False), Unwritable(True)])
@pytest.mark.parametrize("asked", [None, True, False])
def test_work_goes_on_where_nobody_can_see_it(
    stream: io.StringIO | None, asked: bool | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "LINES_APART", 0.0)
    monkeypatch.setattr("sys.stderr", stream)
    done: list[int] = []
    # In two threads, as one that left the lock of all bars behind would let the other wait.
    threads = [
        threading.Thread(target=lambda: done.extend(track(range(3), "work", "step", asked)), daemon=True)
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert sorted(done) == [0, 0, 1, 1, 2, 2]
