"""What goes to standard error: errors, long steps on a terminal, and nothing of TensorFlow's."""

from __future__ import annotations

import errno
import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from hlsq.cli.console import Explained, echo, step
from hlsq.cli.quiet import stderr_held_back


@pytest.mark.slow(5)
def test_installed_command_prints_one_line_for_an_error_and_nothing_else(tmp_path: Path) -> None:
    """In a process of its own, where TensorFlow would greet with a page of notes."""
    (tmp_path / "model.keras").write_text("nothing")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TF_")}
    result = subprocess.run(
        [sys.executable, "-m", "hlsq.cli", "quantize", "model.keras", "--calibration", "digits"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1


def test_what_was_held_back_is_shown_after_an_exception(capfd: pytest.CaptureFixture[str]) -> None:
    with stderr_held_back():
        os.write(2, b"noise\n")
    assert capfd.readouterr().err == ""

    def broken_import() -> None:
        with stderr_held_back():
            os.write(2, b"cannot load libtensorflow\n")
            raise ImportError

    with pytest.raises(ImportError):
        broken_import()
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "cannot load libtensorflow\nafter\n"


def test_long_steps_are_named_on_a_terminal_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with step("Compiling"):
        pass
    assert capsys.readouterr() == ("", "")
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with step("Compiling"):
        pass
    out, err = capsys.readouterr()
    assert out == ""
    assert re.fullmatch(r"Compiling ...\nCompiling: \d+\.\d s\n", err)


class Full(io.StringIO):
    """Standard output in a file on a full disk."""

    def write(self, text: str) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_no_room_for_what_is_printed_is_an_error_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout", Full())
    with pytest.raises(Explained, match="cannot write to standard output: No space left on device"):
        echo("text")
    monkeypatch.undo()


def test_steps_pass_without_standard_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", None)
    with step("Compiling"), stderr_held_back():
        pass
