"""Finding and running programs, with an executable that records its arguments as the only stand-in."""

from __future__ import annotations

import errno
import io
import json
import os
import sys
import time
from pathlib import Path

import pytest

from hlsq import toolchain
from hlsq.errors import HlsqError, ToolFailedError, ToolNotFoundError

RECORDER = """#!{python}
import json, os, sys
record = {{"argv": sys.argv, "cwd": os.getcwd(), "extra": os.environ.get("EXTRA"), "stdin": sys.stdin.read()}}
with open({record!r}, "w") as file:
    json.dump(record, file)
for i in range({lines}):
    print("line", i)
print("to stderr", file=sys.stderr)
sys.exit({code})
"""


def make_tool(folder: Path, name: str, code: int = 0, lines: int = 3) -> Path:
    folder.mkdir(exist_ok=True)
    tool = folder / name
    record = str(folder / f"{name}.json")
    tool.write_text(RECORDER.format(python=sys.executable, record=record, code=code, lines=lines))
    tool.chmod(0o755)
    return tool


def record_of(tool: Path) -> dict[str, object]:
    return json.loads(tool.with_name(f"{tool.name}.json").read_text())


@pytest.fixture
def bin_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that is all of PATH, and no overriding variable."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("HLSQ_CXX", raising=False)
    monkeypatch.delenv("HLSQ_VITIS", raising=False)
    return folder


def test_compiler_of_this_machine_is_found_and_compiles(tmp_path: Path) -> None:
    if not toolchain.has_cxx():
        pytest.skip("no C++ compiler on this machine")
    source = tmp_path / "answer.cpp"
    source.write_text('#include <cstdio>\nint main() { std::printf("%d", 6 * 7); }\n')
    toolchain.run_tool([toolchain.find_cxx(), source.name, "-o", "answer"], cwd=tmp_path)
    assert toolchain.run_tool(["./answer"], cwd=tmp_path) == "42"


def test_first_of_the_known_compilers_wins(bin_dir: Path) -> None:
    other = make_tool(bin_dir, "c++")
    assert toolchain.find_cxx() == other
    first = make_tool(bin_dir, "g++")
    assert toolchain.find_cxx() == first
    assert toolchain.has_cxx()


def test_variable_overrides_the_compiler_by_path_and_by_name(bin_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_tool(bin_dir, "g++")
    elsewhere = make_tool(bin_dir.parent / "elsewhere", "clang++")
    monkeypatch.setenv("HLSQ_CXX", str(elsewhere))
    assert toolchain.find_cxx() == elsewhere
    by_name = make_tool(bin_dir, "g++-12")
    monkeypatch.setenv("HLSQ_CXX", "g++-12")
    assert toolchain.find_cxx() == by_name


def test_missing_compiler_names_both_programs_and_the_variable(bin_dir: Path) -> None:
    assert not toolchain.has_cxx()
    with pytest.raises(ToolNotFoundError, match=r"neither g\+\+ nor c\+\+ is on PATH.*HLSQ_CXX"):
        toolchain.find_cxx()


def test_variable_that_names_nothing_is_an_error_and_no_silent_fallback(
    bin_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_tool(bin_dir, "g++")
    monkeypatch.setenv("HLSQ_CXX", "/no/such/compiler")
    with pytest.raises(ToolNotFoundError, match=r"HLSQ_CXX is '/no/such/compiler'"):
        toolchain.find_cxx()


def test_file_that_may_not_be_executed_is_no_tool(bin_dir: Path) -> None:
    make_tool(bin_dir, "g++").chmod(0o644)
    if os.access(bin_dir / "g++", os.X_OK):
        pytest.skip("this user may execute any file")
    with pytest.raises(ToolNotFoundError):
        toolchain.find_cxx()


def test_vitis_run_is_preferred_to_vitis_hls(bin_dir: Path) -> None:
    old = make_tool(bin_dir, "vitis_hls")
    assert toolchain.find_vitis() == old
    new = make_tool(bin_dir, "vitis-run")
    assert toolchain.find_vitis() == new


def test_variable_overrides_vitis(bin_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_tool(bin_dir, "vitis-run")
    elsewhere = make_tool(bin_dir.parent / "Vitis", "vitis_hls")
    monkeypatch.setenv("HLSQ_VITIS", str(elsewhere))
    assert toolchain.find_vitis() == elsewhere


def test_missing_vitis_names_both_programs_and_the_variable(bin_dir: Path) -> None:
    assert not toolchain.has_vitis()
    with pytest.raises(ToolNotFoundError) as caught:
        toolchain.find_vitis()
    for word in ("vitis-run", "vitis_hls", "HLSQ_VITIS"):
        assert word in str(caught.value)
    assert isinstance(caught.value, HlsqError)


def test_vitis_variable_must_name_one_of_the_two_programs(bin_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HLSQ_VITIS", str(make_tool(bin_dir, "vivado")))
    with pytest.raises(ToolNotFoundError, match="vitis-run or vitis_hls"):
        toolchain.find_vitis()


@pytest.mark.parametrize(
    ("name", "arguments"),
    [("vitis-run", ["--mode", "hls", "--tcl", "build_prj.tcl"]), ("vitis_hls", ["-f", "build_prj.tcl"])],
)
def test_command_line_that_vitis_receives(bin_dir: Path, name: str, arguments: list[str]) -> None:
    tool = make_tool(bin_dir, name)
    project = bin_dir.parent / "project"
    project.mkdir()
    toolchain.run_tool(toolchain.vitis_command(toolchain.find_vitis(), "build_prj.tcl"), cwd=project)
    record = record_of(tool)
    assert record["argv"] == [str(tool), *arguments]
    assert record["cwd"] == str(project)


def test_command_line_of_another_program_is_refused() -> None:
    with pytest.raises(ToolNotFoundError, match="vivado"):
        toolchain.vitis_command("/opt/vivado", "build_prj.tcl")


def test_run_returns_and_logs_both_streams_and_passes_the_environment(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    tool = make_tool(tmp_path / "tools", "tool")
    printed = toolchain.run_tool([tool, "a b", "$HOME"], cwd=tmp_path, log_file="run.log", env={"EXTRA": "yes"})
    assert "line 2\n" in printed
    assert "to stderr\n" in printed
    assert (tmp_path / "run.log").read_text() == printed
    record = record_of(tool)
    assert record["argv"] == [str(tool), "a b", "$HOME"], "no shell may touch the arguments"
    assert record["extra"] == "yes"
    assert record["stdin"] == "", "a tool that asks a question must not wait for the terminal"
    assert capfd.readouterr().out == "", "quiet unless asked to stream"


def test_stream_copies_to_standard_output(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    toolchain.run_tool([make_tool(tmp_path, "tool")], cwd=tmp_path, stream=True)
    assert "line 0\nline 1\nline 2\n" in capsys.readouterr().out


class Full(io.StringIO):
    """Standard output in a file on a full disk."""

    def write(self, text: str) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("stream", [None, Full()])
def test_a_program_goes_on_where_nobody_takes_what_it_prints(
    stream: io.StringIO | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout", stream)
    output = toolchain.run_tool([make_tool(tmp_path, "tool", lines=30)], cwd=tmp_path, log_file="log", stream=True)
    monkeypatch.undo()
    assert (tmp_path / "log").read_text() == output
    assert len(output.splitlines()) >= 30


def test_failure_names_command_code_log_and_only_the_last_lines(tmp_path: Path) -> None:
    tool = make_tool(tmp_path, "tool", code=3, lines=100)
    with pytest.raises(ToolFailedError) as caught:
        toolchain.run_tool([tool, "--flag"], cwd=tmp_path, log_file="run.log")
    message = str(caught.value)
    assert f"{tool} --flag" in message
    assert "exit code 3" in message
    assert str(tmp_path / "run.log") in message
    assert "line 99" in message
    assert "line 10\n" not in message
    assert "line 10\n" in (tmp_path / "run.log").read_text()


def test_program_or_folder_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(ToolNotFoundError, match="no-such-program"):
        toolchain.run_tool(["no-such-program"], cwd=tmp_path)
    with pytest.raises(ToolNotFoundError, match="nowhere"):
        toolchain.run_tool(["sh", "-c", "true"], cwd=tmp_path / "nowhere")


@pytest.mark.slow(4)
def test_timeout_stops_the_program_and_its_children(tmp_path: Path) -> None:
    # The child would write the file seconds later, and holds the pipe open meanwhile.
    start = time.monotonic()
    with pytest.raises(ToolFailedError, match=r"more than 0\.3 s"):
        toolchain.run_tool(["sh", "-c", "(sleep 3; touch survived) & wait"], cwd=tmp_path, timeout=0.3)
    assert time.monotonic() - start < 2.9
    time.sleep(max(0.0, 3.5 - (time.monotonic() - start)))
    assert not (tmp_path / "survived").exists()
