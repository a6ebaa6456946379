"""The Makefile names a missing compiler or an unsupported Python at once, and lists its targets."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MAKE = shutil.which("make")
TARGETS = {"venv", "install", "demo", "test", "test-fast", "lint", "bench", "wheel", "clean"}

pytestmark = pytest.mark.skipif(MAKE is None, reason="make is not installed")


def make(folder: Path, *arguments: str, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the repository's Makefile in ``folder``, with PATH reduced to ``path`` and no variables of an outer make."""
    for name in ("Makefile", "pyproject.toml", "setup.py"):
        if not (folder / name).exists():
            shutil.copy(ROOT / name, folder / name)
    outer = ("HLSQ_CXX", "MAKEFLAGS", "MAKELEVEL", "PYTHON", "VENV", "PYTEST_ARGS", "WORKERS", "BENCH_ARGS")
    environment = {name: value for name, value in os.environ.items() if name not in outer}
    if path is not None:
        environment["PATH"] = str(path)
    return subprocess.run(
        [str(MAKE), *arguments],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def script(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A PATH with a compiler and this Python as python3."""
    folder = tmp_path / "tools"
    folder.mkdir()
    (folder / "python3").symlink_to(sys.executable)
    script(folder / "g++", "exit 0")
    (folder / "sh").symlink_to("/bin/sh")
    return folder


def test_good_machine_passes_the_check(tmp_path: Path, tools: Path) -> None:
    result = make(tmp_path, "check", path=tools)
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""


@pytest.mark.parametrize("target", ["demo", "test", "test-fast", "lint", "bench", "wheel", "install"])
def test_missing_compiler_is_named_before_anything_happens(tmp_path: Path, tools: Path, target: str) -> None:
    (tools / "g++").unlink()
    result = make(tmp_path, target, path=tools)
    assert result.returncode != 0
    assert "no C++ compiler: 'g++'" in result.stderr
    assert "apt install g++" in result.stderr
    assert not (tmp_path / ".venv").exists()


def test_variable_names_another_compiler(tmp_path: Path, tools: Path) -> None:
    (tools / "g++").rename(tools / "clang++")
    assert make(tmp_path, "check", path=tools).returncode != 0
    (tools / "c++").symlink_to(tools / "clang++")
    assert make(tmp_path, "check", path=tools).returncode == 0


@pytest.mark.parametrize("version", ["3.9", "3.10", "3.14", "2.7"])
def test_unsupported_python_is_named_with_what_to_do(tmp_path: Path, tools: Path, version: str) -> None:
    python = script(tools / f"python{version}", f"echo {version}")
    result = make(tmp_path, "install", f"PYTHON={python}", path=tools)
    assert result.returncode != 0
    assert f"is Python {version}; hlsq needs 3.11, 3.12 or 3.13" in result.stderr
    assert "make PYTHON=python3.11" in result.stderr
    assert not (tmp_path / ".venv").exists()


def test_missing_python_is_named(tmp_path: Path, tools: Path) -> None:
    result = make(tmp_path, "install", "PYTHON=python3.77", path=tools)
    assert result.returncode != 0
    assert "'python3.77' is not on PATH" in result.stderr


def test_python_that_cannot_make_environments_is_named(tmp_path: Path, tools: Path) -> None:
    python = script(tools / "python3.11", 'case "$2" in *ensurepip*) exit 1;; *) echo 3.11;; esac')
    result = make(tmp_path, "install", f"PYTHON={python}", path=tools)
    assert result.returncode != 0
    assert "apt install python3.11-venv" in result.stderr


def test_path_with_a_space_is_named(tmp_path: Path, tools: Path) -> None:
    folder = tmp_path / "with space"
    folder.mkdir()
    result = make(folder, "check", path=tools)
    assert result.returncode != 0
    assert "contains a space" in result.stderr


def test_versions_agree_with_the_package() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    assert 'requires-python = ">=3.11,<3.14"' in text, "change the Makefile's check and this test along with it"


def test_installs_again_only_when_the_metadata_changes(tmp_path: Path, tools: Path) -> None:
    environment = tmp_path / ".venv" / "bin"
    environment.mkdir(parents=True)
    script(environment / "python", f'case "$1" in -m) echo "$@" >> log;; *) exec {sys.executable} "$@";; esac')
    script(environment / "pytest", "exit 0")
    (tools / "touch").symlink_to(str(shutil.which("touch")))
    installs = tmp_path / "log"
    for _ in range(2):
        result = make(tmp_path, "test", path=tools)
        assert result.returncode == 0, result.stderr
        assert installs.read_text().splitlines() == ["-m pip install --quiet --editable .[test,dev,rtl]"]
    later = (tmp_path / "setup.py").stat().st_mtime + 60
    os.utime(tmp_path / "setup.py", (later, later))
    assert make(tmp_path, "test", path=tools).returncode == 0
    assert len(installs.read_text().splitlines()) == 2


def test_tests_run_in_two_processes_with_the_given_arguments(tmp_path: Path, tools: Path) -> None:
    environment = tmp_path / ".venv" / "bin"
    environment.mkdir(parents=True)
    script(environment / "python", f'case "$1" in -m) ;; *) exec {sys.executable} "$@";; esac')
    script(environment / "pytest", 'printf "%s\n" "$@" > words')
    (tools / "touch").symlink_to(str(shutil.which("touch")))
    workers = ["-n", "2", "--dist", "worksteal"]
    for arguments, expected in (
        (["test"], workers),
        (["test", "PYTEST_ARGS=tests/formats -q"], [*workers, "tests/formats", "-q"]),
        (["test", "WORKERS=0"], ["-n", "0", "--dist", "worksteal"]),
        (["test-fast", "PYTEST_ARGS=-x"], [*workers, "-m", "not slow and not realdata", "-x"]),
    ):
        result = make(tmp_path, *arguments, path=tools)
        assert result.returncode == 0, result.stderr
        assert (tmp_path / "words").read_text().splitlines() == expected


def test_every_target_is_explained(tmp_path: Path) -> None:
    listed = set(re.findall(r"make ([\w-]+)", make(tmp_path, "help").stdout))
    assert listed >= TARGETS


def test_readme_names_only_targets_that_exist(tmp_path: Path) -> None:
    listed = set(re.findall(r"make ([\w-]+)", make(tmp_path, "help").stdout))
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.DOTALL)
    named = {match for block in blocks for match in re.findall(r"^make ([\w-]+)", block, flags=re.MULTILINE)}
    assert {"demo", "test", "test-fast"} <= named
    assert named <= listed


def test_ci_runs_what_the_readme_says() -> None:
    script_text = (ROOT / ".ci" / "run").read_text()
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    assert re.findall(r"^make (\w+)", script_text, flags=re.MULTILINE) == ["lint", "test"]
    assert ".ci/run         # make lint and make test" in (ROOT / "README.md").read_text()
