"""The commands that the projects' READMEs name run as scripts, from anywhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PROJECTS = Path(__file__).resolve().parents[2] / "projects"
SCRIPTS = sorted(path for path in PROJECTS.glob("*/*.py") if "__main__" in path.read_text(encoding="utf-8"))


def python(*arguments: str | Path, cwd: Path, data: str = "") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "HLSQ_DATA": data}
    return subprocess.run(
        [sys.executable, *map(str, arguments)], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_help(path: Path, tmp_path: Path) -> None:
    result = python(path, "--help", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith(f"Usage: {path.name} [OPTIONS]")
    assert result.stderr == ""


def test_missing_data_is_one_line(tmp_path: Path) -> None:
    missing = str(tmp_path / "nowhere")
    for name in ("resnet20_cifar10/run.py", "resnet20_cifar10/train.py", "mnist_dnn2fpga/run.py"):
        result = python(PROJECTS / name, "--output", tmp_path / "out.keras", cwd=tmp_path, data=missing)
        assert result.returncode == 1
        assert re.fullmatch(r"error: HLSQ_DATA is '.*nowhere', which is no folder.*\n", result.stderr), result.stderr


def test_every_project_explains_itself() -> None:
    folders = [path.parent for path in sorted(PROJECTS.glob("*/run.py"))]
    assert {folder.name for folder in folders} >= {"digits_doubleq", "resnet20_cifar10", "mnist_dnn2fpga"}
    for folder in folders:
        readme = (folder / "README.md").read_text()
        assert f".venv/bin/python projects/{folder.name}/run.py" in readme
        assert f"projects/{folder.name}/build" in readme
        assert not re.search(r"/(home|work|tmp|root)/", readme), "paths of one machine"
