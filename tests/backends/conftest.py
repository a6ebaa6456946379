"""A small residual network as a written project."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from small import small_network

import hlsq


@pytest.fixture
def samples() -> np.ndarray:
    return np.random.default_rng(5).normal(size=(20, 6, 6, 2)).astype(np.float32)


@pytest.fixture
def project(tmp_path: Path, samples: np.ndarray) -> hlsq.HardwareModel:
    graph, plan = small_network()
    return hlsq.convert(graph, plan, output_dir=tmp_path / "net", calibration=samples)


@pytest.fixture
def run_test_bench() -> Callable[..., tuple[int, str]]:
    """Builds and runs the test bench of a project in a folder; its exit code and what it printed.

    ``compiled=True`` takes the top function from the library that ``predict(ap_types=True)`` compiled of the same text.
    """

    def run(folder: Path, *flags: str, compiled: bool = False, project: str = "hlsq_net") -> tuple[int, str]:
        command = ["g++", "-fPIC", "-std=c++14", "-Ifirmware/ap_types", "-Wno-unknown-pragmas"]
        top = f"firmware/{project}-ap.so" if compiled else f"firmware/{project}.cpp"
        command += [*os.environ.get("HLSQ_CXXFLAGS", "").split(), *flags, f"{project}_test.cpp", top, "-o", "tb"]
        subprocess.run(command, cwd=folder, check=True)
        done = subprocess.run(["./tb"], cwd=folder, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    return run
