"""How long work shows how far it is."""

from __future__ import annotations

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
        bar.update(10)

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
