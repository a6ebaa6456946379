"""Ctrl-C and SIGTERM at any moment: no traceback, the shell's exit code, nothing left behind."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from hlsq.cli.console import ExplainedGroup
from hlsq.cli.interrupts import ended_at_once

HLSQ = Path(sys.executable).with_name("hlsq")


@pytest.fixture(autouse=True)
def children_listen() -> Iterator[None]:
    """What a shell starts in the background ignores Ctrl-C, and so would the commands here."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_while_modules_are_imported(number: signal.Signals, code: int, tmp_path: Path) -> None:
    """NumPy stands for what takes long: this one tells when it is imported and then waits for the signal."""
    (tmp_path / "click.py").write_text("print('importing', flush=True)\nimport time\ntime.sleep(30)\n")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    with subprocess.Popen(
        [HLSQ, "--help"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "importing\n"
        process.send_signal(number)
        assert process.wait(10) == code
        assert process.stderr.read() == ""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_while_a_command_runs(number: signal.Signals, code: int, tmp_path: Path) -> None:
    source = f"""
import sys, time
from pathlib import Path
from hlsq.cli.interrupts import exit_when_terminated
import click
from hlsq.cli.console import ExplainedGroup
@click.group(cls=ExplainedGroup)
def main(): pass
@main.command()
def work():
    try:
        print("working", flush=True)
        time.sleep(30)
    finally:
        Path({str(tmp_path / "tidied")!r}).touch()
exit_when_terminated()
main(["work"])
"""
    with subprocess.Popen(
        [sys.executable, "-c", source], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "working\n"
        process.send_signal(number)
        assert process.wait(10) == code
        assert process.stderr.read() == ""
    assert (tmp_path / "tidied").exists()


def test_an_interrupted_command_says_nothing() -> None:
    @click.group(cls=ExplainedGroup)
    def main() -> None:
        pass

    @main.command()
    def work() -> None:
        raise KeyboardInterrupt

    result = CliRunner().invoke(main, ["work"])
    assert (result.exit_code, result.output) == (130, "")


def test_handlers_come_back() -> None:
    before = signal.getsignal(signal.SIGINT)
    with ended_at_once():
        assert signal.getsignal(signal.SIGINT) != before
    assert signal.getsignal(signal.SIGINT) == before
